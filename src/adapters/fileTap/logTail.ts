/** The log of one server, read on from where it was: file and offset. */
import { counterOf, epochOf, follows } from '../../codec/quorum/packet';
import { decodeTxnHeader } from '../../codec/txn';
import { encodeLogHeader, LOG_HEADER_BYTES, LogScanner } from '../../codec/txnLog';
import { ZkferryError } from '../../model/errors';
import type { DataFile, HostDataPort } from '../../model/hostData';
import type { ResolvedServer } from '../../model/inventory';
import type { OperationContext } from '../../model/ports';
import { zxidText } from '../../model/zxid';

/** Prefix of a record, and the letter that closes it. */
const RECORD_OVERHEAD_BYTES = 13;
/** Logs are preallocated: what is asked for beyond the records are zeros. */
const FIRST_READ_BYTES = 256 << 10;
const MOST_READ_BYTES = 128 << 20;

export class LogTail {
  private file: Pick<DataFile, 'name' | 'directory'> | undefined;
  /** Of the first record that was not read yet. */
  private offset = LOG_HEADER_BYTES;
  /** As it was listed, preallocated space included. */
  private size = 0;

  constructor(
    private readonly host: HostDataPort,
    private readonly server: ResolvedServer,
    private readonly context: OperationContext,
  ) {}

  /**
   * The transactions in `(after, upTo]`, both of one epoch. BackupInvalid (retryable: a server may be writing right
   * now, another server may have them) where the log does not lead from one to the other.
   */
  async *read(after: bigint, upTo: bigint): AsyncGenerator<{ zxid: bigint; bytes: Buffer }> {
    let last = after;
    let readBytes = FIRST_READ_BYTES;
    while (last < upTo) {
      if (this.file === undefined && !(await this.seek(last))) throw this.endsAt(last, upTo);
      const before = { last, offset: this.offset };
      for (const txn of await this.some(readBytes, upTo)) {
        if (txn.zxid > last && !follows(txn.zxid, last)) throw this.leaps(last, txn.zxid);
        if (txn.zxid > last) yield txn;
        if (txn.zxid > last) last = txn.zxid;
      }
      readBytes = Math.min(MOST_READ_BYTES, readBytes * 2);
      if (this.offset > before.offset || last >= upTo) continue;
      if (readBytes === MOST_READ_BYTES || !this.isMore(before.offset, readBytes)) {
        const { name } = this.file!;
        this.file = undefined;
        if (!(await this.seek(last)) || this.file!.name === name) throw this.endsAt(last, upTo);
      }
    }
  }

  /** Whether a longer read than the last one could show more. */
  private isMore(offset: number, readBytes: number): boolean {
    return offset + readBytes / 2 < this.size;
  }

  /** The log that begins last at or before the next transaction; false where there is none. */
  private async seek(last: bigint): Promise<boolean> {
    const { files } = await this.host.listDataFiles(this.server, this.context);
    const logs = files.filter(({ name }) => name.startsWith('log.'));
    const next = counterOf(last) === 0n ? (epochOf(last) << 32n) + 1n : last + 1n;
    const file = logs
      .sort((one, other) => (BigInt(one.zxid) < BigInt(other.zxid) ? -1 : 1))
      .findLast(({ zxid }) => BigInt(zxid) <= next);
    if (file === undefined) return false;
    if (file.name !== this.file?.name) this.offset = LOG_HEADER_BYTES;
    this.file = file;
    this.size = file.bytes;
    return true;
  }

  /** Whole records up to `upTo`, from `offset` on, which then is behind them. */
  private async some(maxBytes: number, upTo: bigint): Promise<{ zxid: bigint; bytes: Buffer }[]> {
    const { name, directory } = this.file!;
    const scanner = new LogScanner();
    scanner.push(encodeLogHeader());
    const start = this.offset;
    const range = { directory, fromOffset: start, maxBytes };
    const stream = await this.host.readDataFile(this.server, name, range, this.context);
    const found: { zxid: bigint; bytes: Buffer }[] = [];
    try {
      for await (const chunk of stream)
        for (const { offset, bytes } of scanner.push(chunk as Buffer)) {
          const { zxid } = decodeTxnHeader(bytes);
          if (zxid > upTo) return found;
          found.push({ zxid, bytes });
          this.offset = start + offset - LOG_HEADER_BYTES + bytes.length + RECORD_OVERHEAD_BYTES;
        }
    } finally {
      stream.destroy();
    }
    return found;
  }

  private endsAt(last: bigint, upTo: bigint): ZkferryError {
    return this.unfit(`ends at ${zxidText(last)}, and it has applied ${zxidText(upTo)}`);
  }

  private leaps(last: bigint, zxid: bigint): ZkferryError {
    return this.unfit(`has ${zxidText(zxid)} after ${zxidText(last)}`);
  }

  private unfit(what: string): ZkferryError {
    return new ZkferryError('BackupInvalid', `the log of ${this.server.name} ${what}`, {
      retryable: true,
    });
  }
}
