import fc from 'fast-check';
import {
  readSnapshot,
  SnapshotReader,
  SnapshotWriter,
  type SnapshotEnd,
  type SnapshotReaderOptions,
  wholeStat,
} from '../../../src/codec/snapshot';
import { adler32 } from '../../../src/codec/txnLog';
import type { SnapshotTables, ZnodeRecord } from '../../../src/codec/records';
import {
  anyDamage,
  anySnapshot,
  chunked,
  chunkSizes,
  damaged,
  type SnapshotContent,
} from './txnArbitraries';
import { randomRuns } from '../../support/randomRuns';

function write({ tables, nodes, trailer }: SnapshotContent, form?: 'file' | 'body'): Buffer {
  const writer = new SnapshotWriter(form);
  const half = nodes.length >> 1;
  return Buffer.concat([
    writer.head(tables),
    writer.nodes(nodes.slice(0, half)),
    writer.nodes(nodes.slice(half)),
    writer.end(trailer),
  ]);
}

interface Read {
  tables: SnapshotTables | undefined;
  nodes: ZnodeRecord[];
  end: SnapshotEnd;
  rest: Buffer;
}

function read(
  file: Buffer,
  sizes: readonly number[] = [50],
  options?: SnapshotReaderOptions,
): Read {
  const reader = new SnapshotReader(options);
  const nodes = chunked(file, sizes)
    .flatMap((chunk) => reader.push(chunk))
    .map(({ path, data, aclId, stat }) => ({ path, data, aclId, stat: wholeStat(stat) }));
  const end = reader.finish();
  return { tables: reader.tables, nodes, end, rest: reader.rest };
}

const stat = (zxid: bigint) => ({
  ...{ czxid: zxid, mzxid: zxid, ctime: 1n, mtime: 2n, version: 3, cversion: 4, aversion: 5 },
  ...{ ephemeralOwner: 0n, pzxid: zxid },
});

const SAMPLE: SnapshotContent = {
  tables: {
    sessions: [{ sessionId: 0x10000n, timeoutMs: 30_000 }],
    acls: new Map([[1n, [{ perms: 31, scheme: 'world', id: 'anyone' }]]]),
  },
  nodes: [
    { path: '/', data: null, aclId: -1n, stat: stat(1n) },
    { path: '/a', data: Buffer.alloc(0), aclId: 1n, stat: stat(2n) },
    { path: '/a/ż', data: Buffer.from('value'), aclId: 1n, stat: stat(3n) },
  ],
  trailer: { digest: { zxid: 3n, version: 2, digest: 77n }, lastZxid: 3n },
};
const FILE = write(SAMPLE);
/** Seal, digest, seal, last zxid, seal. */
const TRAILER_BYTES = 13 + 20 + 13 + 8 + 13;

