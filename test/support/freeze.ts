/** Stops processes, and returns once none of their threads runs: on a busy machine a signal alone takes its time. */
import { readdirSync, readFileSync } from 'node:fs';
import { until } from './until';

const WITHIN_MS = 10_000;

export async function freeze(...pids: number[]): Promise<void> {
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  await until(
    `processes ${pids.join(', ')} stopped`,
    () => pids.every(isStopped) || undefined,
    WITHIN_MS,
  );
}

const isStopped = (pid: number): boolean =>
  readdirSync(`/proc/${pid}/task`).every((task) => {
    const stat = readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
  });
