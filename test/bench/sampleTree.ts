/**
 * The tree that is copied and compared: parents of a thousand nodes each, ten parents a part. A larger tree
 * holds every smaller one. Pure.
 */
import { encodeMulti, type WriteOp } from '../../src/codec/clientRequests';

export const DATA_BYTES = 256;
export const PARENT_NODES = 1_000;
/** Nodes with data in one part. */
export const PART_NODES = 10_000;
/** Operations of one multi. */
const MULTI_OPS = 500;
const MULTI_BYTES = 256 * 1024;
const OPEN_TO_ALL = [{ perms: 31, scheme: 'world', id: 'anyone' }];
const EMPTY = Buffer.alloc(0);

/** The data of every node is a piece of these bytes. */
const pool = Buffer.alloc(8_192 + DATA_BYTES);
for (let at = 0, state = 1; at < pool.length; at += 1) {
  state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
  pool[at] = state >> 16;
}

export const partOf = (root: string, part: number): string => `${root}/part-${part}`;

/** All znodes of a tree with `count` data nodes: its root, parts and parents too. */
export const znodesIn = (count: number): number =>
  1 + Math.ceil(count / PART_NODES) + Math.ceil(count / PARENT_NODES) + count;

/** Of data node `index`. In a whole tree they recur, so that compression finds them. */
export function sampleData(index: number): Buffer {
  const start = (index * 37) % (pool.length - DATA_BYTES);
  return pool.subarray(start, start + DATA_BYTES);
}

/** Creates in an order that a server takes, from data node `from` on, for a tree that has those before it. */
export function* sampleNodes(
  root: string,
  count: number,
  from = 0,
  dataOf: (index: number) => Buffer = sampleData,
): Generator<WriteOp> {
  const create = (path: string, data: Buffer): WriteOp => ({
    kind: 'create',
    path,
    data,
    acl: OPEN_TO_ALL,
  });
  if (from === 0) yield create(root, EMPTY);
  for (let index = from; index < count; index += 1) {
    const part = partOf(root, Math.floor(index / PART_NODES));
    const parent = `${part}/parent-${Math.floor(index / PARENT_NODES)}`;
    if (index % PART_NODES === 0) yield create(part, EMPTY);
    if (index % PARENT_NODES === 0) yield create(parent, EMPTY);
    yield create(`${parent}/node-${index}`, dataOf(index));
  }
}

/** Deletes of such a tree, children first. */
export function deletesOf(root: string, count: number): WriteOp[] {
  const paths = Array.from(sampleNodes(root, count), ({ path }) => path);
  return paths.reverse().map((path) => ({ kind: 'delete', path }));
}

/** Frames of multis, 500 operations each, whose request number is still to be written. */
export function* multisOf(ops: Iterable<WriteOp>): Generator<Buffer> {
  let some: WriteOp[] = [];
  for (const op of ops) {
    some.push(op);
    if (some.length < MULTI_OPS) continue;
    yield encodeMulti(0, some, MULTI_BYTES);
    some = [];
  }
  if (some.length > 0) yield encodeMulti(0, some, MULTI_BYTES);
}
