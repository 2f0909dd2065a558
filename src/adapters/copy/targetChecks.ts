/**
 * What only a try can tell of a target: tried below the copy's own marker, before anything is written where
 * the copy goes. Everything tried is created and deleted in one transaction.
 */
import { randomBytes } from 'node:crypto';
import type { WriteOp } from '../../codec/clientRequests';
import type { AclEntry } from '../../codec/records';
import { isZkferryError, ZkferryError } from '../../model/errors';
import type { ZkSession } from '../../model/ports';
import type { Survey } from '../../tree/copy/survey';
import { OrderedWriter } from '../bulk/orderedWriter';
import { zooKeeperCode } from '../zookeeper/errors';
import { digestId } from '../zookeeper/ownedNodes';
import type { Marker, StepsDone } from './marker';
import type { CopyTarget } from './options';

/** A request that the server can't read ends its connection: tried again, and no longer than this. */
const PATIENCE_MS = 5_000;
/** Smaller requests than this are taken everywhere. */
const SURELY_TAKEN_BYTES = 512 * 1024;
const OPEN: AclEntry[] = [{ perms: 31, scheme: 'world', id: 'anyone' }];
const TRY_TTL_MS = 3_600_000;

interface Try {
  /** What the target can't do, and what to do about it. */
  refusal: string;
  op: WriteOp;
}

/** @throws Unsupported naming the first node the target would not take. Gives the marker as it is afterwards. */
export async function tryTarget(
  target: CopyTarget,
  marker: Marker,
  survey: Survey,
): Promise<Marker> {
  let { version } = marker;
  for (const tries of triesOf(survey, `${marker.path}/try`)) {
    const writer = new OrderedWriter<StepsDone>({
      ...target,
      marker: { path: marker.path, version },
      maxRequestBytes: Number.MAX_SAFE_INTEGER,
      maxInFlight: 1,
      stallTimeoutMs: PATIENCE_MS,
    });
    writer.position = { steps: marker.steps };
    try {
      for (const { op } of tries) await writer.add(op, { kind: 'delete', path: op.path });
      await writer.flush();
      version = writer.markerVersion;
    } catch (error) {
      throw refusalOf(error, tries, target.shown);
    } finally {
      await writer.close();
    }
  }
  return { ...marker, version };
}

/** Each list of tries is one round: what ends the connection is on its own. */
function triesOf(survey: Survey, prefix: string): Try[][] {
  const known = ({ acl }: { acl: AclEntry[] }) => acl.every(({ scheme }) => scheme === 'world');
  const unknown = [...survey.acls.values()].filter((entry) => !known(entry));
  const acls = unknown.map(({ acl, path }, index): Try => {
    const shown = acl.map(({ scheme, id }) => `${scheme}:${id}`).join(', ');
    return {
      refusal: `the ACL of ${path} (${shown}): leave it out with --exclude, or enable what it needs there`,
      op: { kind: 'create', path: `${prefix}-acl-${index}`, data: null, acl },
    };
  });
  const rounds = [acls];
  if (survey.largest.bytes > SURELY_TAKEN_BYTES) {
    const { path, bytes } = survey.largest;
    rounds.push([
      {
        refusal: `${path} (${bytes} bytes of data; its jute.maxbuffer is smaller): raise jute.maxbuffer there, or leave larger nodes out with --exclude`,
        op: { kind: 'create', path: `${prefix}-large`, data: Buffer.alloc(bytes), acl: OPEN },
      },
    ]);
  }
  if (survey.containers > 0)
    rounds.push([
      {
        refusal: `containers, of which the source has ${survey.containers}: they need ZooKeeper 3.5.1 or later`,
        op: { kind: 'createContainer', path: `${prefix}-container`, data: null, acl: OPEN },
      },
    ]);
  if (survey.ttls > 0)
    rounds.push([
      {
        refusal: `nodes with a time to live, of which the source has ${survey.ttls}: start its servers with -Dzookeeper.extendedTypesEnabled=true (3.5.3 or later)`,
        op: {
          kind: 'createTtl',
          path: `${prefix}-ttl`,
          data: null,
          acl: OPEN,
          ttlMs: TRY_TTL_MS,
        },
      },
    ]);
  return rounds.filter((tries) => tries.length > 0);
}

function refusalOf(error: unknown, tries: Try[], shown: string): unknown {
  if (!isZkferryError(error) || error.type === 'EnsembleHeld') return error;
  const details = error.options.details as { path?: string; isDown?: boolean } | undefined;
  if (details?.isDown === true) return error;
  const found = tries.find(({ op }) => op.path === details?.path) ?? tries[0]!;
  if (tries.length > 1 && error.retryable) return error;
  return new ZkferryError('Refused', `${shown} does not take ${found.refusal}`, {
    cause: error,
    details: { code: zooKeeperCode(error) },
  });
}

/** Whether ACLs do not count for this session. */
export async function isSuperuser(session: ZkSession, marker: Marker): Promise<boolean> {
  const path = `${marker.path}/try-super`;
  const nobody = digestId(`nobody:${randomBytes(18).toString('hex')}`);
  const acl = [{ perms: 31, scheme: 'digest', id: nobody }];
  await session.create(path, Buffer.alloc(0), { acl });
  try {
    await session.get(path);
    return true;
  } catch (error) {
    if (zooKeeperCode(error) === 'NoAuth') return false;
    throw error;
  } finally {
    await session.delete(path);
  }
}
