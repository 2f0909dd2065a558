/**
 * The persistent lock that keeps two runs, also of different Temporal clusters, off one ensemble.
 *
 * 1. create `<root>` and `<root>/lock`, owner-only;
 * 2. create `<root>/lock/<runId>` (already there: it is this run's, from an earlier attempt),
 *    owner-only, and write into it who holds it;
 * 3. list the children. A child with a lower czxid came first: take the own one away and refuse.
 *
 * Exactly one run holds the lock at a time: czxids are totally ordered, and a server that shows the own
 * child shows every child created before it. The znode is persistent: it outlives workers and sessions,
 * and only `release` or an operator's `unlock` removes it.
 */
import { ZkferryError } from '../../model/errors';
import type { ZkSession } from '../../model/ports';
import { zooKeeperCode } from './errors';
import {
  deleteIfEmpty,
  ensureOwned,
  ensureRoot,
  jsonOf,
  unlessCode,
  type ZnodeRoot,
} from './ownedNodes';

const ACQUIRE_ATTEMPTS = 5;
const RUN_ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,199}$/;

export interface LockOwner {
  workflowId: string;
  runId: string;
  strategy: string;
  /** ISO 8601. */
  since: string;
}

export interface LockHolder extends Partial<LockOwner> {
  runId: string;
  since: string;
  /** czxid of its znode as 16 hex digits. */
  generation: string;
  /** False: it came later and has not yet noticed. */
  holds: boolean;
}

export interface HeldLock {
  /** Grows with every run that takes the ensemble: czxid of the own child, 16 hex digits. */
  generation: string;
  path: string;
}

const lockPath = ({ root }: ZnodeRoot): string => `${root}/lock`;

function childPath(place: ZnodeRoot, runId: string): string {
  if (!RUN_ID.test(runId)) {
    throw new ZkferryError('InvalidInput', `not a run id: ${JSON.stringify(runId)}`);
  }
  return `${lockPath(place)}/${runId}`;
}

/** `0x10000002a` → `000000010000002a`, which compares as text. */
export const generationOf = (czxid: string): string => czxid.slice(2).padStart(16, '0');

/** Takes the lock, or confirms that this run holds it. EnsembleLocked (not retryable) while another run does. */
export async function acquireLock(
  session: ZkSession,
  place: ZnodeRoot,
  owner: LockOwner,
): Promise<HeldLock> {
  const path = childPath(place, owner.runId);
  for (let attempt = 1; ; attempt += 1) {
    try {
      await ensureRoot(session, place);
      await ensureOwned(session, lockPath(place), place.credential);
      await ensureOwned(session, path, place.credential);
      break;
    } catch (error) {
      // A run that just ended removed the empty parents between two of our creates.
      if (zooKeeperCode(error) !== 'NoNode' || attempt === ACQUIRE_ATTEMPTS) throw error;
    }
  }
  const written = jsonOf((await session.get(path)).data);
  if (written === undefined) {
    const { workflowId, runId, strategy, since } = owner;
    await session.set(path, Buffer.from(JSON.stringify({ workflowId, runId, strategy, since })));
  }
  const holders = await inspectLock(session, place);
  const first = holders[0];
  const own = holders.find((holder) => holder.runId === owner.runId);
  if (!first || !own) {
    throw new ZkferryError(
      'ZooKeeperUnavailable',
      `the lock ${path} vanished while it was taken (somebody broke it): try again`,
      { retryable: true },
    );
  }
  if (first.runId === owner.runId) return { generation: own.generation, path };
  await deleteIfEmpty(session, path);
  throw lockedBy(first, place);
}

function lockedBy(
  holder: Pick<LockHolder, 'runId' | 'workflowId' | 'strategy' | 'since'>,
  { root }: ZnodeRoot,
): ZkferryError {
  const who = `${holder.strategy ?? 'run'} ${holder.workflowId ?? ''}`.trim();
  return new ZkferryError(
    'EnsembleLocked',
    `the ensemble is held by ${who} (run ${holder.runId}) since ${holder.since}, lock ${root}/lock: ` +
      `let it end; once that run is proven closed, \`zkferry unlock\` breaks the lock`,
    { details: { ...holder } },
  );
}

/** Whether this run still holds the lock it took, seen as fresh as the ensemble knows (sync first). */
export async function verifyLock(
  session: ZkSession,
  place: ZnodeRoot,
  { runId, generation }: { runId: string; generation: string },
): Promise<{ held: boolean; reason?: string }> {
  const path = childPath(place, runId);
  await unlessCode(['NoNode'], () => session.sync(path), undefined);
  const holders = await inspectLock(session, place);
  const own = holders.find((holder) => holder.runId === runId);
  if (!own) return { held: false, reason: `${path} is gone: somebody broke the lock` };
  if (own.generation !== generation) {
    return { held: false, reason: `${path} was taken anew (${own.generation}, not ${generation})` };
  }
  if (!own.holds) {
    return { held: false, reason: `run ${holders[0]!.runId} holds the lock and came first` };
  }
  return { held: true };
}

/** Removes this run's child, then the parents as far as they are empty. Repeating it is harmless. */
export async function releaseLock(
  session: ZkSession,
  place: ZnodeRoot,
  runId: string,
): Promise<void> {
  await deleteIfEmpty(session, childPath(place, runId));
  if (await deleteIfEmpty(session, lockPath(place))) await deleteIfEmpty(session, place.root);
}

/** All runs at the lock, the holder first. */
export async function inspectLock(session: ZkSession, place: ZnodeRoot): Promise<LockHolder[]> {
  const names = await unlessCode(['NoNode'], () => session.children(lockPath(place)), []);
  const found = await Promise.all(
    names.map(async (runId) => {
      const node = await unlessCode(
        ['NoNode'],
        () => session.get(`${lockPath(place)}/${runId}`),
        null,
      );
      return node === null ? [] : [{ runId, node }];
    }),
  );
  return found
    .flat()
    .map(({ runId, node }) => {
      const data = jsonOf(node.data) ?? {};
      const text = (field: string): string | undefined =>
        typeof data[field] === 'string' ? data[field] : undefined;
      return {
        runId,
        workflowId: text('workflowId'),
        strategy: text('strategy'),
        since: text('since') ?? new Date(node.stat.ctimeMs).toISOString(),
        generation: generationOf(node.stat.czxid),
      };
    })
    .sort((a, b) => (a.generation < b.generation ? -1 : 1))
    .map((holder, index) => ({ ...holder, holds: index === 0 }));
}

/** Breaks the locks that were taken up to a zxid: those that a restore to it has brought back. The runs they were of. */
export async function breakLocksUpTo(
  session: ZkSession,
  place: ZnodeRoot,
  zxid: string,
): Promise<string[]> {
  const past = (await inspectLock(session, place)).filter(
    ({ generation }) => generation <= generationOf(zxid),
  );
  for (const { runId } of past) await releaseLock(session, place, runId);
  return past.map(({ runId }) => runId);
}

/** Removes one run's lock whether or not it lives: prove first that the run is closed. False: there was none. */
export async function breakLock(
  session: ZkSession,
  place: ZnodeRoot,
  runId: string,
): Promise<boolean> {
  const existed = (await session.exists(childPath(place, runId))) !== null;
  await releaseLock(session, place, runId);
  return existed;
}
