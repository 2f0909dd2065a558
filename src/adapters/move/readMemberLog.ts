/** From the data directory of a stopped member to what it tells of the ensemble's history. */
import { epochOf } from '../../codec/quorum/packet';
import { isZkferryError } from '../../model/errors';
import type { DataFile, HostDataPort } from '../../model/hostData';
import type { ResolvedServer } from '../../model/inventory';
import type { OperationContext } from '../../model/ports';
import { lastOf, Runs, type MemberLog } from '../../planning/move/memberLog';
import type { KnownPlace } from './logPlaces';
import { logsIn, scanLog, type LogPlace, type LoggedTxn } from './scanLogs';

/** A snapshot ends with a path of one slash and, before it, its checksum (SnapStream.isValidSnapshot). */
const SNAPSHOT_END = Buffer.from([0, 0, 0, 1, 0x2f]);
const PACKED = /\.(gz|snappy)$/;

export interface LookFrom {
  captured: bigint;
  currentEpoch?: number;
  known?: KnownPlace;
}

export interface ReadLog {
  server: ResolvedServer;
  log: MemberLog;
  /** The captured transaction as it stands here; absent where it does not. */
  captured?: Buffer;
  /** The first transaction after it: where it lies, and the files that go on from there. */
  next?: { place: LogPlace; later: DataFile[] };
}

/**
 * Reads the logs from the one that would hold `captured` on, and the ends of the snapshots that are newer. `currentEpoch`:
 * of its data directory. `known`: from there on, where that very transaction stands there and `captured` is not before it.
 * BackupInvalid where a log is damaged before its end.
 */
export async function readMemberLog(
  host: HostDataPort,
  server: ResolvedServer,
  { captured, currentEpoch, known }: LookFrom,
  context: OperationContext,
): Promise<ReadLog> {
  const { files } = await host.listDataFiles(server, context);
  const logs = logsIn(files);
  const start = logs.findLastIndex(({ zxid }) => BigInt(zxid) <= captured);
  const fromStart = logs.slice(Math.max(0, start));
  let read =
    (await scanKnown(host, server, fromStart, { captured, known }, context)) ??
    (await scanFrom(host, server, fromStart, captured, context));
  // A file that a killed server had only begun holds nothing: then the one before it tells.
  for (let at = start - 1; at >= 0 && read.runs.length === 0; at -= 1)
    read = await scanFrom(host, server, logs.slice(at), captured, context);
  const { runs, ...found } = read;
  const logged = runs.at(-1)?.to ?? 0n;
  const snapshots = await wholeSnapshots(host, server, files, logged, context);
  const log: MemberLog = { server: server.name, id: server.id, epoch: 0n, runs, snapshots };
  const epoch = currentEpoch === undefined ? epochOf(lastOf(log)) : BigInt(currentEpoch);
  return { server, log: { ...log, epoch }, ...found };
}

type Scanned = Pick<ReadLog, 'captured' | 'next'> & Pick<MemberLog, 'runs'>;

/** Undefined where the place does not serve, or what stands there is not what did: a log may have been cut off since. */
async function scanKnown(
  host: HostDataPort,
  server: ResolvedServer,
  logs: readonly DataFile[],
  { captured, known }: LookFrom,
  context: OperationContext,
): Promise<Scanned | undefined> {
  const zxid = BigInt(known?.zxid ?? 0);
  const [file] = logs;
  if (known === undefined || file?.name !== known.file || zxid > captured) return undefined;
  try {
    const read = await scanFrom(host, server, logs, captured, context, known.offset);
    return read.runs[0]?.from === zxid ? read : undefined;
  } catch (error) {
    context.signal.throwIfAborted();
    if (!isZkferryError(error)) throw error;
    return undefined;
  }
}

/** `offset`: in the first of the logs. */
async function scanFrom(
  host: HostDataPort,
  server: ResolvedServer,
  logs: readonly DataFile[],
  captured: bigint,
  context: OperationContext,
  offset?: number,
): Promise<Scanned> {
  const found = new Runs();
  let same: Buffer | undefined;
  let next: ReadLog['next'];
  for (const [at, file] of logs.entries())
    for await (const txn of scanLog(host, server, placeAt(file, at, offset), context)) {
      if (!found.add(txn.zxid)) continue;
      if (txn.zxid === captured) same = Buffer.from(txn.bytes);
      if (txn.zxid > captured) next ??= { place: placeOf(txn), later: logs.slice(at + 1) };
    }
  return {
    runs: found.runs,
    ...(same !== undefined && { captured: same }),
    ...(next !== undefined && { next }),
  };
}

const placeAt = (file: DataFile, at: number, offset?: number) => ({
  file,
  ...(at === 0 && offset !== undefined && { offset }),
});

const placeOf = ({ file, offset }: LoggedTxn): LogPlace => ({ file, offset });

/** Of those beyond the log each is looked at, since they count for what its server had; of the others, their names. */
async function wholeSnapshots(
  host: HostDataPort,
  server: ResolvedServer,
  files: readonly DataFile[],
  logged: bigint,
  context: OperationContext,
): Promise<bigint[]> {
  const found: bigint[] = [];
  for (const file of files) {
    if (!file.name.startsWith('snapshot.')) continue;
    const zxid = BigInt(file.zxid);
    if (zxid > logged && !(await isWhole(host, server, file, context))) continue;
    found.push(zxid);
  }
  return found.sort((one, other) => (one < other ? -1 : one > other ? 1 : 0));
}

/** Packed ones are written under another name first, or were there before: a server takes them for whole as well. */
async function isWhole(
  host: HostDataPort,
  server: ResolvedServer,
  { name, directory, bytes }: DataFile,
  context: OperationContext,
): Promise<boolean> {
  if (PACKED.test(name)) return true;
  const maxBytes = SNAPSHOT_END.length;
  if (bytes < maxBytes) return false;
  const range = { directory, fromOffset: bytes - maxBytes, maxBytes };
  const chunks: Buffer[] = [];
  for await (const chunk of await host.readDataFile(server, name, range, context))
    chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).equals(SNAPSHOT_END);
}

/** The transactions in `(captured, upTo]` of a log that leads there, in their order. */
export async function* txnsAfter(
  host: HostDataPort,
  { server, next }: ReadLog,
  upTo: bigint,
  context: OperationContext,
): AsyncGenerator<LoggedTxn> {
  if (next === undefined) return;
  let last = 0n;
  for (const place of [next.place, ...next.later.map((file) => ({ file }))])
    for await (const txn of scanLog(host, server, place, context)) {
      if (txn.zxid > upTo) return;
      if (txn.zxid <= last) continue;
      last = txn.zxid;
      yield txn;
    }
}
