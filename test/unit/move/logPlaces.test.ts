/** A place noted while the ensemble served saves reading what comes before it, and is believed only where it still holds. */
import { Readable } from 'node:stream';
import { findLogPlaces, type KnownPlace } from '../../../src/adapters/move/logPlaces';
import { readMemberLog } from '../../../src/adapters/move/readMemberLog';
import { encodeTxn } from '../../../src/codec/txn';
import { encodeLogHeader, encodeLogRecord } from '../../../src/codec/txnLog';
import type { ResolvedServer } from '../../../src/model/inventory';
import type { HostPort, OperationContext } from '../../../src/model/ports';
import { zxidText } from '../../../src/model/zxid';

const ONE = 0x100000000n;
const FILE = 'log.100000001';
const CHUNK_BYTES = 4_096;
const COUNT = 2_000;
const SERVER = { ensemble: 'orders', name: 'zk1', id: 1 } as ResolvedServer;
const context: OperationContext = {
  signal: new AbortController().signal,
  heartbeat: () => undefined,
};

const record = (zxid: bigint): Buffer =>
  encodeLogRecord(
    encodeTxn({
      header: { clientId: 1n, cxid: 0, zxid, time: 0n, type: 2 },
      body: { kind: 'delete', path: '/x' },
    }),
  );
const logTo = (count: number): Buffer =>
  Buffer.concat([
    encodeLogHeader(),
    ...Array.from({ length: count }, (_, index) => record(ONE + 1n + BigInt(index))),
  ]);

/** One server with one log; says how many bytes of it were read. */
function hostOf(bytes: Buffer) {
  const seen = { readBytes: 0 };
  const host = {
    listDataFiles: () =>
      Promise.resolve({
        files: [
          {
            directory: 'log',
            name: FILE,
            zxid: zxidText(ONE + 1n),
            bytes: bytes.length,
            mtimeMs: 0,
          },
        ],
      }),
    readDataFile: (
      _server: ResolvedServer,
      _file: string,
      { fromOffset = 0, maxBytes }: { fromOffset?: number; maxBytes: number },
    ) => {
      function* chunks() {
        for (let at = fromOffset; at < fromOffset + maxBytes; at += CHUNK_BYTES) {
          const chunk = bytes.subarray(at, Math.min(at + CHUNK_BYTES, fromOffset + maxBytes));
          seen.readBytes += chunk.length;
          yield chunk;
        }
      }
      return Promise.resolve(Readable.from(chunks()));
    },
  } as unknown as HostPort;
  return { host, seen };
}

const placeAt = async (bytes: Buffer, captured: bigint): Promise<KnownPlace> =>
  (await findLogPlaces(hostOf(bytes).host, [SERVER], zxidText(captured), context))['zk1']!;

async function read(bytes: Buffer, captured: bigint, known: KnownPlace) {
  const { host, seen } = hostOf(bytes);
  const found = await readMemberLog(host, SERVER, { captured, known }, context);
  return { ...found, ...seen };
}

test('from the noted transaction on the log is read, and tells the same end', async () => {
  const known = await placeAt(logTo(COUNT), ONE + 1_900n);
  expect(known).toMatchObject({ file: FILE, zxid: zxidText(ONE + 1_900n) });
  const grown = logTo(COUNT + 50);
  const { log, next, captured, readBytes } = await read(grown, ONE + 1_990n, known);
  expect(log.runs).toEqual([{ from: ONE + 1_900n, to: ONE + 2_050n }]);
  expect(captured).toEqual(record(ONE + 1_990n).subarray(12, -1));
  expect(next?.place.offset).toBeLessThan(grown.length);
  expect(readBytes).toBeLessThan(grown.length / 5);
});

test.each<[string, Buffer, bigint, Partial<KnownPlace>]>([
  ['the log was cut off before it', logTo(100), ONE + 50n, {}],
  ['another transaction stands there', logTo(COUNT), ONE + 1_990n, { zxid: zxidText(ONE + 7n) }],
  ['no record begins there', logTo(COUNT), ONE + 1_990n, { offset: 1_003 }],
  ['it lies in another file', logTo(COUNT), ONE + 1_990n, { file: 'log.100000000' }],
  ['less is captured than was then', logTo(COUNT), ONE + 1_000n, {}],
])('the whole log is read where %s', async (_what, bytes, captured, wrong) => {
  const known = { ...(await placeAt(logTo(COUNT), ONE + 1_900n)), ...wrong };
  const { log, readBytes } = await read(bytes, captured, known);
  expect(log.runs[0]!.from).toBe(ONE + 1n);
  expect(readBytes).toBeGreaterThanOrEqual(bytes.length);
});

test('of a member that cannot be read no place is told, and the others are', async () => {
  const { host } = hostOf(logTo(10));
  const other = { ...SERVER, name: 'zk2' };
  const listDataFiles: HostPort['listDataFiles'] = (server, where) =>
    server.name === 'zk2'
      ? Promise.resolve({ dataDir: '', dataLogDir: '', files: [] })
      : host.listDataFiles(server, where);
  const places = await findLogPlaces(
    { ...host, listDataFiles },
    [SERVER, other],
    zxidText(ONE + 4n),
    context,
  );
  expect(Object.keys(places)).toEqual(['zk1']);
});
