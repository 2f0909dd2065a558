/** A Temporal development server of one's own on loopback, whose database survives its restarts. */
import { Connection } from '@temporalio/client';
import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { tmpdir } from 'node:os';
import { SEARCH_ATTRIBUTES } from '../model/contract';
import { ZkferryError } from '../model/errors';
import { ensureTemporalBinary } from './bootstrap';
import {
  argumentsOf,
  endProcess,
  isAlive,
  processRef,
  signalProcess,
  waitUntil,
} from './processes';
import type { ProcessRef } from './processes';

const READY_DEADLINE_MS = 30_000;
const KILL_DEADLINE_MS = 5_000;
const START_TRIES = 3;
const LOOPBACK = '127.0.0.1';

export interface TemporalOptions {
  /** SQLite file that keeps everything over a restart; without one, a restart forgets all. */
  dbFile?: string;
  /** gRPC port; default a free one. */
  port?: number;
  /** Web UI port; default a free one. */
  uiPort?: number;
  /** Where the server's own words go; default beside the database. */
  logFile?: string;
  readyDeadlineMs?: number;
  /** Settings of the server's dynamic configuration, e.g. `limit.historyCount.suggestContinueAsNew`. */
  dynamicConfig?: Record<string, number>;
  /** Told of each process before it is waited for: whoever made it may die meanwhile. */
  onSpawn?: (spawned: Pick<TemporalServer, 'address' | 'uiUrl' | 'process'>) => void;
}

export interface TemporalServer {
  /** `127.0.0.1:port` for TEMPORAL_ADDRESS. */
  readonly address: string;
  readonly uiUrl: string;
  readonly pid: number;
  readonly process: ProcessRef;
  /** SIGTERM, then SIGKILL after 10 s. Idempotent. */
  stop(): Promise<void>;
  /** SIGKILL. Idempotent. */
  kill(): Promise<void>;
  /** Stops it if it runs and starts it again on the same ports and file; returns when it is ready. */
  restart(): Promise<void>;
}

interface Ports {
  grpc: number;
  ui: number;
  http: number;
  metrics: number;
}

/** Free ports, held together until all are known so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers: Server[] = [];
  try {
    for (let index = 0; index < count; index += 1) {
      const server = createServer();
      servers.push(server);
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(0, LOOPBACK, resolve);
      });
    }
    return servers.map((server) => (server.address() as AddressInfo).port);
  } finally {
    await Promise.all(
      servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))),
    );
  }
}

function argumentsFor(ports: Ports, { dbFile, dynamicConfig = {} }: TemporalOptions): string[] {
  const attributes = Object.values(SEARCH_ATTRIBUTES).flatMap((name) => [
    '--search-attribute',
    `${name}=Keyword`,
  ]);
  return [
    ...['server', 'start-dev', '--headless=false', '--log-level', 'error'],
    ...['--ip', LOOPBACK, '--ui-ip', LOOPBACK],
    ...['--port', String(ports.grpc), '--ui-port', String(ports.ui)],
    ...['--http-port', String(ports.http), '--metrics-port', String(ports.metrics)],
    ...(dbFile === undefined ? [] : ['--db-filename', dbFile]),
    ...attributes,
    ...Object.entries(dynamicConfig).flatMap(([name, value]) => [
      '--dynamic-config-value',
      `${name}=${value}`,
    ]),
  ];
}

/** Whether the server answers and its default namespace exists. */
async function isReady(address: string): Promise<boolean> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ address, connectTimeout: 1_000 });
    const { workflowService } = connection;
    await connection.withDeadline(Date.now() + 2_000, () =>
      workflowService.describeNamespace({ namespace: 'default' }),
    );
    return true;
  } catch {
    return false;
  } finally {
    await connection?.close();
  }
}

const endingOf = (child: ChildProcess) =>
  child.exitCode === null && child.signalCode === null
    ? undefined
    : `it ended with ${child.signalCode ?? `exit code ${child.exitCode}`}`;

async function launch(
  binary: string,
  ports: Ports,
  options: TemporalOptions,
  logFile: string,
): Promise<ProcessRef> {
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(binary, argumentsFor(ports, options), {
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.once('error', () => undefined);
  child.unref();
  const address = `${LOOPBACK}:${ports.grpc}`;
  const ref = child.pid === undefined ? undefined : processRef(child.pid);
  if (ref) options.onSpawn?.({ address, uiUrl: `http://${LOOPBACK}:${ports.ui}`, process: ref });
  const lastWords = () => readFileSync(logFile, 'utf8').trim().slice(-1_000);
  try {
    await waitUntil(
      async () => endingOf(child) !== undefined || (await isReady(address)),
      options.readyDeadlineMs ?? READY_DEADLINE_MS,
      `Temporal on ${address}`,
      lastWords,
    );
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
  const ending = endingOf(child);
  if (ending === undefined && ref !== undefined) return ref;
  throw new ZkferryError(
    'WaitTimedOut',
    `Temporal on ${address} did not start: ${ending ?? 'it is gone'}; it said: ${lastWords()}`,
    { retryable: true },
  );
}

/**
 * Starts a development server (found, fetched or built by the set-up) and waits until it is ready, 30 s at
 * most. It runs detached: whoever starts it stops it. ArtifactMissing, WaitTimedOut.
 */
export async function startTemporal(options: TemporalOptions = {}): Promise<TemporalServer> {
  const binary = await ensureTemporalBinary();
  if (options.dbFile !== undefined) mkdirSync(dirname(options.dbFile), { recursive: true });
  let lastError: unknown;
  for (let attempt = 0; attempt < START_TRIES; attempt += 1) {
    // Another process may take a port between our look and the server's start: then look again.
    const [grpc = 0, ui = 0, http = 0, metrics = 0] = await freePorts(4);
    const ports = { grpc: options.port ?? grpc, ui: options.uiPort ?? ui, http, metrics };
    const logFile =
      options.logFile ??
      (options.dbFile === undefined
        ? join(tmpdir(), `zkferry-temporal-${ports.grpc}.log`)
        : `${options.dbFile}.log`);
    try {
      const running = await launch(binary, ports, options, logFile);
      return handle(running, ports, () => launch(binary, ports, options, logFile));
    } catch (error) {
      lastError = error;
    }
  }
  throw lastError;
}

function handle(
  started: ProcessRef,
  ports: Ports,
  relaunch: () => Promise<ProcessRef>,
): TemporalServer {
  let current = started;
  const stop = () => endProcess(current, 10_000);
  return {
    address: `${LOOPBACK}:${ports.grpc}`,
    uiUrl: `http://${LOOPBACK}:${ports.ui}`,
    get pid() {
      return current.pid;
    },
    get process() {
      return current;
    },
    stop,
    async kill() {
      signalProcess(current, 'SIGKILL');
      await waitUntil(() => !isAlive(current), KILL_DEADLINE_MS, `pid ${current.pid} to die`);
    },
    async restart() {
      await stop();
      current = await relaunch();
    },
  };
}

/** Stops a server another process started, if that pid is still it. */
export async function stopTemporalProcess(ref: ProcessRef): Promise<void> {
  if (argumentsOf(ref.pid).includes('start-dev')) await endProcess(ref, 10_000);
}
