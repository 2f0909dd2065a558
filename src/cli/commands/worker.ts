/** `zkferry worker`: runs a worker in the foreground until it is told to stop. */
import { spawn } from 'node:child_process';
import type { Command } from 'commander';
import { ZkferryError } from '../../model/errors';
import { action, withCommonOptions, type Runner } from '../context';
import { workerEntry } from '../workerEntry';

export function registerWorker(program: Command, runner: Runner): void {
  withCommonOptions(program.command('worker'))
    .description('run a worker: it reads the inventory and does the work of the strategies')
    .action(
      action<[], object>(runner, async (context) => {
        // Its log goes to standard error, its ready line to standard output: both are inherited.
        const child = spawn(process.execPath, [workerEntry()], {
          // The channel tells the worker when this process dies, however it dies.
          stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
          env: context.childEnvironment(),
        });
        const stopListening = context.io.onInterrupt(() => child.kill('SIGTERM'));
        try {
          const code = await new Promise<number | null>((resolve, reject) => {
            child.once('error', reject);
            child.once('exit', resolve);
          });
          if (code === 0) return { text: '', document: { ok: true } };
          throw new ZkferryError(
            'TemporalUnavailable',
            `the worker ended with ${code === null ? 'a signal' : `exit code ${code}`}; its own lines above say why`,
          );
        } finally {
          stopListening();
        }
      }),
    );
}
