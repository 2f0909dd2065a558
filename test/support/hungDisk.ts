/** A disk that hangs, as this process sees it: every file operation waits, all else goes on. */
import { execFileSync } from 'node:child_process';
import { close, closeSync, open, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** libuv's, which do all file operations that are not synchronous. */
const THREADS = Number(process.env.UV_THREADPOOL_SIZE ?? 4);
let made = 0;

/** Keeps every thread busy with opening a pipe that nobody writes to, until the function given back is called. */
export function hangDisk(): () => Promise<void> {
  made += 1;
  const pipe = join(tmpdir(), `zkferry-hung-${process.pid}-${made}`);
  execFileSync('mkfifo', [pipe]);
  const hanging = Array.from(
    { length: THREADS },
    () =>
      new Promise<void>((resolve, reject) =>
        open(pipe, 'r', (error, file) => (error ? reject(error) : close(file, () => resolve()))),
      ),
  );
  return async () => {
    closeSync(openSync(pipe, 'r+'));
    await Promise.all(hanging);
    rmSync(pipe);
  };
}
