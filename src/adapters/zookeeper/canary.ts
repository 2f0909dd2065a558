/** A committed write of zkferry's own: the proof that the ensemble, or one server of it, takes writes. */
import type { SessionOptions, ZkSession, ZooKeeperPort } from '../../model/ports';
import type { ServerAddress } from './fourLetterClient';
import { deleteIfEmpty, ensureOwned, ensureRoot, unlessCode, type ZnodeRoot } from './ownedNodes';
import { zooKeeperCode } from './errors';

export interface CanaryCommit {
  /** From request to acknowledgement, without connecting. */
  latencyMs: number;
  /** zxid the write was committed under. */
  mzxid: string;
}

export const canaryPath = ({ root }: ZnodeRoot): string => `${root}/canary`;

/** Creates `<root>/canary` where it is missing, owner-only. */
export async function ensureCanary(session: ZkSession, place: ZnodeRoot): Promise<string> {
  await ensureRoot(session, place);
  await ensureOwned(session, canaryPath(place), place.credential);
  return canaryPath(place);
}

/** Sets the canary through this session. Creates it first where it is missing, which the latency leaves out. */
export async function commitCanary(session: ZkSession, place: ZnodeRoot): Promise<CanaryCommit> {
  const path = canaryPath(place);
  const write = async (): Promise<CanaryCommit> => {
    const data = Buffer.from(JSON.stringify({ at: new Date().toISOString() }));
    const started = performance.now();
    const { mzxid } = await session.set(path, data);
    return { latencyMs: Math.round((performance.now() - started) * 10) / 10, mzxid };
  };
  try {
    return await write();
  } catch (error) {
    if (zooKeeperCode(error) !== 'NoNode') throw error;
    await ensureCanary(session, place);
    return write();
  }
}

/** As `commitCanary`, through a session of its own to exactly these servers (one: the write goes through that one). */
export async function commitCanaryThrough(
  zookeeper: Pick<ZooKeeperPort, 'openSession'>,
  options: SessionOptions,
  place: ZnodeRoot,
): Promise<CanaryCommit> {
  const session = await zookeeper.openSession(options);
  try {
    return await commitCanary(session, place);
  } finally {
    await session.close();
  }
}

/** What one server shows of the canary after a sync; null where there is none. */
export async function readCanaryFrom(
  zookeeper: Pick<ZooKeeperPort, 'openSession'>,
  server: ServerAddress,
  options: Omit<SessionOptions, 'servers'>,
  place: ZnodeRoot,
): Promise<{ mzxid: string; data: Buffer | null } | null> {
  const session = await zookeeper.openSession({ ...options, servers: [server] });
  try {
    await session.sync(canaryPath(place));
    const node = await unlessCode(['NoNode'], () => session.get(canaryPath(place)), null);
    return node && { mzxid: node.stat.mzxid, data: node.data };
  } finally {
    await session.close();
  }
}

/** Takes the canary and what the availability probe left below it away, then the root if it is empty. */
export async function removeCanary(session: ZkSession, place: ZnodeRoot): Promise<void> {
  const path = canaryPath(place);
  const children = await unlessCode(['NoNode'], () => session.children(path), []);
  await Promise.all(children.map((name) => deleteIfEmpty(session, `${path}/${name}`)));
  if (await deleteIfEmpty(session, path)) await deleteIfEmpty(session, place.root);
}
