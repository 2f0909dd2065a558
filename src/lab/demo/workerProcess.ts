/** A worker beside a lab: its own process, found again by pid when whoever started it is gone. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ZkferryError } from '../../model/errors';
import { endProcess, isAlive, processRef, waitUntil, type ProcessRef } from '../processes';
import { labEnvironment } from './environment';

const READY_DEADLINE_MS = 60_000;
/** The worker's own grace for running activities is 10 s. */
const STOP_GRACE_MS = 15_000;
const MAX_SHOWN_CHARS = 1_500;

export interface WorkerSetting {
  /** The built worker/main.js. */
  entry: string;
  /** The lab's directory: logs and the pid go there. */
  directory: string;
  address: string;
  inventoryPath: string;
}

const recordFile = (directory: string) => join(directory, 'worker.json');

/**
 * Starts a worker and waits until it polls. It runs detached, so that Ctrl-C ends it in its turn only.
 * @throws WaitTimedOut with its last words
 */
export async function startWorker(setting: WorkerSetting): Promise<ProcessRef> {
  const outFile = join(setting.directory, 'worker.out');
  const logFile = join(setting.directory, 'worker.log');
  const [out, log] = [openSync(outFile, 'w', 0o600), openSync(logFile, 'a', 0o600)];
  const child = spawn(process.execPath, [setting.entry], {
    detached: true,
    stdio: ['ignore', out, log],
    env: {
      ...process.env,
      TEMPORAL_NAMESPACE: 'default',
      ZKFERRY_ALLOW_INLINE: '1',
      ZKFERRY_LOG_LEVEL: process.env.ZKFERRY_LOG_LEVEL ?? 'warn',
      ...labEnvironment(setting),
    },
  });
  closeSync(out);
  closeSync(log);
  child.once('error', () => undefined);
  child.unref();
  const ref = child.pid === undefined ? undefined : processRef(child.pid);
  if (ref) writeFileSync(recordFile(setting.directory), JSON.stringify(ref), { mode: 0o600 });
  const ended = () => child.exitCode !== null || child.signalCode !== null || ref === undefined;
  const ready = () => readFileSync(outFile, 'utf8').includes('"ready":true');
  const lastWords = () => readFileSync(logFile, 'utf8').trim().slice(-MAX_SHOWN_CHARS);
  await waitUntil(() => ended() || ready(), READY_DEADLINE_MS, 'the worker to poll', lastWords);
  if (ref && !ended()) return ref;
  throw new ZkferryError('WaitTimedOut', `the worker ended before it was ready: ${lastWords()}`);
}

/** Stops the worker that was started beside a lab, if it is still that process. */
export async function stopRecordedWorker(directory: string): Promise<void> {
  let ref: ProcessRef;
  try {
    ref = JSON.parse(readFileSync(recordFile(directory), 'utf8')) as ProcessRef;
  } catch {
    return;
  }
  if (isAlive(ref)) await endProcess(ref, STOP_GRACE_MS);
  rmSync(recordFile(directory), { force: true });
}
