/**
 * Fences effects on the ensemble itself, as the host's lock does those on hosts: `<root>/fence` holds the newest token
 * that has acted, and an older one is refused.
 */
import { ZkferryError } from '../../model/errors';
import type { FenceToken, ZkSession } from '../../model/ports';
import { zooKeeperCode } from './errors';
import { deleteIfEmpty, ensureOwned, ensureRoot, jsonOf, type ZnodeRoot } from './ownedNodes';

const ATTEMPTS = 10;

const fencePath = ({ root }: ZnodeRoot): string => `${root}/fence`;

/** Negative when `a` is older. */
function compare(a: FenceToken, b: FenceToken): number {
  if (a.generation !== b.generation) return a.generation < b.generation ? -1 : 1;
  return a.sequence - b.sequence || a.attempt - b.attempt;
}

function tokenIn(data: Buffer | null): FenceToken | undefined {
  const { generation, sequence, attempt } = jsonOf(data) ?? {};
  return typeof generation === 'string' &&
    typeof sequence === 'number' &&
    typeof attempt === 'number'
    ? { generation, sequence, attempt }
    : undefined;
}

/** @throws StaleFence where a newer token has acted */
export async function advanceFence(
  session: ZkSession,
  place: ZnodeRoot,
  token: FenceToken,
): Promise<void> {
  await ensureRoot(session, place);
  const path = fencePath(place);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    try {
      const { data, stat } = await session.get(path);
      const newest = tokenIn(data);
      const order = newest === undefined ? 1 : compare(token, newest);
      if (order < 0)
        throw new ZkferryError(
          'StaleFence',
          `a newer step has acted on the ensemble (${JSON.stringify(newest)}): ${JSON.stringify(token)} may not act any more`,
        );
      if (order > 0) await session.set(path, Buffer.from(JSON.stringify(token)), stat.version);
      return;
    } catch (error) {
      const code = zooKeeperCode(error);
      if (code === 'NoNode') await ensureOwned(session, path, place.credential);
      else if (code !== 'BadVersion') throw error;
    }
  }
  throw new ZkferryError('StaleFence', `others keep writing ${path}; try again`, {
    retryable: true,
  });
}

/** Taken away with the lock; a run that comes later has a newer generation anyway. */
export const removeFence = async (session: ZkSession, place: ZnodeRoot): Promise<void> =>
  void (await deleteIfEmpty(session, fencePath(place)));
