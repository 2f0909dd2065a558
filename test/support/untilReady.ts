/** A child process that says on standard output, as one JSON line, that it is ready. */
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const READY_DEADLINE_MS = 60_000;

/** The line it said; one that ends before, or says nothing for a minute, is killed. */
export function untilReady<T>(what: string, child: ChildProcess, logFile: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const fail = (why: string) => {
      child.kill('SIGKILL');
      reject(
        new Error(`the ${what} ${why}; its log:\n${readFileSync(logFile, 'utf8').slice(-3_000)}`),
      );
    };
    const timer = setTimeout(
      () => fail(`was not ready after ${READY_DEADLINE_MS} ms`),
      READY_DEADLINE_MS,
    );
    const early = (code: number | null) => fail(`ended with code ${code} before it was ready`);
    child.once('exit', early);
    createInterface({ input: child.stdout! }).on('line', (line) => {
      if (!line.includes('"ready":true')) return;
      clearTimeout(timer);
      child.off('exit', early);
      resolve(JSON.parse(line) as T);
    });
  });
}
