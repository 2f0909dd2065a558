/** A real server process, which tests kill and start again. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../src/lab/projectRoot';
import { untilReady } from './untilReady';

export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** SIGTERM, or the signal given; resolves when the process is gone. */
  end(signal?: NodeJS.Signals): Promise<void>;
  log(): string;
}

export interface ServerEnvironment {
  address: string;
  inventory: string;
  /** YAML. */
  configurationFile: string;
  logFile: string;
}

/** Resolves when the server listens. */
export async function startServerProcess(environment: ServerEnvironment): Promise<ServerProcess> {
  const { address, inventory, configurationFile, logFile } = environment;
  const log = openSync(logFile, 'a');
  const child = spawn(
    process.execPath,
    [join(projectRoot(), 'dist', 'src', 'cli', 'main.js'), 'server'],
    {
      env: {
        ...process.env,
        TEMPORAL_ADDRESS: address,
        ZKFERRY_INVENTORY: inventory,
        ZKFERRY_SERVER_CONFIG: configurationFile,
      },
      stdio: ['ignore', 'pipe', log],
    },
  );
  closeSync(log);
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const { url } = await untilReady<{ url: string }>('server', child, logFile);
  return {
    url,
    pid: child.pid!,
    async end(signal = 'SIGTERM') {
      child.kill(signal);
      await exited;
    },
    log: () => readFileSync(logFile, 'utf8'),
  };
}
