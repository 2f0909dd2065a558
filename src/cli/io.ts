/** What a command may touch of its surroundings: handed in, so that tests run commands in process. */
import { userInfo } from 'node:os';
import type { Readable } from 'node:stream';

export interface OutStream {
  write(text: string): unknown;
  isTTY?: boolean;
  columns?: number;
}

export interface Io {
  env: NodeJS.ProcessEnv;
  stdin: Readable & { isTTY?: boolean };
  stdout: OutStream;
  stderr: OutStream;
  /** The OS user: who approves unless `--approver` says otherwise. */
  user: string;
  now(): Date;
  /** Calls back on Ctrl-C until the returned function is called; meanwhile the process does not die of it. */
  onInterrupt(callback: () => void): () => void;
}

export function processIo(): Io {
  return {
    env: process.env,
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    user: osUser(),
    now: () => new Date(),
    onInterrupt: (callback) => {
      const signals = ['SIGINT', 'SIGTERM'] as const;
      for (const signal of signals) process.on(signal, callback);
      return () => {
        for (const signal of signals) process.off(signal, callback);
      };
    },
  };
}

function osUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run under a uid without an entry in /etc/passwd.
    return process.env.USER ?? `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
