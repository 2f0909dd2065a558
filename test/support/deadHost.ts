/** A host of a lab that is gone at once: its ZooKeeper, its sshd and every connection through that. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostPaths } from '../../src/lab/hostFiles';
import type { Lab } from '../../src/lab/lab';

/** `lab.startSsh()` brings back what can be reached; ZooKeeper stays dead. */
export async function killHost(lab: Lab, name: string): Promise<void> {
  const { directory } = lab.servers.find((server) => server.name === name)!;
  const listener = Number(readFileSync(join(hostPaths(directory).run, 'sshd.pid'), 'utf8'));
  for (const pid of [listener, ...descendantsOf(listener)]) kill(pid);
  await lab.killServer(name);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    // It ended meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function descendantsOf(ancestor: number): number[] {
  const parents = new Map<number, number>();
  for (const entry of readdirSync('/proc').filter((each) => /^\d+$/.test(each)))
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]));
    } catch {
      // It has ended meanwhile.
    }
  const children = [...parents].filter(([, parent]) => parent === ancestor).map(([pid]) => pid);
  return children.flatMap((pid) => [pid, ...descendantsOf(pid)]);
}
