/** The leader's snapshot on local disk, as a snapshot file that every release from 3.4 on reads. */
import { randomBytes } from 'node:crypto';
import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { adler32 } from '../../codec/txnLog/adler32';
import { JuteWriter } from '../../codec/jute';
import { ZkferryError } from '../../model/errors';
import { refuseLowDisk } from '../freeDisk';

/** Received and not yet written; beyond it the socket is read no faster than the disk writes. */
const MAX_UNWRITTEN_BYTES = 32 * 1024 * 1024;
const LOOK_AT_DISK_EVERY_BYTES = 64 * 1024 * 1024;
/** "ZKSN" (FileSnap.SNAPSHOT_MAGIC). */
const MAGIC = 0x5a4b_534e;
const VERSION = 2;
const NO_DB_ID = -1n;

export interface SpooledSnapshot {
  /** Absolute or relative as the directory given; the caller removes it. */
  file: string;
  /** Of the file. */
  bytes: number;
}

export class SnapshotSpool {
  private checksum = 1;
  private bytes = 0;
  private nextLook = LOOK_AT_DISK_EVERY_BYTES;
  private failure: Error | undefined;

  private constructor(
    private readonly directory: string,
    private readonly file: string,
    private readonly minFreeBytes: number,
    private readonly stream: WriteStream,
    private readonly onFailure: (error: Error) => void,
  ) {
    stream.on('error', (error) => this.fail(diskError(file, error)));
  }

  /**
   * Makes `directory` where it is missing. NoDiskSpace where it has less than `minFreeBytes`.
   * `onFailure`: once, for a disk that fails or fills up while the snapshot is being written.
   */
  static async create(
    directory: string,
    zxid: bigint,
    { minFreeBytes, onFailure }: { minFreeBytes: number; onFailure: (error: Error) => void },
  ): Promise<SnapshotSpool> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await refuseLowDisk(directory, minFreeBytes);
    const name = `snapshot.${zxid.toString(16)}-${randomBytes(4).toString('hex')}`;
    const file = join(directory, name);
    // It holds the hashes of passwords: nobody else may read it.
    const stream = createWriteStream(`${file}.part`, {
      flags: 'wx',
      mode: 0o600,
      highWaterMark: MAX_UNWRITTEN_BYTES,
    });
    const spool = new SnapshotSpool(directory, file, minFreeBytes, stream, onFailure);
    spool.write(new JuteWriter().int(MAGIC).int(VERSION).long(NO_DB_ID).bytes());
    return spool;
  }

  /** False: read no more until `onRoom` was called. The bytes must not change afterwards. */
  write(chunk: Buffer, onRoom?: () => void): boolean {
    if (chunk.length === 0) return true;
    this.checksum = adler32(this.checksum, chunk);
    this.bytes += chunk.length;
    if (this.bytes >= this.nextLook) {
      this.nextLook += LOOK_AT_DISK_EVERY_BYTES;
      refuseLowDisk(this.directory, this.minFreeBytes).catch((error: Error) => this.fail(error));
    }
    if (this.stream.write(chunk)) return true;
    if (onRoom !== undefined) this.stream.once('drain', onRoom);
    return false;
  }

  /** Seals the file and gives it its name once all of it is with the operating system. */
  async finish(): Promise<SpooledSnapshot> {
    this.write(new JuteWriter().long(BigInt(this.checksum)).string('/').bytes());
    await new Promise<void>((resolve, reject) => {
      this.stream.once('error', reject);
      this.stream.end(resolve);
    });
    if (this.failure !== undefined) throw this.failure;
    await rename(`${this.file}.part`, this.file);
    return { file: this.file, bytes: this.bytes };
  }

  /** Removes what there is of an unfinished file. */
  async discard(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.stream.once('close', resolve).destroy();
      if (this.stream.closed) resolve();
    });
    await rm(`${this.file}.part`, { force: true });
  }

  private fail(error: Error): void {
    if (this.failure !== undefined) return;
    this.failure = error;
    this.onFailure(error);
  }
}

function diskError(file: string, error: NodeJS.ErrnoException): ZkferryError {
  return new ZkferryError(
    'NoDiskSpace',
    `the snapshot cannot be written to ${file} (${error.code ?? error.message}): make room, or choose another directory for snapshots`,
    { cause: error },
  );
}
