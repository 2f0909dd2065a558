/** A program that ends with this process, however that ends, and leaves its output in a file. */
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { ZkferryError } from '../../model/errors';

/**
 * Kills the program, by its own pid, as soon as standard input ends: when it is told to, and when whoever held the
 * other end is gone. Ends with the program.
 */
const SCRIPT = `
exec 3<&0
"$@" </dev/null 3<&- &
pid=$!
{ cat <&3 >/dev/null; kill -9 "$pid" 2>/dev/null; } 3<&3 &
exec 3<&- </dev/null
wait "$pid"
`;
const KILL_DEADLINE_MS = 10_000;
const LAST_WORDS_BYTES = 4_096;

export class BoundProcess {
  private hasEnded = false;
  private readonly ended: Promise<void>;
  private readonly lifeline: { end(): void; destroy(): void };

  /** `output`: a file that is made, or written anew. */
  constructor(
    program: string,
    args: readonly string[],
    private readonly output: string,
  ) {
    const out = openSync(output, 'w', 0o600);
    const child = spawn('/bin/sh', ['-c', SCRIPT, 'sh', program, ...args], {
      stdio: ['pipe', out, out],
    });
    closeSync(out);
    this.lifeline = child.stdin!;
    child.stdin!.on('error', () => undefined);
    this.ended = new Promise((resolve) => {
      const end = () => {
        this.hasEnded = true;
        this.lifeline.destroy();
        resolve();
      };
      child.once('exit', end);
      child.once('error', end);
    });
  }

  get isRunning(): boolean {
    return !this.hasEnded;
  }

  /** Resolves once it is gone. WaitTimedOut after 10 s. */
  async kill(): Promise<void> {
    this.lifeline.end();
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () =>
          reject(
            new ZkferryError('WaitTimedOut', `a process did not end within 10 s of its SIGKILL`),
          ),
        KILL_DEADLINE_MS,
      );
    });
    await Promise.race([this.ended, deadline]).finally(() => clearTimeout(timer));
  }

  /** The end of what it printed, at most 4 KiB. */
  async lastWords(): Promise<string> {
    const file = await open(this.output, 'r');
    try {
      const { size } = await file.stat();
      const length = Math.min(size, LAST_WORDS_BYTES);
      const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
      return buffer.toString('utf8').trim();
    } finally {
      await file.close();
    }
  }
}
