/** What members' logs may be taken for, where the stream passed over something. */
import { Readable } from 'node:stream';
import { fillFromMembers, type MemberLogs } from '../../../src/adapters/capture/fillFromMembers';
import { encodeTxn } from '../../../src/codec/txn';
import { encodeLogHeader, encodeLogRecord } from '../../../src/codec/txnLog';
import type { HostDataPort } from '../../../src/model/hostData';
import type { ResolvedServer } from '../../../src/model/inventory';

const record = (zxid: bigint): Buffer =>
  encodeLogRecord(
    encodeTxn({
      header: { clientId: 1n, cxid: 0, zxid, time: 0n, type: 2 },
      body: { kind: 'delete', path: '/x' },
    }),
  );

/** Logs by server, each a list of files, each a list of zxids. */
function membersWith(logs: Record<string, bigint[][]>): MemberLogs {
  const fileOf = (zxids: bigint[]) => Buffer.concat([encodeLogHeader(), ...zxids.map(record)]);
  const host = {
    listDataFiles: ({ name }: ResolvedServer) =>
      Promise.resolve({
        dataDir: '/data',
        dataLogDir: '/data',
        files: logs[name]!.map((zxids) => ({
          directory: 'log' as const,
          name: `log.${zxids[0]!.toString(16)}`,
          zxid: `0x${zxids[0]!.toString(16)}`,
          bytes: fileOf(zxids).length,
          mtimeMs: 0,
        })),
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
): Promise<bigint[]> {
  const found: bigint[] = [];
  const { signal } = new AbortController();
  for await (const { zxid } of fillFromMembers(membersWith(logs), { after, upTo }, signal))
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
