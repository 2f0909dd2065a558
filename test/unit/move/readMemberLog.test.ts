/** What is read of a stopped member's files, torn and damaged ones too. */
import { Readable } from 'node:stream';
import { readMemberLog, txnsAfter } from '../../../src/adapters/move/readMemberLog';
import { observeStopped } from '../../../src/adapters/move/stoppedMembers';
import { openTailTap } from '../../../src/adapters/move/tailTap';
import { encodeTxn } from '../../../src/codec/txn';
import { encodeLogHeader, encodeLogRecord } from '../../../src/codec/txnLog';
import type { DataFile } from '../../../src/model/hostData';
import type { ResolvedServer } from '../../../src/model/inventory';
import type { HostPort, OperationContext } from '../../../src/model/ports';
import { zxidText } from '../../../src/model/zxid';

const ONE = 0x100000000n;
const TWO = 0x200000000n;
const WHOLE = Buffer.concat([Buffer.alloc(40), Buffer.from([0, 0, 0, 1, 0x2f])]);
const ZEROS = Buffer.alloc(1 << 20);

const txn = (zxid: bigint, clientId = 1n): Buffer =>
  encodeTxn({
    header: { clientId, cxid: 0, zxid, time: 0n, type: 2 },
    body: { kind: 'delete', path: '/x' },
  });
const records = (from: bigint, count: number): Buffer[] =>
  Array.from({ length: count }, (_, index) => encodeLogRecord(txn(from + BigInt(index))));
const logOf = (...parts: Buffer[]): Buffer => Buffer.concat([encodeLogHeader(), ...parts]);

const server = (id = 1): ResolvedServer =>
  ({ ensemble: 'orders', name: `zk${id}`, id, role: 'participant' }) as ResolvedServer;
const context: OperationContext = {
  signal: new AbortController().signal,
  heartbeat: () => undefined,
};

/** Files by server and name; bytes read of each are counted. */
function hostWith(files: Record<string, Record<string, Buffer>>, isRunning = false) {
  const read = new Map<string, number>();
  const host = {
    observe: () => Promise.resolve({ reachable: true, process: { running: isRunning } }),
    listDataFiles: ({ name }: ResolvedServer) =>
      Promise.resolve({
        dataDir: '/data',
        dataLogDir: '/data',
        files: Object.entries(files[name]!).map(([file, { length }]): DataFile => ({
          directory: file.startsWith('log') ? 'log' : 'data',
          name: file,
          zxid: zxidText(BigInt(`0x${file.split('.')[1]}`)),
          bytes: length,
          mtimeMs: 0,
        })),
      }),
    readDataFile: (
      { name }: ResolvedServer,
      file: string,
      { fromOffset = 0, maxBytes }: { fromOffset?: number; maxBytes: number },
    ) => {
      const bytes = files[name]![file]!.subarray(fromOffset, fromOffset + maxBytes);
      function* chunks() {
        for (let at = 0; at < bytes.length; at += 65_536) {
          const chunk = bytes.subarray(at, at + 65_536);
          read.set(file, (read.get(file) ?? 0) + chunk.length);
          yield chunk;
        }
      }
      return Promise.resolve(Readable.from(chunks(), { highWaterMark: 1 }));
    },
  } as unknown as HostPort;
  return { host, read };
}

const look = async (files: Record<string, Buffer>, captured: bigint) => {
  const { host } = hostWith({ zk1: files });
  const found = await readMemberLog(host, server(), { captured }, context);
  const after: bigint[] = [];
  for await (const { zxid } of txnsAfter(host, found, 1n << 62n, context)) after.push(zxid);
  return { ...found, after };
};

test('a torn last record is no transaction, and what comes before it counts', async () => {
  const torn = encodeLogRecord(txn(ONE + 6n)).subarray(0, 30);
  const { log, after } = await look(
    { 'log.100000001': logOf(...records(ONE + 1n, 5), torn) },
    ONE + 3n,
  );
  expect(log).toMatchObject({ epoch: 1n, runs: [{ from: ONE + 1n, to: ONE + 5n }] });
  expect(after).toEqual([ONE + 4n, ONE + 5n]);
});

