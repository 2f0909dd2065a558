/** What a tap tells its consumer, in the order of the leader's stream. */

import type { ReadAhead } from './readAhead';

export interface TapLeader {
  /** As given by the caller. */
  host: string;
  clientPort: number;
  quorumHost: string;
  quorumPort: number;
  version?: string;
}

/** Transactions in the range `(after, upTo]` that were never delivered one by one. */
export interface UnseenRange {
  after: bigint;
  upTo: bigint;
}

export type TapEvent =
  /**
   * A whole tree, as of `zxid` or somewhat later (fuzzy: the transactions that follow are applied as a
   * server does when it restores). `file` is a complete snapshot file of the 3.4 layout, which is the
   * consumer's to remove. `unseen` where transactions had been delivered before.
   */
  | {
      kind: 'snapshot';
      file: string;
      bytes: number;
      zxid: bigint;
      /** What the file holds, where the tap was asked to read ahead and it is small enough. */
      readAhead?: ReadAhead;
      unseen?: UnseenRange;
      /** Only where no transactions follow, and the tree is not of one moment: it was read from here to `zxid`. */
      readFrom?: bigint;
    }
  /**
   * A committed transaction: header, body and, from 3.6 on, digest, as servers log it. `bytes` is a view of
   * what was received: copy it to keep it for long. `receivedAt`: milliseconds since 1970, with fractions.
   */
  | { kind: 'txn'; zxid: bigint; bytes: Buffer; receivedAt: number }
  /**
   * Every transaction up to `zxid` that this leader's ensemble had committed when it took the tap in has
   * been delivered, or passed over by a snapshot. After a lost leader nothing is complete before this.
   */
  | {
      kind: 'attached';
      leader: TapLeader;
      epoch: bigint;
      by: 'diff' | 'snap';
      zxid: bigint;
    }
  /** `got` came where the transaction after `after` was due; the tap goes back for it by itself. */
  | { kind: 'gap'; after: bigint; got: bigint }
  /** What was delivered is no longer this ensemble's history: a snapshot to begin anew from follows. */
  | { kind: 'reset'; reason: string; after: bigint; leaderZxid: bigint }
  /** No connection to a leader: nothing comes until the next `attached`, or the end. */
  | { kind: 'lost'; reason: string; zxid: bigint };
