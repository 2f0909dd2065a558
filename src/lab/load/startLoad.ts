import { spawn, type ChildProcess } from 'node:child_process';
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs';
import { writeFileSync } from 'node:fs';
import { basename, join, sep } from 'node:path';
import { ZkferryError } from '../../model/errors';
import { JOURNAL_FILE, loadConfigSchema, PID_FILE, STATUS_FILE, type LoadOptions } from './config';
import type { LoadStats } from './counters';
import { Load } from './load';

const LOOK_EVERY_MS = 50;
/** Over what the process itself allows for connecting. */
const START_GRACE_MS = 5000;
/** In-flight operations, the look at the ephemerals and closing all sessions, at their longest. */
const STOP_MOST_MS = 45_000;

export interface StartLoadOptions extends LoadOptions {
  /**
   * Runs inside this process instead of its own. Only for one that starts no other processes while it
   * runs: the C client's sockets are inherited by every child, and a session whose old socket lives on
   * in a child may never get another event.
   */
  inProcess?: boolean;
}

export interface LoadHandle {
  /** `acks.jsonl`: complete once `stop` resolved. */
  readonly journalPath: string;
  readonly pid: number;
  /** At most 250 ms old. */
  stats(): LoadStats;
  /** Sends every client, session and all, to other servers of the same ensemble. */
  redirect(connectString: string): void;
  /** Resolves when every session is closed and the journal is complete. */
  stop(): Promise<void>;
}

/**
 * Starts a load and resolves once every client is connected and its first write is acknowledged.
 * Rejects with ZooKeeperUnavailable where that takes longer than `connectTimeoutMs`, InvalidInput where
 * an option is out of range.
 */
export async function startLoad({ inProcess, ...options }: StartLoadOptions): Promise<LoadHandle> {
  const parsed = loadConfigSchema.safeParse({ ...options, stopWhenInputEnds: true });
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new ZkferryError(
      'InvalidInput',
      `load option ${issue?.path.join('.')}: ${issue?.message}; correct it and start again`,
    );
  }
  const config = parsed.data;
  mkdirSync(config.directory, { recursive: true });
  rmSync(join(config.directory, STATUS_FILE), { force: true });
  if (inProcess) {
    const load = new Load(config);
    await load.start();
    return {
      journalPath: load.journalPath,
      pid: process.pid,
      stats: () => load.stats(),
      redirect: (connectString) => load.redirect(connectString),
      stop: () => load.stop(),
    };
  }
  const configFile = join(config.directory, 'load.json');
  writeFileSync(configFile, JSON.stringify(config, null, 2));
  const started = new LoadProcess(program(), configFile, config.directory);
  await started.untilReady(config.connectTimeoutMs + START_GRACE_MS);
  return started;
}

class LoadProcess implements LoadHandle {
  readonly journalPath: string;
  readonly pid: number;
  private readonly child: ChildProcess;
  private readonly exited: Promise<string>;
  private readonly logPath: string;

  constructor(
    program: string,
    configFile: string,
    private readonly directory: string,
  ) {
    this.journalPath = join(directory, JOURNAL_FILE);
    this.logPath = join(directory, 'load.log');
    const log = openSync(this.logPath, 'w');
    this.child = spawn(process.execPath, [program, '--config', configFile], {
      stdio: ['pipe', log, log],
    });
    closeSync(log);
    // Writing to a process that has just ended must not bring this one down.
    this.child.stdin?.on('error', () => undefined);
    this.pid = this.child.pid ?? -1;
    writeFileSync(join(directory, PID_FILE), String(this.pid));
    this.exited = new Promise((resolve) => {
      this.child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
      this.child.once('error', (error) => resolve(error.message));
    });
  }

  stats(): LoadStats {
    return JSON.parse(readFileSync(join(this.directory, STATUS_FILE), 'utf8')) as LoadStats;
  }

  redirect(connectString: string): void {
    this.child.stdin?.write(`redirect ${connectString}\n`);
  }

  async stop(): Promise<void> {
    this.child.stdin?.end('stop\n');
    const how = await within(this.exited, STOP_MOST_MS);
    if (how === LATE) {
      this.child.kill('SIGKILL');
      await this.exited;
      throw new ZkferryError(
        'WaitTimedOut',
        `load process ${this.pid}: still running ${STOP_MOST_MS} ms after it was told to stop and was killed; see ${this.logPath}`,
      );
    }
    if (how !== 'exit code 0') throw this.died(how);
  }

  async untilReady(deadlineMs: number): Promise<void> {
    const deadlineAt = performance.now() + deadlineMs;
    while (!this.isReady()) {
      const how = await within(this.exited, LOOK_EVERY_MS);
      if (how !== LATE) throw this.died(how);
      if (performance.now() > deadlineAt) {
        this.child.kill('SIGKILL');
        throw new ZkferryError(
          'WaitTimedOut',
          `load process ${this.pid}: no acknowledged write within ${deadlineMs} ms; see ${this.logPath}`,
        );
      }
    }
  }

  private isReady(): boolean {
    try {
      return this.stats().ready;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
  }

  private died(how: string): ZkferryError {
    const said = readFileSync(this.logPath, 'utf8').trim().slice(-500);
    return new ZkferryError(
      'ZooKeeperUnavailable',
      `load process ${this.pid}: ended with ${how}: ${said || 'no output'}; see ${this.logPath}`,
      { retryable: true },
    );
  }
}

/** The compiled main program, unless a source beside this file is newer than it: then the sources. */
function program(): string {
  const here = __dirname;
  if (here.split(sep).includes('dist')) return join(here, 'main.js');
  const marker = join('src', 'lab', 'load');
  const built = join(here.slice(0, -marker.length), 'dist', marker);
  const stale = readdirSync(here)
    .filter((name) => name.endsWith('.ts'))
    .some((name) => {
      const compiled = statSync(join(built, `${basename(name, '.ts')}.js`), {
        throwIfNoEntry: false,
      });
      return compiled === undefined || compiled.mtimeMs < statSync(join(here, name)).mtimeMs;
    });
  return stale ? join(here, 'runFromSource.js') : join(built, 'main.js');
}

const LATE = Symbol('late');

async function within<T>(wanted: Promise<T>, ms: number): Promise<T | typeof LATE> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(() => resolve(LATE), ms);
  });
  const first = await Promise.race([wanted, late]);
  clearTimeout(timer);
  return first;
}
