/** What `ephemeralOwner` says about a node (EphemeralType.java). */
import { ZkferryError } from '../model/errors';

export type NodeType = 'persistent' | 'ephemeral' | 'container' | 'ttl';

export const CONTAINER_OWNER = -(1n << 63n);

const TTL_MARK = 0xffn << 56n;
/** 40 bits of milliseconds, about 34 years. */
const MAX_TTL_MS = (1n << 40n) - 1n;

/**
 * The type as a server with `extendedTypesEnabled` sees it; without that flag it takes a TTL node for
 * an ephemeral of a session that does not exist. The marks 3.5.3 alone wrote (ZOOKEEPER-2901) look
 * like session ids, and count as such.
 */
export function nodeType(ephemeralOwner: bigint): NodeType {
  if (ephemeralOwner === 0n) return 'persistent';
  if (ephemeralOwner === CONTAINER_OWNER) return 'container';
  return BigInt.asUintN(64, ephemeralOwner) >> 40n === TTL_MARK >> 40n ? 'ttl' : 'ephemeral';
}

/** The time to live in milliseconds of a node of type `ttl`. */
export function ttlMs(ephemeralOwner: bigint): bigint {
  return ephemeralOwner & MAX_TTL_MS;
}

/** @throws ZkferryError where no server would have written such a time to live. */
export function ttlOwner(ttl: bigint): bigint {
  if (ttl <= 0n || ttl > MAX_TTL_MS) {
    throw new ZkferryError(
      'BackupInvalid',
      `a node with a time to live of ${ttl} ms (1 to ${MAX_TTL_MS} are possible): the transaction is damaged, take it from another server`,
    );
  }
  return BigInt.asIntN(64, TTL_MARK | ttl);
}
