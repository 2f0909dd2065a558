/** A file written piece by piece, and durable once it is finished. */
import { open, type FileHandle } from 'node:fs/promises';

const BUFFER_BYTES = 1 << 20;

export class DurableFile {
  bytes = 0;
  private waiting: Buffer[] = [];
  private waitingBytes = 0;

  private constructor(private readonly handle: FileHandle) {}

  /** Readable by the owner only; there must be no file of that name. */
  static async create(path: string): Promise<DurableFile> {
    return new DurableFile(await open(path, 'wx', 0o600));
  }

  /** Small pieces are gathered to a MiB. `piece` must not be changed afterwards. */
  async write(piece: Buffer): Promise<void> {
    this.waiting.push(piece);
    this.waitingBytes += piece.length;
    this.bytes += piece.length;
    if (this.waitingBytes >= BUFFER_BYTES) await this.flush();
  }

  async finish(): Promise<void> {
    await this.flush();
    await this.handle.sync();
    await this.handle.close();
  }

  /** After a failure; what was written stays. */
  async abandon(): Promise<void> {
    await this.handle.close().catch(() => undefined);
  }

  private async flush(): Promise<void> {
    const pieces = this.waiting;
    this.waiting = [];
    this.waitingBytes = 0;
    if (pieces.length > 0) await this.handle.writeFile(Buffer.concat(pieces));
  }
}

/** Finishes the file after `write`, or gives it up where that fails. */
export async function writeDurably(
  path: string,
  write: (file: DurableFile) => Promise<void>,
): Promise<{ path: string; bytes: number }> {
  const file = await DurableFile.create(path);
  try {
    await write(file);
    await file.finish();
  } catch (error) {
    await file.abandon();
    throw error;
  }
  return { path, bytes: file.bytes };
}
