/** Every transaction and snapshot a server could write, and ways to damage the bytes. */
import fc from 'fast-check';
import type { SnapshotTrailer } from '../../../src/codec/snapshot';
import {
  TXN_TYPE,
  type AclEntry,
  type SnapshotTables,
  type Txn,
  type TxnBody,
  type ZnodeRecord,
} from '../../../src/codec/records';
import { anyText } from '../../support/anyText';

const long = fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n });
const int = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
/** UTF-16 units of all kinds, lone surrogates included: Java writes them, and each comes back. */
const text = fc.oneof(
  { weight: 3, arbitrary: fc.string({ maxLength: 20 }) },
  anyText({ maxLength: 12 }),
  fc
    .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 8 })
    .map((units) => String.fromCharCode(...units)),
);
const path = text.map((name) => `/${name}`);
const data = fc.option(fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)));
const entry: fc.Arbitrary<AclEntry> = fc.record({ perms: int, scheme: text, id: text });
const list = fc.array(entry, { maxLength: 3 });
const acl = fc.option(list);

const part: fc.Arbitrary<TxnBody> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('create', 'create2'),
    ...{ path, data, acl, ephemeral: fc.boolean(), parentCversion: int },
  }),
  fc.record({
    kind: fc.constant('create'),
    ...{ path, data, acl, ephemeral: fc.boolean(), parentCversion: fc.constant(-1) },
    old: fc.constant(true),
  }),
  fc.record({ kind: fc.constant('createContainer'), path, data, acl, parentCversion: int }),
  fc.record({ kind: fc.constant('createTtl'), path, data, acl, parentCversion: int, ttl: long }),
  fc.record({ kind: fc.constantFrom('delete', 'deleteContainer'), path }),
  fc.record({ kind: fc.constantFrom('setData', 'reconfig'), path, data, version: int }),
  fc.record({ kind: fc.constant('setAcl'), path, acl, version: int }),
  fc.record({ kind: fc.constant('check'), path, version: int }),
  fc.record({ kind: fc.constant('error'), code: int }),
);

/** Of a multi that failed elsewhere, as a server hands it on that has applied it. */
const markedPart: fc.Arbitrary<TxnBody> = fc.record({
  kind: fc.constant('error'),
  code: int,
  rest: fc.uint8Array({ minLength: 1, maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
});

const body: fc.Arbitrary<TxnBody> = fc.oneof(
  { weight: 6, arbitrary: part },
  fc.record({
    kind: fc.constant('multi'),
    txns: fc.array(fc.oneof({ weight: 9, arbitrary: part }, markedPart), { maxLength: 4 }),
  }),
  fc.record({ kind: fc.constant('createSession'), timeoutMs: int }),
  fc.record({
    kind: fc.constant('closeSession'),
    paths: fc.option(fc.array(path, { maxLength: 3 })),
  }),
);

const digest = fc.record({ version: fc.constant(2), treeDigest: long });

/** As 3.3 wrote them, old records carry no digest: nothing would tell it from the field they lack. */
export const anyTxn: fc.Arbitrary<Txn> = fc
  .record({
    ...{ clientId: long, cxid: int, zxid: long, time: long, body },
    digest: fc.option(digest, { nil: undefined }),
  })
  .map(({ body: made, digest: appended, ...header }) => ({
    header: { ...header, type: TXN_TYPE[made.kind] },
    body: made,
    ...(appended && !('old' in made) ? { digest: appended } : {}),
  }));

export interface SnapshotContent {
  tables: SnapshotTables;
  nodes: ZnodeRecord[];
  trailer: SnapshotTrailer;
}

const znode: fc.Arbitrary<ZnodeRecord> = fc.record({
  path: path.filter((candidate) => candidate !== '/'),
  ...{ data, aclId: long },
  stat: fc.record({
    ...{ czxid: long, mzxid: long, ctime: long, mtime: long },
    ...{ version: int, cversion: int, aversion: int, ephemeralOwner: long, pzxid: long },
  }),
});

export const anySnapshot: fc.Arbitrary<SnapshotContent> = fc.record({
  tables: fc.record({
    sessions: fc.array(fc.record({ sessionId: long, timeoutMs: int }), { maxLength: 3 }),
    acls: fc
      .uniqueArray(fc.tuple(long, list), { maxLength: 3, selector: ([key]) => key })
      .map((entries) => new Map(entries)),
  }),
  nodes: fc
    .tuple(znode, fc.array(znode, { maxLength: 12 }))
    .map(([root, others]) => [{ ...root, path: '/' }, ...others]),
  trailer: fc.record(
    {
      digest: fc.record({ zxid: long, version: int, digest: long }),
      lastZxid: long,
    },
    { requiredKeys: [] },
  ),
});

/** Sizes of the chunks a file arrives in, gone through again and again. */
export const chunkSizes = fc.array(fc.integer({ min: 1, max: 300 }), {
  minLength: 1,
  maxLength: 5,
});

export function chunked(bytes: Buffer, sizes: readonly number[]): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length]!;
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  return chunks;
}

export type Damage =
  | { kind: 'flip'; at: number; bit: number }
  | { kind: 'cut'; at: number }
  | { kind: 'zero' | 'drop' | 'double'; at: number; length: number }
  | { kind: 'swap'; at: number; other: number; length: number }
  | { kind: 'int'; at: number; value: number };

/** Positions are parts of 2^30, so that one damage suits a file of any length. */
const position = fc.integer({ min: 0, max: 2 ** 30 - 1 });
const length = fc.integer({ min: 1, max: 64 });

export const anyDamage: fc.Arbitrary<Damage> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('flip'), at: position, bit: fc.nat(7) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('cut'), at: position }) },
  fc.record({ kind: fc.constantFrom('zero', 'drop', 'double'), at: position, length }),
  // Four bytes: lengths are exchanged among other things.
  fc.record({ kind: fc.constant('swap'), at: position, other: position, length: fc.constant(4) }),
  fc.record({
    kind: fc.constant('int'),
    at: position,
    value: fc.oneof(int, fc.integer({ min: -2, max: 400 }), fc.constant(0x7fff_ffff)),
  }),
);

export function damaged(bytes: Buffer, damage: Damage): Buffer {
  const place = (at: number) => Math.floor((at / 2 ** 30) * bytes.length);
  const at = place(damage.at);
  if (damage.kind === 'cut') return Buffer.from(bytes.subarray(0, at));
  if (damage.kind === 'drop') {
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + damage.length)]);
  }
  if (damage.kind === 'double') {
    return Buffer.concat([bytes.subarray(0, at + damage.length), bytes.subarray(at)]);
  }
  const copy = Buffer.from(bytes);
  if (damage.kind === 'flip') copy[at] = copy[at]! ^ (1 << damage.bit);
  else if (damage.kind === 'zero') copy.fill(0, at, Math.min(at + damage.length, copy.length));
  else if (damage.kind === 'swap') {
    const other = place(damage.other);
    bytes.copy(copy, at, other, Math.min(other + damage.length, bytes.length));
    bytes.copy(copy, other, at, Math.min(at + damage.length, bytes.length));
  } else if (damage.kind === 'int' && at + 4 <= copy.length) copy.writeInt32BE(damage.value, at);
  return copy;
}
