/**
 * Transactions that the stream passed over, from the members' own logs.
 *
 * Within an epoch a log that goes on number by number lacks nothing. Where an epoch ends, one log alone does not tell:
 * a member that was away may have been given a snapshot, and holds nothing of an epoch in between, or still holds a
 * tail that was never committed. So each change of epoch in the log that is taken must stand in a majority's logs, with
 * the transactions on both sides of it. An ensemble that was put back to an earlier state has logs that begin anew: they
 * lead on from nothing that was captured before. Only the very beginning, 0x0, stands in no log.
 */
import { counterOf, epochOf, follows } from '../../codec/quorum/packet';
import { isZkferryError, ZkferryError } from '../../model/errors';
import type { DataFile, HostDataPort } from '../../model/hostData';
import type { ResolvedServer } from '../../model/inventory';
import type { OperationContext } from '../../model/ports';
import { zxidText } from '../../model/zxid';
import { scanLog } from '../move/scanLogs';
import type { UnseenRange } from '../tap';

export interface MemberLogs {
  host: HostDataPort;
  /** Voters that serve now, the leader first: what does not serve may hold what was never committed. */
  serving: readonly ResolvedServer[];
  /** Of all voters. */
  majority: number;
  heartbeat(detail: unknown): void;
}

export interface FilledTxn {
  zxid: bigint;
  bytes: Buffer;
}

/** In order and whole; BackupInvalid, saying why for each member, where no log holds the range as it must be. */
export async function* fillFromMembers(
  logs: MemberLogs,
  range: UnseenRange,
  signal: AbortSignal,
): AsyncGenerator<FilledTxn> {
  const shapes = await Promise.all(
    logs.serving.map((server) => shapeOf(logs, server, range, signal)),
  );
  const whole = shapes.find(
    (shape) => shape.refusal === undefined && changesStand(shape, shapes, logs.majority),
  );
  if (whole === undefined) throw notFilled(range, shapes, logs.majority);
  const context: OperationContext = { signal, heartbeat: (detail) => logs.heartbeat(detail) };
  const { files } = await logs.host.listDataFiles(whole.server, context);
  for await (const txn of txnsOf(logs.host, whole.server, files, range, context))
    if (txn.zxid > range.after) yield txn;
}

/** How a member's log runs through the range: each change of epoch, as the two zxids around it. */
interface Shape {
  server: ResolvedServer;
  changes: string[];
  refusal?: string;
}

async function shapeOf(
  logs: MemberLogs,
  server: ResolvedServer,
  range: UnseenRange,
  signal: AbortSignal,
): Promise<Shape> {
  const changes: string[] = [];
  let last = range.after;
  // Only a log that holds the last transaction before the range tells what came next, once the epoch has changed.
  let holdsLast = false;
  const context: OperationContext = { signal, heartbeat: (detail) => logs.heartbeat(detail) };
  const unknown = (): Shape => ({
    server,
    changes,
    refusal: `does not hold ${zxidText(range.after)} itself, so that what came between that and a later epoch cannot be told`,
  });
  try {
    const { files } = await logs.host.listDataFiles(server, context);
    for await (const { zxid } of txnsOf(logs.host, server, files, range, context)) {
      holdsLast ||= last === 0n && isFirstEver(zxid, files);
      if (zxid === range.after) {
        holdsLast = true;
        continue;
      }
      if (!follows(zxid, last))
        return { server, changes, refusal: `has ${zxidText(zxid)} after ${zxidText(last)}` };
      if (epochOf(zxid) !== epochOf(last)) {
        if (!holdsLast) return unknown();
        changes.push(`${last}-${zxid}`);
      }
      last = zxid;
      holdsLast = true;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!isZkferryError(error)) throw error;
    return { server, changes, refusal: error.message };
  }
  // A leader's first zxid of an epoch, counter 0, is no transaction.
  const isNewEpoch = counterOf(range.upTo) === 0n && epochOf(last) < epochOf(range.upTo);
  if (isNewEpoch && !holdsLast) return unknown();
  const isEnd = last === range.upTo || isNewEpoch;
  return isEnd ? { server, changes } : { server, changes, refusal: `ends at ${zxidText(last)}` };
}

const changesStand = (shape: Shape, shapes: readonly Shape[], majority: number): boolean =>
  shape.changes.every(
    (change) => shapes.filter(({ changes }) => changes.includes(change)).length >= majority,
  );

const EPOCH_ONE = 1n << 32n;

/**
 * Whether a log that begins with this transaction begins with the first one of all: nothing comes before the first one
 * of epoch 1, and a server that still has its empty snapshot and none from before the transaction was given none.
 */
function isFirstEver(zxid: bigint, files: readonly DataFile[]): boolean {
  if (zxid === EPOCH_ONE + 1n) return true;
  const snapshots = files
    .filter(({ name }) => name.startsWith('snapshot.'))
    .map((file) => BigInt(file.zxid));
  return snapshots.includes(0n) && !snapshots.some((at) => at > EPOCH_ONE && at < zxid);
}

/** With the last one before the range, where it is there. */
async function* txnsOf(
  host: HostDataPort,
  server: ResolvedServer,
  files: readonly DataFile[],
  { after, upTo }: UnseenRange,
  context: OperationContext,
): AsyncGenerator<FilledTxn> {
  let last = after - 1n;
  for (const file of covering(files, after, upTo))
    for await (const { zxid, bytes } of scanLog(host, server, { file }, context)) {
      if (zxid > upTo) return;
      if (zxid <= last) continue;
      last = zxid;
      yield { zxid, bytes };
    }
}

/** Logs, by the first zxid in them, from the one that would hold the last transaction before the range. */
function covering(files: readonly DataFile[], after: bigint, upTo: bigint): DataFile[] {
  const ordered = files
    .filter(({ name }) => name.startsWith('log.'))
    .sort((one, other) => (BigInt(one.zxid) < BigInt(other.zxid) ? -1 : 1));
  const first = ordered.findLastIndex(({ zxid }) => BigInt(zxid) <= after);
  return ordered.slice(Math.max(0, first)).filter(({ zxid }) => BigInt(zxid) <= upTo);
}

function notFilled(
  { after, upTo }: UnseenRange,
  shapes: readonly Shape[],
  majority: number,
): ZkferryError {
  const reasons = shapes.map(
    ({ server, refusal }) =>
      `${server.name} ${refusal ?? `changes epoch where fewer than ${majority} voters' logs do`}`,
  );
  return new ZkferryError(
    'BackupInvalid',
    `no member's log holds (${zxidText(after)}, ${zxidText(upTo)}] whole: ${reasons.join('; ') || 'no voter that serves can be reached by SSH'}`,
  );
}