test('damage before the end is refused: what follows it may have been acknowledged', async () => {
  const broken = Buffer.from(encodeLogRecord(txn(ONE + 3n)));
  broken[20]! ^= 0xff;
  const file = logOf(...records(ONE + 1n, 2), broken, ...records(ONE + 4n, 2));
  await expect(look({ 'log.100000001': file }, ONE + 1n)).rejects.toMatchObject({
    type: 'BackupInvalid',
    message: expect.stringContaining('log.100000001 of zk1 is damaged'),
  });
});

test('a file that was only begun tells nothing, and the one before it does', async () => {
  const files = {
    'log.100000001': logOf(...records(ONE + 1n, 5)),
    'log.100000006': encodeLogHeader().subarray(0, 9),
  };
  for (const captured of [ONE + 2n, ONE + 9n]) {
    const { log } = await look(files, captured);
    expect(log.runs).toEqual([{ from: ONE + 1n, to: ONE + 5n }]);
  }
});

test('runs go on over files, repetitions in them left out, and the captured transaction is kept', async () => {
  const files = {
    'log.100000001': logOf(...records(ONE + 1n, 5)),
    'log.100000004': logOf(...records(ONE + 4n, 4)),
    'log.200000001': logOf(...records(TWO + 1n, 2), ZEROS),
  };
  const { log, after, captured } = await look(files, ONE + 2n);
  expect(log.runs).toEqual([
    { from: ONE + 1n, to: ONE + 7n },
    { from: TWO + 1n, to: TWO + 2n },
  ]);
  expect(after).toEqual([3n, 4n, 5n, 6n, 7n].map((n) => ONE + n).concat([TWO + 1n, TWO + 2n]));
  expect(captured).toEqual(txn(ONE + 2n));
});

test('of preallocated space no more is read than tells that the log has ended', async () => {
  const log = logOf(...records(ONE + 1n, 5), ...Array.from({ length: 8 }, () => ZEROS));
  const { host, read } = hostWith({ zk1: { 'log.100000001': log } });
  await readMemberLog(host, server(), { captured: ONE }, context);
  expect(read.get('log.100000001')).toBeLessThan(1 << 20);
});

test('a snapshot beyond the log counts where it is whole', async () => {
  const log = { 'log.100000001': logOf(...records(ONE + 1n, 5)) };
  const whole = await look({ ...log, 'snapshot.0': ZEROS, 'snapshot.100000009': WHOLE }, ONE);
  expect(whole.log.snapshots).toEqual([0n, ONE + 9n]);
  const torn = await look({ ...log, 'snapshot.100000009': WHOLE.subarray(0, 44) }, ONE);
  expect(torn.log.snapshots).toEqual([]);
});

async function settled(
  files: Record<string, Record<string, Buffer>>,
  captured: Buffer,
  isRunning = false,
): Promise<bigint[]> {
  const { host } = hostWith(files, isRunning);
  const tap = openTailTap({
    ...{ host, from: ONE + 3n, context },
    members: await observeStopped(host, [1, 2, 3].map(server), context),
    capturedTxn: () => Promise.resolve(captured),
    onSettled: () => undefined,
  });
  const zxids: bigint[] = [];
  for await (const event of tap) if (event.kind === 'txn') zxids.push(event.zxid);
  return zxids;
}

const ofAll = (count: number) =>
  Object.fromEntries(
    [1, 2, 3].map((id) => [`zk${id}`, { 'log.100000001': logOf(...records(ONE + 1n, count)) }]),
  );

test('what is missing is given out, unless the captured transaction is another one of the same zxid', async () => {
  expect(await settled(ofAll(5), txn(ONE + 3n))).toEqual([ONE + 4n, ONE + 5n]);
  for (const count of [3, 5])
    await expect(settled(ofAll(count), txn(ONE + 3n, 2n))).rejects.toMatchObject({
      type: 'TailNotProven',
      message: expect.stringContaining('as another transaction than the log of zk3'),
    });
});

test('while a member runs nothing is read', async () => {
  await expect(settled(ofAll(5), txn(ONE + 3n), true)).rejects.toMatchObject({
    type: 'GuardRefused',
    message: expect.stringMatching(/^zk1, zk2, zk3 of orders still run: .* mask them first$/),
  });
});
