/** How far a follower is, and how far behind. */
import { LagHistogram } from '../../tree/follow/lag';
import { zxidText } from '../../model/zxid';

/** What a follower's marker holds: everything up to `zxid` is applied. */
export class Position {
  constructor(readonly zxid: bigint) {}

  toJSON(): { zxid: string } {
    return { zxid: zxidText(this.zxid) };
  }
}

interface Waiting {
  zxid: bigint;
  /** As `performance.now()`, of the clock that starts with the process. */
  receivedAt: number;
}

export class FollowProgress {
  readonly lag = new LagHistogram();
  /** Everything up to it is applied. */
  appliedTo = 0n;
  /** Transactions that concerned the copy, and are acknowledged. */
  transactions = 0;
  private waiting: Waiting[] = [];
  private first = 0;

  /** `receivedAt`: milliseconds since 1970. */
  sent(zxid: bigint, receivedAt: number): void {
    this.waiting.push({ zxid, receivedAt });
  }

  acknowledged(zxid: bigint): void {
    const now = performance.timeOrigin + performance.now();
    const { waiting } = this;
    while (this.first < waiting.length && waiting[this.first]!.zxid <= zxid) {
      this.lag.add(now - waiting[this.first]!.receivedAt);
      this.first += 1;
      this.transactions += 1;
    }
    if (this.first * 2 > waiting.length) {
      this.waiting = waiting.slice(this.first);
      this.first = 0;
    }
    if (zxid > this.appliedTo) this.appliedTo = zxid;
  }

  /** What was sent and not acknowledged is applied by other means, or not at all. */
  forget(): void {
    this.waiting = [];
    this.first = 0;
  }

  get lagTransactions(): number {
    return this.waiting.length - this.first;
  }

  get lagMs(): number {
    const oldest = this.waiting[this.first];
    if (oldest === undefined) return 0;
    return Math.max(0, performance.timeOrigin + performance.now() - oldest.receivedAt);
  }
}
