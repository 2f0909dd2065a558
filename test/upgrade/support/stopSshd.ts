/** Ends a host's sshd together with the sessions it serves, as a host that went away would. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '../../../src/lab/lab';
import { until } from '../../support/until';

const WITHIN_MS = 5_000;

export async function stopSshd(lab: Lab, server: string): Promise<void> {
  const pidFile = join(lab.server(server).directory, 'run', 'sshd.pid');
  const pids = familyOf(Number(readFileSync(pidFile, 'utf8')));
  for (const pid of pids) signal(pid, 'SIGKILL');
  await until(
    `sshd of ${server} gone`,
    () => (pids.some((pid) => signal(pid, 0)) ? undefined : true),
    WITHIN_MS,
  );
}

/** The process and everything below it. */
function familyOf(root: number): number[] {
  const parents = new Map<number, number>();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry)))
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It ended while we looked.
    }
  const family = [root];
  for (const member of family)
    for (const [pid, parent] of parents) if (parent === member) family.push(pid);
  return family;
}

/** False when there is no such process. A killed child stays a zombie until it is waited for: that counts as gone. */
function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    if (name === 0 && / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return false;
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}
