/**
 * Captured transactions that wait to be written, in order: in memory, and beyond `memoryBytes` in one file, so that an
 * hour without a repository neither fills the memory nor loses the stream. The file goes when this is closed: what it
 * held is then had from the leader again, or from the members' logs.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rm, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { CapturedTxn } from './pendingLog';

export interface SpoolOptions {
  directory: string;
  memoryBytes: number;
  /** Of memory and file together: beyond it `isFull`, and nothing more is to be taken from the tap. */
  maxBytes: number;
}

/** zxid, receivedAt, length. */
const HEAD_BYTES = 8 + 8 + 4;
/** Besides its bytes, in memory. */
const OVERHEAD_BYTES = 100;

export class SpoolQueue {
  private memory: CapturedTxn[] = [];
  private at = 0;
  private inMemoryBytes = 0;
  private file: FileHandle | undefined;
  private path: string | undefined;
  private written = 0;
  private read = 0;
  /** Transactions in the file. */
  private spooled = 0;
  private outgoing: Buffer[] = [];
  private outgoingBytes = 0;
  private turn: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: SpoolOptions) {}

  get length(): number {
    return this.memory.length - this.at + this.spooled;
  }

  get bytes(): number {
    return this.inMemoryBytes + this.spooledBytes;
  }

  get spooledBytes(): number {
    return this.written - this.read + this.outgoingBytes;
  }

  get isFull(): boolean {
    return this.bytes >= this.options.maxBytes;
  }

  /** Of the first one waiting. */
  get oldestReceivedAt(): number | undefined {
    return this.memory[this.at]?.receivedAt;
  }

  /** Rejects where the spool's disk fails; the transaction then waits nowhere. */
  push(txns: readonly CapturedTxn[]): Promise<void> {
    return this.inTurn(async () => {
      for (const txn of txns) {
        if (this.spooled === 0 && this.inMemoryBytes < this.options.memoryBytes) this.remember(txn);
        else this.toFile(txn);
      }
      await this.flush();
    });
  }

  /** At most `bytes` of them, at least one; none where nothing waits. */
  async shift(bytes: number): Promise<CapturedTxn[]> {
    if (this.at === this.memory.length && this.spooled > 0) await this.inTurn(() => this.refill());
    const taken: CapturedTxn[] = [];
    let sum = 0;
    while (this.at < this.memory.length && sum < bytes) {
      const txn = this.memory[this.at]!;
      taken.push(txn);
      this.at += 1;
      sum += txn.bytes.length;
      this.inMemoryBytes -= txn.bytes.length + OVERHEAD_BYTES;
    }
    if (this.at === this.memory.length) {
      this.memory = [];
      this.at = 0;
    }
    return taken;
  }

  close(): Promise<void> {
    return this.inTurn(async () => {
      await this.file?.close();
      if (this.path !== undefined) await rm(this.path, { force: true });
      this.file = undefined;
    });
  }

  /** One at a time: a file that is emptied while more is being written to it would lose that. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => undefined);
    return result;
  }

  private remember(txn: CapturedTxn): void {
    this.memory.push(txn);
    this.inMemoryBytes += txn.bytes.length + OVERHEAD_BYTES;
  }

  private toFile({ zxid, bytes, receivedAt }: CapturedTxn): void {
    const head = Buffer.allocUnsafe(HEAD_BYTES);
    head.writeBigUInt64BE(zxid, 0);
    head.writeDoubleBE(receivedAt, 8);
    head.writeUInt32BE(bytes.length, 16);
    this.outgoing.push(head, bytes);
    this.outgoingBytes += HEAD_BYTES + bytes.length;
    this.spooled += 1;
  }

  private async flush(): Promise<void> {
    if (this.outgoing.length === 0) return;
    this.file ??= await this.create();
    const chunk = Buffer.concat(this.outgoing);
    await this.file.write(chunk, 0, chunk.length, this.written);
    this.written += chunk.length;
    this.outgoing = [];
    this.outgoingBytes = 0;
  }

  private async create(): Promise<FileHandle> {
    await mkdir(this.options.directory, { recursive: true, mode: 0o700 });
    this.path = join(this.options.directory, `capture-${randomBytes(6).toString('hex')}`);
    return open(this.path, 'wx+', 0o600);
  }

  private async refill(): Promise<void> {
    const want = Math.min(this.options.memoryBytes + HEAD_BYTES, this.written - this.read);
    let chunk = await this.readAt(want);
    const first = HEAD_BYTES + chunk.readUInt32BE(16);
    if (first > chunk.length) chunk = await this.readAt(first);
    let offset = 0;
    while (offset + HEAD_BYTES <= chunk.length) {
      const length = chunk.readUInt32BE(offset + 16);
      const end = offset + HEAD_BYTES + length;
      if (end > chunk.length) break;
      this.remember({
        zxid: chunk.readBigUInt64BE(offset),
        receivedAt: chunk.readDoubleBE(offset + 8),
        bytes: chunk.subarray(offset + HEAD_BYTES, end),
      });
      this.spooled -= 1;
      offset = end;
    }
    this.read += offset;
    if (this.read === this.written) {
      await this.file!.truncate(0);
      this.read = this.written = 0;
    }
  }

  private async readAt(length: number): Promise<Buffer> {
    const chunk = Buffer.allocUnsafe(length);
    let got = 0;
    while (got < length) {
      const { bytesRead } = await this.file!.read(chunk, got, length - got, this.read + got);
      if (bytesRead === 0) throw new Error(`${this.path} ends before what was written to it`);
      got += bytesRead;
    }
    return chunk;
  }
}
