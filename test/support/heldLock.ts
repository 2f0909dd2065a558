/** A file's lock in the hands of a process of its own, as of an operation that takes long. */
import { spawn } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';

export interface HeldLock {
  /** Whether another process waits for it. */
  isWaitedFor(): boolean;
  release(): void;
}

export async function heldLock(path: string): Promise<HeldLock> {
  const child = spawn('flock', [path, 'sh', '-c', 'echo held; read -r _'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.once('data', () => resolve());
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`${path} could not be locked`)));
  });
  const { ino } = statSync(path);
  return {
    isWaitedFor: () =>
      readFileSync('/proc/locks', 'utf8')
        .split('\n')
        .some((line) => line.includes('->') && line.includes(`:${ino} `)),
    release: () => child.stdin.end('\n'),
  };
}
