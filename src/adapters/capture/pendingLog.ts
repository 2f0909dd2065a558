/** Transactions on their way into one log object. */
import { ZkferryError } from '../../model/errors';
import { zxidText } from '../../model/zxid';
import { encodeLogHeader, encodeLogRecord, LOG_HEADER_BYTES } from '../../codec/txnLog';

export interface CapturedTxn {
  zxid: bigint;
  /** Header, body and digest, as servers log them. */
  bytes: Buffer;
  /** Milliseconds since 1970, with fractions: when it came in here. */
  receivedAt: number;
}

/** In a transaction: after session id, request number and zxid. */
const TIME_OFFSET = 20;

/** The leader's clock, in ms since 1970. */
export const timeOf = (txn: Buffer): number => Number(txn.readBigInt64BE(TIME_OFFSET));

export interface TxnTime {
  zxid: bigint;
  /** The leader's clock, in ms since 1970. */
  timeMs: number;
}

/**
 * Of the transaction `zxid` where that is the newest one seen, else now: what a snapshot has passed over is not told, and a
 * base that counted for earlier than it is would be restored for times before it.
 */
export const timeAt = (zxid: bigint, newest: TxnTime | undefined): number =>
  newest?.zxid === zxid ? newest.timeMs : Date.now();

/** The transactions of one zxid range, as the records of a log file. */
export class PendingLog {
  private readonly records: Buffer[] = [];
  private end: bigint;
  plainBytes = LOG_HEADER_BYTES;
  txns = 0;
  fromMs = Infinity;
  toMs = -Infinity;

  constructor(readonly after: bigint) {
    this.end = after;
  }

  /** At least one, in their order; BackupInvalid where they do not follow each other. */
  static of(parts: readonly PendingLog[]): PendingLog {
    const whole = new PendingLog(parts[0]!.after);
    for (const part of parts) {
      if (part.after !== whole.last)
        throw new ZkferryError(
          'BackupInvalid',
          `pieces that do not follow each other: ${zxidText(whole.last)}, then ${zxidText(part.after)}`,
        );
      whole.append(part);
    }
    return whole;
  }

  get last(): bigint {
    return this.end;
  }

  /** BackupInvalid where it is not later than `last`: whoever gives transactions out has to tell where they begin anew. */
  add({ zxid, bytes }: Pick<CapturedTxn, 'zxid' | 'bytes'>): void {
    if (zxid <= this.end)
      throw new ZkferryError(
        'BackupInvalid',
        `${zxidText(zxid)} came after ${zxidText(this.end)}: nothing is written that runs backwards`,
      );
    const record = encodeLogRecord(bytes);
    const timeMs = timeOf(bytes);
    this.records.push(record);
    this.plainBytes += record.length;
    this.txns += 1;
    this.fromMs = Math.min(this.fromMs, timeMs);
    this.toMs = Math.max(this.toMs, timeMs);
    this.end = zxid;
  }

  /** One that begins where this one ends. */
  append(next: PendingLog): void {
    for (const record of next.records) this.records.push(record);
    this.plainBytes += next.plainBytes - LOG_HEADER_BYTES;
    this.txns += next.txns;
    this.fromMs = Math.min(this.fromMs, next.fromMs);
    this.toMs = Math.max(this.toMs, next.toMs);
    this.end = next.end;
  }

  /** A whole log file. */
  plain(): Buffer {
    return Buffer.concat([encodeLogHeader(), ...this.records], this.plainBytes);
  }
}
