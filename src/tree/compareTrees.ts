/** Where two trees differ, node by node: both are walked once, in the same order. */
import type { AclEntry, StatRecord } from '../codec/records';
import { sameAcl } from './aclTable';
import type { DataTree, TreeZnode } from './dataTree';

const STAT_FIELDS = [
  'czxid',
  'mzxid',
  'pzxid',
  'ctime',
  'mtime',
  'version',
  'cversion',
  'aversion',
  'ephemeralOwner',
] as const satisfies readonly (keyof StatRecord)[];

/** `node`: it exists on one side only; no other field is then named for it. */
export type DifferentField = 'node' | 'data' | 'acl' | (typeof STAT_FIELDS)[number];

export type DifferentValue = boolean | number | bigint | Buffer | AclEntry[] | null;

export interface Difference {
  path: string;
  field: DifferentField;
  left: DifferentValue;
  right: DifferentValue;
}

export interface CompareOptions {
  /** Paths to leave out; what lies below them is asked for separately. */
  ignore?: (path: string) => boolean;
}

/**
 * Differences in the order of the tree: a parent before its children, siblings by name, and the
 * fields of a node always in one order. Ids of ACLs don't count, their entries do.
 */
export function* compareTrees(
  left: DataTree,
  right: DataTree,
  options: CompareOptions = {},
): Generator<Difference> {
  const { ignore = () => false } = options;
  const lefts = left.nodes({ sorted: true });
  const rights = right.nodes({ sorted: true });
  let one = following(lefts);
  let other = following(rights);
  while (one !== undefined || other !== undefined) {
    const order = orderOf(one?.path, other?.path);
    if (one !== undefined && other !== undefined && order === 0) {
      if (!ignore(one.path)) yield* compareNodes(one, other);
    } else {
      const path = (order < 0 ? one : other)?.path ?? '';
      if (!ignore(path)) yield { path, field: 'node', left: order < 0, right: order > 0 };
    }
    if (order <= 0) one = following(lefts);
    if (order >= 0) other = following(rights);
  }
}

function following(nodes: Iterator<TreeZnode, void>): TreeZnode | undefined {
  const next = nodes.next();
  return next.done === true ? undefined : next.value;
}

/**
 * Nodes that each server writes for itself, at its own time: the configuration of 3.5+, set again at
 * every start, and what a quota counts. Two servers of one ensemble may differ there.
 */
export function isServersOwn(path: string): boolean {
  return (
    path === '/zookeeper/config' ||
    (path.startsWith('/zookeeper/quota/') && path.endsWith('/zookeeper_stats'))
  );
}

export interface SessionDifference {
  sessionId: bigint;
  /** Timeouts; undefined where that side does not know the session. */
  leftMs: number | undefined;
  rightMs: number | undefined;
}

/** By ascending session id. */
export function compareSessions(left: DataTree, right: DataTree): SessionDifference[] {
  const ids = new Set([...left.sessions.keys(), ...right.sessions.keys()]);
  return [...ids]
    .sort((one, other) => (one < other ? -1 : 1))
    .map((sessionId) => ({
      sessionId,
      leftMs: left.sessions.get(sessionId),
      rightMs: right.sessions.get(sessionId),
    }))
    .filter(({ leftMs, rightMs }) => leftMs !== rightMs);
}

function* compareNodes(left: TreeZnode, right: TreeZnode): Generator<Difference> {
  const { path } = left;
  if (!sameData(left.data, right.data)) {
    yield { path, field: 'data', left: left.data, right: right.data };
  }
  if (!sameAcl(left.acl, right.acl)) yield { path, field: 'acl', left: left.acl, right: right.acl };
  for (const field of STAT_FIELDS) {
    if (left.stat[field] !== right.stat[field]) {
      yield { path, field, left: left.stat[field], right: right.stat[field] };
    }
  }
}

/** null and empty differ. */
function sameData(left: Buffer | null, right: Buffer | null): boolean {
  if (left === null || right === null) return left === right;
  return left.equals(right);
}

/** The order of the walk: as of strings, with `/` before every other character. A missing path is last. */
function orderOf(left: string | undefined, right: string | undefined): number {
  if (left === right) return 0;
  if (left === undefined) return 1;
  if (right === undefined) return -1;
  const length = Math.min(left.length, right.length);
  let at = 0;
  while (at < length && left.charCodeAt(at) === right.charCodeAt(at)) at++;
  if (at === length) return left.length - right.length;
  if (left[at] === '/') return -1;
  if (right[at] === '/') return 1;
  return left.charCodeAt(at) - right.charCodeAt(at);
}
