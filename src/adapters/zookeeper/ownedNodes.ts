/** Znodes of zkferry's own subtree: nobody but their owner may read or write them. */
import { createHash } from 'node:crypto';
import type { ZkAcl, ZkSession } from '../../model/ports';
import { zooKeeperCode } from './errors';

const ALL_PERMISSIONS = 31;

/** What lock and canary need of where they live. */
export interface ZnodeRoot {
  /** E.g. `/zkferry`. */
  root: string;
  /**
   * `user:password` of a digest credential that the session holds. Without one the znodes stay open to
   * everybody who reaches the ensemble.
   */
  credential?: string;
}

/** `user:password` → the id of its digest ACL, `user:base64(sha1(user:password))` (DigestAuthenticationProvider). */
export function digestId(credential: string): string {
  const user = credential.split(':', 1)[0]!;
  return `${user}:${createHash('sha1').update(credential, 'utf8').digest('base64')}`;
}

export function ownerAcl(credential: string): ZkAcl[] {
  return [{ perms: ALL_PERMISSIONS, scheme: 'digest', id: digestId(credential) }];
}

/** Runs `act`; where ZooKeeper answers one of `codes` gives `otherwise` instead. */
export async function unlessCode<T, U>(
  codes: readonly string[],
  act: () => Promise<T>,
  otherwise: U,
): Promise<T | U> {
  try {
    return await act();
  } catch (error) {
    if (codes.includes(zooKeeperCode(error) ?? '')) return otherwise;
    throw error;
  }
}

/**
 * Makes sure `path` exists and is the owner's alone, from the moment it exists. One that is there already is
 * closed to all others; if it is another owner's, that gives ZooKeeperAuthFailed. Repeating it is harmless.
 */
export async function ensureOwned(
  session: ZkSession,
  path: string,
  credential: string | undefined,
): Promise<void> {
  const acl = credential === undefined ? undefined : ownerAcl(credential);
  try {
    await session.create(path, Buffer.alloc(0), { acl });
  } catch (error) {
    if (zooKeeperCode(error) !== 'NodeExists') throw error;
    if (acl) await session.setAcl(path, acl);
  }
}

/** The root itself owned; its parents, where they are missing, created open: they are nobody's in particular. */
export async function ensureRoot(
  session: ZkSession,
  { root, credential }: ZnodeRoot,
): Promise<void> {
  const names = root.split('/').slice(1);
  for (let depth = 1; depth < names.length; depth += 1) {
    const parent = `/${names.slice(0, depth).join('/')}`;
    await unlessCode(['NodeExists'], () => session.create(parent, Buffer.alloc(0)), undefined);
  }
  await ensureOwned(session, root, credential);
}

/** Deletes a znode unless it is gone already or holds something of others. Says whether it is gone. */
export async function deleteIfEmpty(session: ZkSession, path: string): Promise<boolean> {
  const outcome = await unlessCode(
    ['NoNode'],
    () =>
      unlessCode(
        ['NotEmpty'],
        async () => {
          await session.delete(path);
          return true;
        },
        false,
      ),
    true,
  );
  return outcome;
}

/** JSON of a znode of ours; undefined where it's empty or not JSON. */
export function jsonOf(data: Buffer | null): Record<string, unknown> | undefined {
  if (data === null || data.length === 0) return undefined;
  try {
    const value: unknown = JSON.parse(data.toString('utf8'));
    return typeof value === 'object' && value !== null
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
