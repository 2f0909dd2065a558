/** The znode that says how far a copy is; only the copy itself may read or write it. */
import { randomBytes } from 'node:crypto';
import { DEFAULT_ZNODE_ROOT } from '../../model/contract';
import { ZkferryError } from '../../model/errors';
import type { ZkSession } from '../../model/ports';
import { jsonOf, ownerAcl, unlessCode } from '../zookeeper/ownedNodes';
import { zooKeeperCode } from '../zookeeper/errors';
import { persistently } from '../zookeeper/persistently';

export interface Marker {
  path: string;
  /** Its version now: the next to write it must say so. */
  version: number;
  /** Steps of the copy that are done. */
  steps: number;
  /** Of a follower: everything up to it is applied. */
  zxid?: bigint;
}

const CLAIMS = 20;

export const newMarkerPath = (root: string = DEFAULT_ZNODE_ROOT): string =>
  `${root}/copy-${randomBytes(8).toString('hex')}`;

/** What the marker holds, as JSON, after so many steps. */
export interface StepsDone {
  steps: number;
}

/** Makes the marker where it is missing, and takes it over: whoever wrote with it before can write no more. */
export function claimMarker(session: ZkSession, path: string, credential: string): Promise<Marker> {
  return persistently(() => claim(session, path, credential));
}

async function claim(session: ZkSession, path: string, credential: string): Promise<Marker> {
  // Others' locks live under the same root: whoever comes first leaves it open for the next.
  const root = path.slice(0, path.lastIndexOf('/'));
  await unlessCode(['NodeExists'], () => session.create(root, Buffer.alloc(0)), undefined);
  const isNew = await unlessCode(
    ['NodeExists'],
    async () => {
      const data = Buffer.from(JSON.stringify({ steps: 0 } satisfies StepsDone));
      await session.create(path, data, { acl: ownerAcl(credential) });
      return true;
    },
    false,
  );
  if (isNew) return { path, version: 0, steps: 0 };
  for (let attempt = 0; attempt < CLAIMS; attempt++) {
    const { data, stat } = await session.get(path);
    const { steps, zxid } = jsonOf(data) ?? {};
    try {
      const claimed = await session.set(path, data ?? Buffer.alloc(0), stat.version);
      return {
        ...{ path, version: claimed.version, steps: typeof steps === 'number' ? steps : 0 },
        ...(typeof zxid === 'string' && { zxid: BigInt(zxid) }),
      };
    } catch (error) {
      // What the killed process had sent is still being applied.
      if (zooKeeperCode(error) !== 'BadVersion') throw error;
    }
  }
  throw new ZkferryError(
    'EnsembleHeld',
    `somebody else writes with the marker ${path}: let one of the two end`,
  );
}

/** The root goes too where nobody else uses it. */
export async function removeMarker(session: ZkSession, path: string): Promise<void> {
  const root = path.slice(0, path.lastIndexOf('/'));
  await persistently(() => unlessCode(['NoNode'], () => session.delete(path), undefined));
  await persistently(() =>
    unlessCode(['NotEmpty', 'NoNode', 'NoAuth'], () => session.delete(root), undefined),
  );
}
