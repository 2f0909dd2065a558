/** What the activities of a physical move take and give. Plain JSON. */
import type { Finding } from './facts';
import type { EnsembleRef } from './inventory';
import type { RestorePoint } from './plan';

export interface ReconcileTailArgs {
  /** The source; every server of it is stopped. */
  ensemble: EnsembleRef;
  /** Name in the inventory: where it was captured to. */
  repository: string;
  /** Who writes there, for people: workflow and run. */
  owner: string;
}

export interface ReconciledTail {
  /** The last transaction of the source's history; in the repository, sealed. */
  zxid: string;
  /** The epoch the source had begun last; above that of `zxid` where nothing was written in it. */
  epoch: number;
  /** Voters whose logs were not read: a quorum's were, so they hold nothing else that was acknowledged. */
  unread: number[];
  /** Transactions that the capture lacked. 0 where it is asked again. */
  appended: number;
  /** The server whose history it is: the one that an election would have made leader. */
  from: string;
  /** For people. */
  detail: string;
}

export interface PinMovePointArgs {
  source: EnsembleRef;
  repository: string;
  target: EnsembleRef;
  /** As reconcileTail gave it. */
  zxid: string;
  /** As reconcileTail gave it; without it clients that saw an epoch in which nothing was written may be refused. */
  epoch?: number;
  /** As reconcileTail gave it. */
  unread?: number[];
}

export interface PinnedMove {
  point: RestorePoint;
  /** Errors: what the target's version cannot hold, by path and zxid. */
  findings: Finding[];
}

export interface CheckMoveTargetArgs {
  source: EnsembleRef;
  target: EnsembleRef;
  repository: string;
}

export interface CheckedMoveTarget {
  findings: Finding[];
}

export interface PhysicalActivities {
  /**
   * Makes the repository hold every write that the stopped source has acknowledged, and no other. Takes over from
   * whoever captures it. TailNotProven, GuardRefused (a server runs), NotRestorable (nothing was captured).
   */
  reconcileTail: (args: ReconcileTailArgs) => Promise<ReconciledTail>;
  /** Where the target starts from: that very transaction, sessions kept. NotRestorable. */
  pinMovePoint: (args: PinMovePointArgs) => Promise<PinnedMove>;
  /** Reads only. */
  checkMoveTarget: (args: CheckMoveTargetArgs) => Promise<CheckedMoveTarget>;
}
