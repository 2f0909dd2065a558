import type { StatRecord } from '../records';

/** The 60 bytes of a stat, decoded where they are asked for: most readers want one or two of its nine fields. */
export class StoredStat implements StatRecord {
  /** `bytes` must not change as long as the stat is used. */
  constructor(
    private readonly bytes: DataView,
    private readonly at: number,
  ) {}

  get czxid(): bigint {
    return this.bytes.getBigInt64(this.at);
  }

  get mzxid(): bigint {
    return this.bytes.getBigInt64(this.at + 8);
  }

  get ctime(): bigint {
    return this.bytes.getBigInt64(this.at + 16);
  }

  get mtime(): bigint {
    return this.bytes.getBigInt64(this.at + 24);
  }

  get version(): number {
    return this.bytes.getInt32(this.at + 32);
  }

  get cversion(): number {
    return this.bytes.getInt32(this.at + 36);
  }

  get aversion(): number {
    return this.bytes.getInt32(this.at + 40);
  }

  /** Asked for most, and nothing mostly: no number is made for that. */
  get ephemeralOwner(): bigint {
    const { bytes, at } = this;
    return (bytes.getInt32(at + 44) | bytes.getInt32(at + 48)) === 0
      ? 0n
      : bytes.getBigInt64(at + 44);
  }

  get pzxid(): bigint {
    return this.bytes.getBigInt64(this.at + 52);
  }
}

/** All of it at once, for whoever compares or spreads it. */
export function wholeStat(stat: StatRecord): StatRecord {
  const { czxid, mzxid, ctime, mtime, version, cversion, aversion, ephemeralOwner, pzxid } = stat;
  return { czxid, mzxid, ctime, mtime, version, cversion, aversion, ephemeralOwner, pzxid };
}
