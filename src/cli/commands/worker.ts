/** `zkferry worker`: runs a worker in the foreground until it is told to stop; `--check` only says what it would run with. */
import { spawn } from 'node:child_process';
import type { Command } from 'commander';
import type { WorkerFailure } from '../../../worker/main';
import { ZkferryError } from '../../model/errors';
import {
  action,
  withCommonOptions,
  type CommandContext,
  type Outcome,
  type Runner,
} from '../context';
import { EXIT } from '../exitCodes';
import { workerEntry } from '../workerEntry';

interface WorkerOptions {
  check?: boolean;
}

export function registerWorker(program: Command, runner: Runner): void {
  withCommonOptions(program.command('worker'))
    .description('run a worker: it reads the inventory and does the work of the strategies')
    .option('--check', 'print the settled configuration without secrets, and end')
    .action(
      action<[], WorkerOptions>(runner, (context, _args, { check }) =>
        check ? checked(context) : run(context),
      ),
    );
}

const environmentOf = (context: CommandContext): NodeJS.ProcessEnv => ({
  ...context.io.env,
  ...context.givenEnvironment(),
});

async function checked(context: CommandContext): Promise<Outcome> {
  const { settleConfiguration } = await import('../../../worker/configuration');
  const { checkConfiguration } = await import('../../../worker/check');
  const document = await checkConfiguration(settleConfiguration(environmentOf(context)));
  const width = Math.max(...Object.keys(document.settings).map((name) => name.length));
  const lines = Object.entries(document.settings).map(
    ([name, { value, from }]) => `${name.padEnd(width)}  ${String(value)}  (${from})`,
  );
  return {
    text: [
      ...lines,
      ...document.problems.map((problem) => context.output.colors.red(problem)),
    ].join('\n'),
    document,
    exitCode: document.ok ? EXIT.done : EXIT.failed,
  };
}

async function run(context: CommandContext): Promise<Outcome> {
  // Its log goes to standard error, its ready line to standard output: both are inherited.
  const child = spawn(process.execPath, [workerEntry()], {
    // The channel tells the worker when this process dies, however it dies.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: environmentOf(context),
  });
  const stopListening = context.io.onInterrupt(() => child.kill('SIGTERM'));
  try {
    let failure: WorkerFailure | undefined;
    child.once('message', (message) => {
      failure = message as WorkerFailure;
    });
    const [code] = await Promise.all([
      new Promise<number | null>((resolve, reject) => {
        child.once('error', reject);
        child.once('exit', resolve);
      }),
      // What it has sent is read by then.
      new Promise((resolve) => child.once('disconnect', resolve)),
    ]);
    if (code === 0) return { text: '', document: { ok: true } };
    if (failure !== undefined) throw new ZkferryError(failure.type, failure.message);
    throw new ZkferryError(
      'WorkerEnded',
      `the worker ended with ${code === null ? 'a signal' : `exit code ${code}`}; its own lines above say why`,
    );
  } finally {
    stopListening();
  }
}
