/** What the disk of one stopped member tells of the history of its ensemble. */

/** Transactions that stand in a log number by number, none missing: `from` and `to` included. */
export interface Run {
  from: bigint;
  to: bigint;
}

export interface MemberLog {
  /** Name in the inventory. */
  server: string;
  id: number;
  /** currentEpoch of its data directory; where there is none, that of its last transaction, as ZooKeeper itself takes it. */
  epoch: bigint;
  /** In their order. Whole records only: what a torn end held was never acknowledged by this server. */
  runs: Run[];
  /** Zxids in the names of its whole snapshots, in their order. */
  snapshots: bigint[];
}

/** A member that tells nothing: `reason` completes "zk2 …". */
export interface SilentMember {
  server: string;
  id: number;
  reason: string;
}

const lastIn = (values: readonly bigint[]): bigint => values.at(-1) ?? 0n;

/** The zxid that it would propose in an election: of its last transaction, logged or in a snapshot it was given. */
export function lastOf({ runs, snapshots }: MemberLog): bigint {
  const logged = runs.at(-1)?.to ?? 0n;
  const snapshot = lastIn(snapshots);
  return snapshot > logged ? snapshot : logged;
}

/** Whether the transaction stands in its log; one in a snapshot alone does not. */
export const holds = ({ runs }: MemberLog, zxid: bigint): boolean =>
  runs.some(({ from, to }) => from <= zxid && zxid <= to);

/** `zxids`: as they lie in the log. One that is not above the one before is the same again, as after a restart. */
export class Runs {
  readonly runs: Run[] = [];

  /** False for a transaction that was there already. */
  add(zxid: bigint): boolean {
    const run = this.runs.at(-1);
    if (run !== undefined && zxid <= run.to) return false;
    if (run !== undefined && zxid === run.to + 1n) run.to = zxid;
    else this.runs.push({ from: zxid, to: zxid });
    return true;
  }
}
