/** A tree as copy, diff and tap see it, whatever it was read from. */
import type { AclEntry, StatRecord, Txn } from '../codec/records';

export interface SourceNode {
  /** Absolute. */
  path: string;
  data: Buffer | null;
  acl: AclEntry[];
  /** `cversion` is the stored one: the number the next sequential child gets. */
  stat: StatRecord;
}

/** A tree on local disk: a snapshot file, and the transactions after it. */
export interface KeptTree {
  file: string;
  txns: readonly Txn[];
}

export interface TreeSource {
  /** For people: what was read, and how. */
  readonly shown: string;
  /** The tree is that of the ensemble after exactly this transaction; absent where it was read node by node. */
  readonly zxid?: bigint;
  /** False where container and TTL nodes look like plain ones, as through the client port. */
  readonly knowsTypes: boolean;
  /** Where the tree is on local disk already: what `nodes` is read from. */
  readonly kept?: KeptTree;
  /**
   * The whole tree, parents before their children, in batches; may be asked for again. `again`: it will be, soon: a
   * small tree is kept in memory then.
   */
  nodes(again?: boolean): AsyncIterable<SourceNode[]>;
  /** One node as it is now, undefined where there is none; only where nodes are read one by one. */
  node?(path: string): Promise<SourceNode | undefined>;
  close(): Promise<void>;
}
