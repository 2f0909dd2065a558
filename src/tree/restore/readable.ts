/** Whether a release can read what shall be put before it. Older ones delete silently what they don't know, or don't start. */
import type { TxnBody } from '../../codec/records';
import { ZkferryError } from '../../model/errors';
import { atLeast } from '../../model/version';
import { nodeType } from '../nodeType';

/** The first release with create2, containers, TTL nodes and reconfig in their final form. */
const EXTENDED_TYPES_SINCE = '3.5.3';
/** The first release that writes tree digests, and checks those of snapshots. */
const DIGESTS_SINCE = '3.6.0';

const UNKNOWN_TO_OLD: ReadonlySet<TxnBody['kind']> = new Set<TxnBody['kind']>([
  ...(['create2', 'createContainer', 'createTtl'] as const),
  ...(['deleteContainer', 'reconfig'] as const),
]);

export class Readability {
  private ttls = 0;
  private firstTtl = '';

  /** `version`: of the servers that shall read it; without it everything is taken for readable. */
  constructor(private readonly version: string | undefined) {}

  private get isOld(): boolean {
    return this.version !== undefined && !atLeast(this.version, EXTENDED_TYPES_SINCE);
  }

  /** Whether those servers check a digest after the nodes of a snapshot; false where their version is not known. */
  get readsDigests(): boolean {
    return this.version !== undefined && atLeast(this.version, DIGESTS_SINCE);
  }

  /**
   * A node that shall be loaded.
   *
   * @throws ZkferryError Unsupported for one that they would delete without a word
   */
  node(path: string, ephemeralOwner: bigint): void {
    if (ephemeralOwner === 0n) return;
    const type = nodeType(ephemeralOwner);
    if (type !== 'container' && type !== 'ttl') return;
    if (this.isOld)
      throw new ZkferryError(
        'Unsupported',
        `${path} is a ${type === 'ttl' ? 'TTL' : 'container'} node, which ${this.version} would take for the ephemeral of a dead session and delete: restore to ${EXTENDED_TYPES_SINCE} or later`,
      );
    if (type === 'ttl' && this.ttls++ === 0) this.firstTtl = path;
  }

  /**
   * A transaction that shall lie in a log.
   *
   * @throws ZkferryError Unsupported for one at which they would not start
   */
  txn(zxid: bigint, body: TxnBody): void {
    if (!this.isOld) return;
    const kind = unknownToOld(body);
    if (kind === undefined) return;
    throw new ZkferryError(
      'Unsupported',
      `the transaction 0x${zxid.toString(16)} is a ${kind}, at which ${this.version} does not start: restore it as a clean snapshot instead, which has no log`,
    );
  }

  /** What whoever starts those servers must know; a line each. */
  get warnings(): string[] {
    if (this.ttls === 0) return [];
    return [
      `${this.ttls} TTL node${this.ttls === 1 ? '' : 's'} (the first is ${this.firstTtl}): a server without extendedTypesEnabled=true deletes them silently, so set it before the first start`,
    ];
  }
}

function unknownToOld(body: TxnBody): TxnBody['kind'] | undefined {
  if (UNKNOWN_TO_OLD.has(body.kind)) return body.kind;
  if (body.kind !== 'multi') return undefined;
  return body.txns.map(unknownToOld).find((kind) => kind !== undefined);
}
