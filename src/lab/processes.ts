/** Processes the lab started: known by pid and kernel start time, so that a reused pid is never signalled. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { ZkferryError } from '../model/errors';

export interface ProcessRef {
  pid: number;
  /** Field 22 of /proc/PID/stat, in clock ticks since boot. */
  startTicks: string;
}

function readProc(pid: number, file: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return undefined;
  }
}

/** State letter and start time; a zombie counts as gone. */
function statOf(pid: number): { startTicks: string } | undefined {
  const stat = readProc(pid, 'stat');
  if (stat === undefined) return undefined;
  // The command name may hold spaces and brackets: fields are counted after its closing one.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const startTicks = fields[19];
  return fields[0] === 'Z' || fields[0] === 'X' || startTicks === undefined
    ? undefined
    : { startTicks };
}

/** undefined when there is no such live process. */
export function processRef(pid: number): ProcessRef | undefined {
  const stat = statOf(pid);
  return stat && { pid, startTicks: stat.startTicks };
}

/** Arguments of a live process; empty when it is gone. */
export function argumentsOf(pid: number): string[] {
  return (readProc(pid, 'cmdline') ?? '').split('\0').slice(0, -1);
}

export function isAlive(ref: ProcessRef): boolean {
  return statOf(ref.pid)?.startTicks === ref.startTicks;
}

/** Sends a signal if, and only if, the process is still the one meant. False when it is gone. */
export function signalProcess(ref: ProcessRef, signal: NodeJS.Signals): boolean {
  if (!isAlive(ref)) return false;
  try {
    process.kill(ref.pid, signal);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** SIGTERM, and SIGKILL after `graceMs`; returns once it is gone. WaitTimedOut 5 s after the SIGKILL. */
export async function endProcess(ref: ProcessRef, graceMs = 5_000): Promise<void> {
  if (!signalProcess(ref, 'SIGTERM')) return;
  if (await becomesTrue(() => !isAlive(ref), graceMs)) return;
  signalProcess(ref, 'SIGKILL');
  await waitUntil(() => !isAlive(ref), 5_000, `process ${ref.pid} to be gone after SIGKILL`);
}

/** Polls `condition` every 20 ms; false if it did not come true within `deadlineMs`. */
export async function becomesTrue(
  condition: () => boolean | Promise<boolean>,
  deadlineMs: number,
): Promise<boolean> {
  const end = performance.now() + deadlineMs;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() >= end) return false;
    await delay(20);
  }
}

/** As `becomesTrue`, but WaitTimedOut says what was waited for. */
export async function waitUntil(
  condition: () => boolean | Promise<boolean>,
  deadlineMs: number,
  what: string,
  detail: () => string = () => '',
): Promise<void> {
  if (await becomesTrue(condition, deadlineMs)) return;
  const more = detail();
  throw new ZkferryError(
    'WaitTimedOut',
    `waited ${deadlineMs / 1000} s for ${what}${more === '' ? '' : `: ${more}`}`,
    { retryable: true },
  );
}

/** Runs a local program to its end; RemoteCommandFailed with its last words unless it exits 0. */
export function runLocal(
  program: string,
  args: string[],
  options: { timeoutMs?: number; env?: NodeJS.ProcessEnv; cwd?: string } = {},
): Promise<string> {
  const { timeoutMs = 60_000, env, cwd } = options;
  return new Promise((resolve, reject) => {
    execFile(
      program,
      args,
      { timeout: timeoutMs, killSignal: 'SIGKILL', maxBuffer: 1 << 20, env, cwd },
      (error, stdout, stderr) => {
        if (error === null) return resolve(stdout);
        const said = `${stdout}${stderr}`.trim().slice(-2_000);
        reject(
          new ZkferryError(
            'RemoteCommandFailed',
            `${program} ${args.join(' ')} failed on this machine (${error.signal ?? error.code ?? 'not started'})${said === '' ? '' : `: ${said}`}`,
            { details: { code: error.code, signal: error.signal }, cause: error },
          ),
        );
      },
    );
  });
}
