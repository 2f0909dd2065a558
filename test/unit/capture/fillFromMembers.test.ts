/** What members' logs may be taken for, where the stream passed over something. */
import { Readable } from 'node:stream';
import { fillFromMembers, type MemberLogs } from '../../../src/adapters/capture/fillFromMembers';
import { encodeTxn } from '../../../src/codec/txn';
import { encodeLogHeader, encodeLogRecord } from '../../../src/codec/txnLog';
import type { DataFile, HostDataPort } from '../../../src/model/hostData';
import type { ResolvedServer } from '../../../src/model/inventory';
import { zxidText } from '../../../src/model/zxid';

const record = (zxid: bigint): Buffer =>
  encodeLogRecord(
    encodeTxn({
      header: { clientId: 1n, cxid: 0, zxid, time: 0n, type: 2 },
      body: { kind: 'delete', path: '/x' },
    }),
  );

const fileNamed = (kind: 'log' | 'snapshot', zxid: bigint, bytes: number): DataFile => ({
  directory: kind === 'log' ? 'log' : 'data',
  name: `${kind}.${zxid.toString(16)}`,
  zxid: zxidText(zxid),
  bytes,
  mtimeMs: 0,
});

/** Logs by server, each a list of files, each a list of zxids; and the snapshots that all of them have. */
function membersWith(logs: Record<string, bigint[][]>, snapshots: bigint[]): MemberLogs {
  const fileOf = (zxids: bigint[]) => Buffer.concat([encodeLogHeader(), ...zxids.map(record)]);
  const host = {
    listDataFiles: ({ name }: ResolvedServer) =>
      Promise.resolve({
        dataDir: '/data',
        dataLogDir: '/data',
        files: [
          ...snapshots.map((zxid) => fileNamed('snapshot', zxid, 100)),
          ...logs[name]!.map((zxids) => fileNamed('log', zxids[0]!, fileOf(zxids).length)),
        ],
      }),
    readDataFile: ({ name }: ResolvedServer, file: string) =>
      Promise.resolve(
        Readable.from([
          fileOf(logs[name]!.find((zxids) => file === `log.${zxids[0]!.toString(16)}`)!),
        ]),
      ),
  } as unknown as HostDataPort;
  return {
    host,
    serving: Object.keys(logs).map((name) => ({ name }) as ResolvedServer),
    majority: 2,
    heartbeat: () => undefined,
  };
}

async function filled(
  logs: Record<string, bigint[][]>,
  after: bigint,
  upTo: bigint,
  snapshots: bigint[] = [],
): Promise<bigint[]> {
  const found: bigint[] = [];
  const { signal } = new AbortController();
  for await (const { zxid } of fillFromMembers(
    membersWith(logs, snapshots),
    { after, upTo },
    signal,
  ))
    found.push(zxid);
  return found;
}

const run = (from: bigint, count: number): bigint[] =>
  Array.from({ length: count }, (_, at) => from + BigInt(at));
const ONE = 0x100000001n;
const THREE = 0x300000001n;

test('within an epoch one log that goes on number by number is enough', async () => {
  const logs = { zk1: [run(ONE + 5n, 10)], zk2: [[ONE]] };
  expect(await filled(logs, ONE + 4n, ONE + 9n)).toEqual(run(ONE + 5n, 5));
});

test('over a change of epoch where a majority has both sides of it', async () => {
  const both = [run(ONE, 5), run(THREE, 5)];
  const logs = { zk1: both, zk2: both, zk3: [run(THREE, 5)] };
  expect(await filled(logs, ONE + 2n, THREE + 1n)).toEqual([ONE + 3n, ONE + 4n, THREE, THREE + 1n]);
  expect(await filled(logs, ONE + 4n, THREE)).toEqual([THREE]);
});

test('a change of epoch that only a minority knows is not believed', async () => {
  const logs = { zk1: [run(ONE, 5), run(THREE, 5)], zk2: [run(ONE, 6), run(THREE, 5)] };
  await expect(filled(logs, ONE + 2n, THREE + 1n)).rejects.toThrow('changes epoch where fewer');
});

test('logs that begin anew after the ensemble was put back lead on from nothing that was captured', async () => {
  const anew = [run(THREE, 5)];
  const logs = { zk1: anew, zk2: anew, zk3: anew };
  await expect(filled(logs, ONE + 4n, THREE + 1n)).rejects.toThrow('does not hold 0x100000005');
  await expect(filled(logs, ONE + 4n, 0x200000000n)).rejects.toThrow('does not hold 0x100000005');
});

test('a new leader that has written nothing yet adds nothing, where the last transaction is known', async () => {
  const logs = { zk1: [run(ONE, 5)], zk2: [run(ONE, 5)], zk3: [run(ONE, 5)] };
  expect(await filled(logs, ONE + 2n, 0x200000000n)).toEqual([ONE + 3n, ONE + 4n]);
  expect(await filled(logs, ONE + 4n, 0x200000000n)).toEqual([]);
});

test('from the very beginning, which stands in no log, where the first transaction is known to be the first', async () => {
  const first = { zk1: [run(ONE, 5)], zk2: [run(ONE, 5)], zk3: [] };
  expect(await filled(first, 0n, ONE + 1n)).toEqual([ONE, ONE + 1n]);
  const later = { zk1: [run(THREE, 5)], zk2: [run(THREE, 5)], zk3: [] };
  expect(await filled(later, 0n, THREE + 1n, [0n, 0x100000000n, THREE + 4n])).toEqual([
    THREE,
    THREE + 1n,
  ]);
});

test('a log that begins behind a snapshot its server was given does not begin at the beginning', async () => {
  const logs = { zk1: [run(THREE, 5)], zk2: [run(THREE, 5)], zk3: [run(THREE, 5)] };
  await expect(filled(logs, 0n, THREE + 1n)).rejects.toThrow('does not hold 0x0');
  await expect(filled(logs, 0n, THREE + 1n, [0n, 0x200000007n])).rejects.toThrow(
    'does not hold 0x0',
  );
});
