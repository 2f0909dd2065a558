import fc from 'fast-check';
import { adler32, encodeLogHeader, encodeLogRecord, LogScanner } from '../../../src/codec/txnLog';
import type { LogEnd, LogScannerOptions } from '../../../src/codec/txnLog';
import { anyDamage, chunked, chunkSizes, damaged } from './txnArbitraries';
import { randomRuns } from '../../support/randomRuns';

/** A transaction as far as a log cares: a header with a zxid, and something. */
function txn(zxid: number, more: Buffer = Buffer.from(`transaction ${zxid}`)): Buffer {
  const header = Buffer.alloc(32);
  header.writeBigInt64BE(BigInt(zxid), 12);
  return Buffer.concat([header, more]);
}

const TXNS = Array.from({ length: 8 }, (_, index) => txn(index + 1, Buffer.alloc(index * 9, 'x')));
const RECORDS = TXNS.map(encodeLogRecord);
const logOf = (...parts: Buffer[]): Buffer => Buffer.concat([encodeLogHeader(), ...parts]);
const PADDING = Buffer.alloc(700);

function scan(
  file: Buffer,
  sizes: readonly number[] = [64],
  options?: LogScannerOptions,
): { txns: Buffer[]; offsets: number[]; end: LogEnd } {
  const scanner = new LogScanner(options);
  const records = chunked(file, sizes).flatMap((chunk) => scanner.push(chunk));
  return {
    txns: records.map(({ bytes }) => bytes),
    offsets: records.map(({ offset }) => offset),
    end: scanner.finish(),
  };
}

/** Where record `index` of RECORDS begins. */
const startOf = (index: number): number =>
  16 + RECORDS.slice(0, index).reduce((sum, { length }) => sum + length, 0);

const changed = (bytes: Buffer, at: number, change = 1): Buffer => {
  const copy = Buffer.from(bytes);
  copy[at] = copy[at]! ^ change;
  return copy;
};

