/** Where a node that a server shows to clients differs from the node it should be. */
import type { AclEntry, StatRecord } from '../../codec/records';
import { sameAcl } from '../aclTable';
import type { DifferentField, DifferentValue } from '../compareTrees';
import { nextSequenceSeen } from '../counters';
import type { TreeZnode } from '../dataTree';
import type { SourceNode } from '../source';

export interface ServedDifference {
  path: string;
  /** `node`: it is on one side only. */
  field: DifferentField;
  expected: DifferentValue;
  served: DifferentValue;
}

const PLAIN_FIELDS = [
  ...(['czxid', 'mzxid', 'pzxid', 'ctime', 'mtime'] as const),
  ...(['version', 'aversion'] as const),
] satisfies readonly (keyof StatRecord)[];

/** Every field a client can read. `served.stat.cversion` is the next sequence number (nextSequenceSeen). */
export function* servedDifferences(
  expected: TreeZnode,
  served: SourceNode,
): Generator<ServedDifference> {
  const { path } = expected;
  if (!sameData(expected.data, served.data))
    yield { path, field: 'data', expected: expected.data, served: served.data };
  if (!sameAcl(expected.acl, served.acl) && !isShownSo(expected.acl, served.acl))
    yield { path, field: 'acl', expected: expected.acl, served: served.acl };
  for (const field of PLAIN_FIELDS)
    if (expected.stat[field] !== served.stat[field])
      yield { path, field, expected: expected.stat[field], served: served.stat[field] };
  const counter = counterShown(expected);
  if (counter !== served.stat.cversion)
    yield { path, field: 'cversion', expected: counter, served: served.stat.cversion };
  const owner = expected.stat.ephemeralOwner;
  const shown = expected.type === 'ephemeral' ? owner : 0n;
  // A server without extendedTypesEnabled shows the mark of a TTL node as if it were a session.
  const isMark = expected.type === 'ttl' && served.stat.ephemeralOwner === owner;
  if (served.stat.ephemeralOwner !== shown && !isMark)
    yield { path, field: 'ephemeralOwner', expected: shown, served: served.stat.ephemeralOwner };
}

/** As a client computes it: from 2^31 on it can't be told from its twin, on either side. */
const counterShown = ({ stat, numChildren }: TreeZnode): number =>
  nextSequenceSeen({ cversion: (2 * stat.cversion - numChildren) | 0, numChildren });

/** What servers make of an ACL: an equal one may be shown otherwise. */
function isShownSo(expected: AclEntry[] | null, served: AclEntry[]): boolean {
  if (expected?.length !== served.length) return false;
  return expected.every(({ perms, scheme, id }, index) => {
    const shown = served[index]!;
    if (perms !== shown.perms || scheme !== shown.scheme) return false;
    // From 3.8 on, to whoever may not administer the node, `x` stands for a digest.
    const isRedacted = scheme === 'digest' && shown.id === `${id.split(':', 1)[0]}:x`;
    return isRedacted || asRead(id) === asRead(shown.id);
  });
}

/** Beyond U+FFFF a server does not read what it wrote itself: from its next start on, each surrogate is replaced. */
const asRead = (id: string): string => id.replace(/[\ud800-\udfff]/g, '\ufffd');

function sameData(left: Buffer | null, right: Buffer | null): boolean {
  if (left === null || right === null) return left === right;
  return left.equals(right);
}
