/** A disk that hangs, as this process sees it: every file operation waits, all else goes on. */
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { close, closeSync, open, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** libuv's, which do all file operations that are not synchronous. */
const THREADS = Number(process.env.UV_THREADPOOL_SIZE ?? 4);

/** Keeps every thread busy with opening a pipe that nobody writes to, until the function given back is called. */
export function hangDisk(): () => Promise<void> {
  const pipe = join(tmpdir(), `zkferry-hung-${randomBytes(6).toString('hex')}`);
  execFileSync('mkfifo', [pipe]);
  const hanging = Array.from(
    { length: THREADS },
    () =>
      new Promise<void>((resolve, reject) =>
        open(pipe, 'r', (error, file) => (error ? reject(error) : close(file, () => resolve()))),
      ),
  );
  return async () => {
    // Held open until all are through: a thread that was busy may only get to the pipe now.
    const writer = openSync(pipe, 'r+');
    await Promise.all(hanging);
    closeSync(writer);
    rmSync(pipe);
  };
}