describe('a transaction log', () => {
  test('comes out record by record, whatever chunks it arrives in', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 400 })), chunkSizes, (bodies, sizes) => {
        const txns = bodies.map((body, index) => txn(index + 1, Buffer.from(body)));
        const file = logOf(...txns.map(encodeLogRecord));
        const seen = scan(Buffer.concat([file, PADDING]), sizes);
        expect(seen.txns).toEqual(txns);
        expect(seen.end).toEqual({ kind: 'complete', endOffset: file.length });
        for (const [index, offset] of seen.offsets.entries()) {
          expect(file.subarray(offset + 12).indexOf(txns[index]!)).toBe(0);
        }
      }),
    );
  });

  test('is complete at a record’s end, and where nothing but zeros follow', () => {
    const whole = logOf(...RECORDS);
    for (const zeros of [0, 1, 11, 12, 13, 70_000]) {
      const { end } = scan(Buffer.concat([whole, Buffer.alloc(zeros)]));
      expect(end).toEqual({ kind: 'complete', endOffset: whole.length });
    }
    expect(scan(logOf()).end).toEqual({ kind: 'complete', endOffset: 16 });
  });

  test('is torn at the last record if that is cut anywhere, with zeros after it or not', () => {
    const last = RECORDS[7]!;
    for (let kept = 1; kept < last.length; kept += 1) {
      const cut = last.subarray(0, kept);
      if (cut.every((byte) => byte === 0)) continue;
      for (const tail of [Buffer.alloc(0), PADDING]) {
        const { txns, end } = scan(logOf(...RECORDS.slice(0, 7), cut, tail));
        expect(end).toMatchObject({ kind: 'torn', offset: startOf(7) });
        expect(txns).toEqual(TXNS.slice(0, 7));
      }
    }
  });

  test('is torn too where the last record is whole but damaged: nothing sound is lost behind it', () => {
    const file = logOf(...RECORDS.slice(0, 7), changed(RECORDS[7]!, 20), PADDING);
    expect(scan(file).end).toEqual({
      ...{ kind: 'torn', offset: startOf(7), reason: 'a checksum that does not fit' },
    });
  });

  test.each([
    ['its checksum', 5, 1],
    ['the upper half of its checksum', 1, 1],
    ['its length, made shorter', 11, 1],
    ['its length, made longer than the file', 9, 1],
    ['its length, made negative', 8, 0x80],
    ['its transaction', 30, 4],
    ['its end mark', -1, 0x42],
  ])('is corrupt where a record in the middle is damaged in %s', (_, at, change) => {
    const record = RECORDS[3]!;
    const broken = changed(record, at < 0 ? record.length + at : at, change);
    const file = logOf(...RECORDS.slice(0, 3), broken, ...RECORDS.slice(4), PADDING);
    for (const sizes of [[1], [64], [5000]]) {
      const { txns, end } = scan(file, sizes);
      expect(end).toMatchObject({ kind: 'corrupt', offset: startOf(3), resumesAt: startOf(4) });
      expect(txns).toEqual(TXNS.slice(0, 3));
    }
  });

  test('is corrupt where zeros took the place of records and sound ones follow', () => {
    for (const zeros of [RECORDS[3]!.length, 9_000]) {
      const file = logOf(...RECORDS.slice(0, 3), Buffer.alloc(zeros), ...RECORDS.slice(4));
      expect(scan(file).end).toMatchObject({
        ...{ kind: 'corrupt', offset: startOf(3), resumesAt: startOf(3) + zeros },
      });
    }
  });

  test('is torn where the preallocated space holds something that is no record', () => {
    const file = logOf(...RECORDS, PADDING, Buffer.from('what?'), PADDING);
    expect(scan(file).end).toMatchObject({ kind: 'torn', offset: startOf(8) });
  });

  test('is not taken for corrupt because a torn record holds the copy of an older one', () => {
    const copy = encodeLogRecord(txn(9, RECORDS[2]));
    const file = logOf(...RECORDS, copy.subarray(0, copy.length - 1), PADDING);
    expect(scan(file).end).toMatchObject({ kind: 'torn', offset: startOf(8) });
  });

  test('is torn at 0 where its header is not all there, and corrupt where it is another file’s', () => {
    for (let kept = 0; kept < 16; kept += 1) {
      expect(scan(logOf().subarray(0, kept)).end).toMatchObject({ kind: 'torn', offset: 0 });
    }
    expect(scan(changed(logOf(...RECORDS), 2)).end).toMatchObject({ kind: 'corrupt', offset: 0 });
    expect(scan(changed(logOf(...RECORDS), 7)).end).toMatchObject({ kind: 'corrupt', offset: 0 });
  });

  test('holds no record longer than the bound', () => {
    const file = logOf(
      RECORDS[0]!,
      encodeLogRecord(txn(2, Buffer.alloc(1000, 'long'))),
      RECORDS[2]!,
    );
    const { txns, end } = scan(file, [64], { maxRecordBytes: 500 });
    expect(txns).toHaveLength(1);
    expect(end).toMatchObject({ kind: 'corrupt', offset: startOf(1), reason: 'a length of 1032' });
  });

  test('that claims records everywhere is given up in bounded time', () => {
    const claim = Buffer.from('00000000 42424242 00030d48 00000000'.replaceAll(' ', ''), 'hex');
    const claims = Buffer.concat(Array.from({ length: 60_000 }, () => claim));
    const started = performance.now();
    const { end } = scan(logOf(RECORDS[0]!, changed(RECORDS[1]!, 20), claims), [65_536], {
      maxRecordBytes: 1 << 20,
    });
    expect(end).toMatchObject({ kind: 'corrupt', offset: startOf(1) });
    expect(end).not.toHaveProperty('resumesAt');
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test('damaged in any way gives only sound records, and a complete end only if all fits', () => {
    const whole = Buffer.concat([logOf(...RECORDS), PADDING.subarray(0, 150)]);
    fc.assert(
      fc.property(
        fc.array(anyDamage, { minLength: 1, maxLength: 3 }),
        chunkSizes,
        (damages, sizes) => {
          const file = damages.reduce(damaged, whole);
          const { txns, end } = scan(file, sizes);
          if (end.kind === 'complete') {
            const again = logOf(...txns.map(encodeLogRecord));
            expect(file.subarray(16, end.endOffset)).toEqual(again.subarray(16));
            expect(file.subarray(end.endOffset).every((byte) => byte === 0)).toBe(true);
          } else expect(end.offset).toBeLessThanOrEqual(file.length);
          expectSound(txns);
        },
      ),
      randomRuns(1_500),
    );
  });
});

const sameSum = (one: Buffer, other: Buffer): boolean => adler32(1, one) === adler32(1, other);

/**
 * Only what was written, in its order; a doubled stretch may hold a whole record twice. Adler-32 does not see
 * two stretches exchanged whose bytes have the same sum, so nobody can.
 */
function expectSound(txns: Buffer[]): void {
  let at = -1;
  for (const bytes of txns) {
    const index = TXNS.findIndex((known) => known.length === bytes.length && sameSum(known, bytes));
    expect(index).toBeGreaterThanOrEqual(Math.max(0, at));
    at = index;
  }
}

describe('adler32', () => {
  test('is zlib’s: known values, and the same in pieces of any size', () => {
    expect(adler32(1, Buffer.from('Wikipedia'))).toBe(0x11e60398);
    expect(adler32(1, Buffer.alloc(0))).toBe(1);
    const simple = (bytes: Buffer): number => {
      let [low, high] = [1, 0];
      for (const byte of bytes) {
        low = (low + byte) % 65_521;
        high = (high + low) % 65_521;
      }
      return high * 65_536 + low;
    };
    const worst = Buffer.alloc(100_003, 255);
    expect(adler32(1, worst)).toBe(simple(worst));
    expect(adler32(adler32(1, worst, 0, 777), worst, 777)).toBe(simple(worst));
    expect(adler32(0xfff0fff0, Buffer.alloc(5_552, 255))).toBeLessThan(2 ** 32);
  });
});
