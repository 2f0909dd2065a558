/** A real worker process, which tests kill, freeze and start again. */
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../src/lab/projectRoot';
import { untilReady } from './untilReady';

export interface WorkerProcess {
  readonly pid: number;
  readonly logFile: string;
  readonly exited: Promise<void>;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, or the signal given; resolves when the process is gone. */
  end(signal?: NodeJS.Signals): Promise<void>;
  log(): string;
}

export interface WorkerEnvironment {
  address: string;
  inventory: string;
  secretFile: string;
  logFile: string;
  extra?: Record<string, string>;
}

/** Resolves when the worker polls its task queue. */
export async function startWorker(environment: WorkerEnvironment): Promise<WorkerProcess> {
  const log = openSync(environment.logFile, 'a');
  const child: ChildProcess = spawn(
    process.execPath,
    [join(projectRoot(), 'dist', 'worker', 'main.js')],
    {
      env: {
        ...process.env,
        TEMPORAL_ADDRESS: environment.address,
        ZKFERRY_INVENTORY: environment.inventory,
        ZKFERRY_SECRET_FILE: environment.secretFile,
        ZKFERRY_LOG_LEVEL: 'info',
        ZKFERRY_SHUTDOWN_GRACE_MS: '2000',
        ...environment.extra,
      },
      stdio: ['ignore', 'pipe', log],
    },
  );
  closeSync(log);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await untilReady('worker', child, environment.logFile);
  return {
    pid: child.pid ?? 0,
    logFile: environment.logFile,
    exited,
    signal: (signal) => void child.kill(signal),
    end: async (signal = 'SIGTERM') => {
      child.kill(signal);
      await exited;
    },
    log: () => readFileSync(environment.logFile, 'utf8'),
  };
}
