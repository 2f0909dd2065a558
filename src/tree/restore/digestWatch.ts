/** What the digests in a log say of a tree that is brought forward by it. */
import { ZkferryError } from '../../model/errors';
import { zxidText } from '../../model/zxid';

/**
 * Told the result of every transaction, throws where a digest that must match does not. A snapshot is fuzzy: up to
 * `usableFrom` the tree has parts of later transactions. Where that is not known, digests must match from the first
 * match on, and have matched by the end.
 *
 * `digestAt`: the transaction that the snapshot's own digest names. Its server may have been applying the next one while
 * it wrote that (seen in 3 of 90 snapshots of 3.9.6 under load), so this one may be missed if what follows matches.
 */
export class DigestWatch {
  /** Digests that were compared and matched. */
  matched = 0;
  private pending: bigint | undefined;

  constructor(
    private readonly usableFrom: bigint | undefined,
    private readonly digestAt?: bigint,
  ) {}

  /** @throws ZkferryError BackupInvalid */
  accept(zxid: bigint, matches: boolean | undefined): void {
    if (matches === undefined) return;
    if (matches) {
      this.matched += 1;
      this.pending = undefined;
      return;
    }
    const mustMatch = this.usableFrom === undefined ? this.matched > 0 : zxid >= this.usableFrom;
    if (mustMatch && zxid !== this.digestAt) throw differs(zxid);
    if (mustMatch || this.usableFrom === undefined) this.pending = zxid;
  }

  /** After the last transaction. @throws ZkferryError BackupInvalid */
  finish(): void {
    if (this.pending !== undefined) throw differs(this.pending);
  }
}

const differs = (zxid: bigint): ZkferryError =>
  new ZkferryError(
    'BackupInvalid',
    `the tree's digest after transaction 0x${zxid.toString(16)} is not the one its leader computed: snapshot or log is damaged or incomplete before it; restore from another base`,
    { details: { zxid: zxidText(zxid) } },
  );
