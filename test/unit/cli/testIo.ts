/** A command's surroundings in memory. */
import { Readable } from 'node:stream';
import type { Io } from '../../../src/cli/io';
import { runCommand } from '../../../src/cli/program';

export interface Ran {
  code: number;
  out: string;
  err: string;
}

interface Surroundings {
  stdin?: string;
  env?: NodeJS.ProcessEnv;
  interrupted?: boolean;
}

export function ioOf(options: Surroundings = {}): { io: Io; written: Omit<Ran, 'code'> } {
  const written = { out: '', err: '' };
  const io: Io = {
    env: options.env ?? {},
    stdin: Readable.from(options.stdin === undefined ? [] : [options.stdin]),
    stdout: { write: (text) => (written.out += text), columns: 100 },
    stderr: { write: (text) => (written.err += text), columns: 100 },
    user: 'ann',
    now: () => new Date('2026-01-31T23:59:58.123Z'),
    onInterrupt: (callback) => {
      if (options.interrupted) callback();
      return () => undefined;
    },
  };
  return { io, written };
}

export async function ran(words: string[], options: Surroundings = {}): Promise<Ran> {
  const { io, written } = ioOf(options);
  const code = await runCommand(words, io);
  return { code, ...written };
}

/** A loopback port where nothing listens: port 1 needs root to bind and nobody does. */
export const NOBODY = '127.0.0.1:1';
