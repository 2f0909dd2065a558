/** What a server's heap holds, garbage left out. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { javaHome } from '../../src/lab/bootstrap';
import type { Lab } from '../../src/lab/lab';

const JCMD_DEADLINE_MS = 30_000;

/** Bytes of live objects: the histogram collects all garbage first. Rejects where the server does not run. */
export async function liveHeapBytes(lab: Lab, server: string): Promise<number> {
  const running = lab.serverProcess(server);
  if (running === undefined) throw new Error(`${server} does not run`);
  const { stdout } = await promisify(execFile)(
    join(javaHome(), 'bin', 'jcmd'),
    [String(running.pid), 'GC.class_histogram'],
    { timeout: JCMD_DEADLINE_MS, maxBuffer: 64 << 20 },
  );
  const total = /^Total\s+\d+\s+(\d+)\s*$/m.exec(stdout);
  if (total === null) throw new Error(`jcmd said no total: ${stdout.slice(-200)}`);
  return Number(total[1]);
}

export const mib = (bytes: number): number => Math.round(bytes / (1 << 20));
