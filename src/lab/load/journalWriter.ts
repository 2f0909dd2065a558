import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { dirname } from 'node:path';
import type { JournalRecord } from './journalRecords';

const FLUSH_EVERY_MS = 200;
const FLUSH_AT_CHARACTERS = 64 * 1024;
/** Writers pace themselves; more than this waiting for the disk means the disk has stopped. */
const MOST_UNWRITTEN_BYTES = 64 * 1024 * 1024;

/** Appends records to a file, at most 200 ms behind. */
export class JournalWriter {
  private pending = '';
  private readonly stream: WriteStream;
  private readonly timer: NodeJS.Timeout;
  private failure: Error | undefined;

  constructor(readonly path: string) {
    mkdirSync(dirname(path), { recursive: true });
    this.stream = createWriteStream(path, { flags: 'w' });
    this.stream.on('error', (error) => (this.failure ??= error));
    this.timer = setInterval(() => this.flush(), FLUSH_EVERY_MS);
  }

  /** Throws what writing the file failed with, so that a load never goes on unrecorded. */
  write(record: JournalRecord): void {
    if (this.failure !== undefined) throw this.failure;
    if (this.stream.writableLength > MOST_UNWRITTEN_BYTES) {
      throw new Error(`journal ${this.path}: the disk takes nothing; free it and start again`);
    }
    this.pending += JSON.stringify(record) + '\n';
    if (this.pending.length >= FLUSH_AT_CHARACTERS) this.flush();
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    this.flush();
    await new Promise<void>((resolve) => this.stream.end(resolve));
    if (this.failure !== undefined) throw this.failure;
  }

  private flush(): void {
    if (this.pending === '') return;
    this.stream.write(this.pending);
    this.pending = '';
  }
}
