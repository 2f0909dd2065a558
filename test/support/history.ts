/** A base and the transactions after it, each with the digest a leader of 3.6+ gives it. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RestoreInput } from '../../src/adapters/restore';
import { writeSnapshotOf } from '../../src/adapters/restore/snapshotOfTree';
import { TXN_TYPE, type TxnBody } from '../../src/codec/records';
import { decodeTxn, encodeTxn } from '../../src/codec/txn';
import { DataTree } from '../../src/tree/dataTree';
import { DIGEST_VERSION } from '../../src/tree/digest';

export const OPEN = [{ perms: 31, scheme: 'world', id: 'anyone' }];
export const SESSION = 0x1000_0000_0001n;
const FIRST = 0x1_0000_0000n;
const FIRST_TIME = 1_700_000_000_000n;

export class History {
  /** As all transactions leave it. */
  readonly tree = DataTree.empty(true, { lastZxid: FIRST });
  readonly txns: { zxid: bigint; bytes: Buffer }[] = [];
  last = FIRST;

  /** `directory` is made. */
  constructor(private readonly directory: string) {
    mkdirSync(directory, { recursive: true });
  }

  commit(body: TxnBody, clientId = SESSION): bigint {
    const zxid = this.last + 1n;
    const time = FIRST_TIME + zxid - FIRST;
    const header = { clientId, cxid: 1, zxid, time, type: TXN_TYPE[body.kind] };
    this.tree.apply({ header, body });
    const digest = { version: DIGEST_VERSION, treeDigest: this.tree.digest };
    this.txns.push({ zxid, bytes: Buffer.from(encodeTxn({ header, body, digest })) });
    this.last = zxid;
    return zxid;
  }

  create(path: string, options: { ephemeral?: boolean; data?: Buffer } = {}): bigint {
    const { ephemeral = false, data = Buffer.from(path) } = options;
    const parent = path.slice(0, path.lastIndexOf('/')) || '/';
    const parentCversion = this.tree.nextSequence(parent)! + 1;
    return this.commit({ kind: 'create', path, data, acl: OPEN, ephemeral, parentCversion });
  }

  /** The tree after `zxid`, told by applying every transaction to an empty one. */
  treeAt(zxid = this.last): DataTree {
    const tree = DataTree.empty(true, { lastZxid: FIRST });
    for (const txn of this.txns) if (txn.zxid <= zxid) tree.apply(decodeTxn(txn.bytes));
    return tree;
  }

  /** From a base taken at `base` on; nothing in it is fuzzy. */
  async input(zxid = this.last, base = FIRST): Promise<RestoreInput> {
    const snapshotFile = join(this.directory, `base.${base.toString(16)}`);
    await writeSnapshotOf(this.treeAt(base), snapshotFile, {}).catch(
      (error: NodeJS.ErrnoException) => {
        if (error.code !== 'EEXIST') throw error;
      },
    );
    const txns = this.txns.filter((txn) => txn.zxid > base && txn.zxid <= zxid);
    return {
      ...{ snapshotFile, snapshotZxid: base, usableFrom: base, zxid },
      // eslint-disable-next-line @typescript-eslint/require-await
      txns: async function* () {
        yield* txns;
      },
      logBytes: txns.reduce((sum, { bytes }) => sum + bytes.length, 0),
    };
  }
}
