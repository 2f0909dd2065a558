/** Loaded into a process that is measured (--require): at its exit it writes down what it took. */
import { appendFileSync, readFileSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

/** File to write to, a JSON line a process. */
export const REPORT_VARIABLE = 'ZKFERRY_BENCH_REPORT';

export interface ExitReport {
  peakRssBytes: number;
  /** User and system. */
  cpuMs: number;
}

/** The process's own: what `getrusage` says may be that of the process it was forked from. */
function peakRssBytes(): number {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))!;
    return Number(kilobytes) * 1024;
  } catch {
    return process.resourceUsage().maxRSS * 1024;
  }
}

const report = process.env[REPORT_VARIABLE];
if (report !== undefined && isMainThread)
  process.on('exit', () => {
    const { user, system } = process.cpuUsage();
    const line: ExitReport = { peakRssBytes: peakRssBytes(), cpuMs: (user + system) / 1000 };
    appendFileSync(report, `${JSON.stringify(line)}\n`);
  });