describe('a snapshot', () => {
  test('of any content comes back as it was, whatever chunks it arrives in', () => {
    fc.assert(
      fc.property(anySnapshot, chunkSizes, (content, sizes) => {
        const file = write(content);
        const { tables, nodes, end } = read(file, sizes);
        expect({ tables, nodes }).toEqual({ tables: content.tables, nodes: content.nodes });
        expect(end).toEqual({
          ...{ kind: 'complete', endOffset: file.length, trailer: content.trailer },
        });
      }),
      randomRuns(100),
    );
  });

  test('as the quorum port sends it ends at "/", and what follows is left to the caller', () => {
    const body = write(SAMPLE, 'body');
    const stream = Buffer.concat([body, Buffer.from('\0\0\0\nBenWasHere')]);
    for (const sizes of [[1], [7], [5_000]]) {
      const { nodes, end, rest } = read(stream, sizes, { form: 'body' });
      expect(nodes).toEqual(SAMPLE.nodes);
      expect(end).toEqual({ kind: 'complete', endOffset: body.length, trailer: {} });
      expect(rest.toString('latin1')).toBe('\0\0\0\nBenWasHere');
    }
  });

  test('has the header and the seal the server writes', () => {
    const empty = write({ tables: { sessions: [], acls: new Map() }, nodes: [], trailer: {} });
    expect(empty.toString('hex')).toBe(
      [
        '5a4b534e 00000002 ffffffffffffffff',
        '00000000 00000000 00000001 2f',
        // python3: zlib.adler32 of the 29 bytes before.
        '00000000 af010971 00000001 2f',
      ]
        .join('')
        .replaceAll(' ', ''),
    );
  });

  test('cut anywhere is truncated where it ends, but for the ends of older versions', () => {
    const olderEnds = new Map([
      [FILE.length - TRAILER_BYTES + 13, {}],
      [FILE.length - 21, { digest: SAMPLE.trailer.digest }],
    ]);
    for (let kept = 0; kept < FILE.length; kept += 1) {
      const { end, nodes } = read(FILE.subarray(0, kept));
      const trailer = olderEnds.get(kept);
      if (trailer) expect(end).toEqual({ kind: 'complete', endOffset: kept, trailer });
      else if (kept === FILE.length - TRAILER_BYTES + 13 + 21) {
        // As long as a 3.9 file without a digest, whose seal does not fit.
        expect(end).toMatchObject({ kind: 'corrupt' });
      } else expect(end).toMatchObject({ kind: 'truncated', offset: kept });
      expect(nodes).toEqual(SAMPLE.nodes.slice(0, nodes.length));
    }
  });

  test('with anything after its last seal is corrupt there', () => {
    const { end } = read(Buffer.concat([FILE, Buffer.from('more')]));
    expect(end).toMatchObject({ kind: 'corrupt', offset: FILE.length });
  });

  test('that lists an ACL twice is corrupt, as one of the two would be lost', () => {
    const list = '0000000000000001 00000000';
    const hex = `5a4b534e 00000002 ffffffffffffffff 00000000 00000002 ${list} ${list}`;
    const { end } = read(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
    expect(end).toMatchObject({ kind: 'corrupt', offset: 36 });
  });

  test('with a bit changed anywhere is never complete', () => {
    for (let bit = 0; bit < FILE.length * 8; bit += 1) {
      const copy = Buffer.from(FILE);
      copy[bit >> 3] = copy[bit >> 3]! ^ (1 << (bit & 7));
      const { end } = read(copy, [97]);
      expect(end.kind).not.toBe('complete');
    }
  });

  test.each([
    ['another file', 0, 'Z'.charCodeAt(0) ^ 1, 0, /ZKSN/],
    ['another version', 7, 3, 4, /version 3/],
    ['bytes in the trailer', FILE.length - TRAILER_BYTES + 20, 9, FILE.length - 34, /checksum/],
  ])('says where it is corrupt: %s', (_, at, value, offset, reason) => {
    const copy = Buffer.from(FILE);
    copy[at] = value;
    const { end } = read(copy);
    expect(end).toMatchObject({ kind: 'corrupt', offset, reason: expect.stringMatching(reason) });
  });

  test('with lengths beyond the bound is corrupt at that node, and those before it came out', () => {
    const tables = { sessions: [], acls: new Map() };
    const { nodes, end } = read(write({ ...SAMPLE, tables }), [64], { maxRecordBytes: 4 });
    expect(nodes).toHaveLength(2);
    expect(end).toMatchObject({ kind: 'corrupt', reason: 'a path of 5 bytes' });
  });

  test('damaged in any way is complete only if it says exactly what the file holds', () => {
    const content = fc.sample(anySnapshot, { numRuns: 40, seed: 4 });
    const files = content.map((sample) => write(sample));
    fc.assert(
      fc.property(
        fc.nat(files.length - 1),
        fc.array(anyDamage, { minLength: 1, maxLength: 3 }),
        chunkSizes,
        (index, damages, sizes) => {
          const file = damages.reduce(damaged, files[index]!);
          const { tables, nodes, end } = read(file, sizes);
          if (end.kind !== 'complete') {
            expect(end.offset).toBeLessThanOrEqual(file.length);
            return;
          }
          expect(write({ tables: tables!, nodes, trailer: end.trailer })).toEqual(file);
          // Two stretches exchanged whose bytes have the same sum: no reader of this checksum sees it.
          const original = files[index]!;
          if (file.length === original.length && adler32(1, file) === adler32(1, original)) return;
          const expected = content[index]!;
          expect({ tables, nodes }).toEqual({ tables: expected.tables, nodes: expected.nodes });
        },
      ),
      randomRuns(1_500),
    );
  });

  test('is read as tables, batches and an end from any source of chunks', async () => {
    const kinds: string[] = [];
    for await (const part of readSnapshot(chunked(FILE, [100]))) kinds.push(part.kind);
    expect(kinds[0]).toBe('tables');
    expect(kinds.at(-1)).toBe('end');
    expect(new Set(kinds)).toEqual(new Set(['tables', 'nodes', 'end']));
  });
});
