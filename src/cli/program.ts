/** The command as a whole: its commands, and usage errors in the same shape as all others. */
import { Command, CommanderError } from 'commander';
import { ZkferryError } from '../model/errors';
import { registerAudit } from './commands/audit';
import { registerBackup } from './commands/backup';
import { registerCodecServer } from './commands/codecServer';
import { registerControls } from './commands/control';
import { registerCopy } from './commands/copy';
import { registerDemo } from './commands/demo';
import { registerDiff } from './commands/diff';
import { registerInspect } from './commands/inspect';
import { registerKeys } from './commands/keys';
import { registerLab } from './commands/lab';
import { registerPlan } from './commands/plan';
import { registerRun } from './commands/run';
import { registerSchema } from './commands/schema';
import { registerServer } from './commands/server';
import { registerStatus } from './commands/status';
import { registerTap } from './commands/tap';
import { registerToken } from './commands/token';
import { registerUnlock } from './commands/unlock';
import { registerWorker } from './commands/worker';
import { withCommonOptions, type Runner } from './context';
import { EXIT, exitCodeOf, type ExitCode } from './exitCodes';
import type { Io } from './io';
import { Output } from './output';
import { VERSION } from './version';

const EXAMPLES = `
Examples:
  zkferry inspect orders
  zkferry plan upgrade --ensemble orders --to 3.9.6
  zkferry run upgrade -f upgrade.yaml
  zkferry approve WORKFLOW start --comment "change 1234"
  zkferry demo

Exit codes: 0 done; 1 refused, failed or different; 2 bad usage or input; 130 stopped by Ctrl-C.`;

export function buildProgram(runner: Runner): Command {
  const program = withCommonOptions(new Command('zkferry'))
    .description(
      'Carries a ZooKeeper ensemble to its next version without losing an acknowledged write.',
    )
    .version(VERSION)
    // A command's own --version (of ZooKeeper) is not the program's.
    .enablePositionalOptions()
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(zkferry --help, or zkferry COMMAND --help, says what is accepted)');
  registerPlan(program, runner);
  registerRun(program, runner);
  registerStatus(program, runner);
  registerControls(program, runner);
  registerInspect(program, runner);
  registerCopy(program, runner);
  registerDiff(program, runner);
  registerTap(program, runner);
  registerBackup(program, runner);
  registerUnlock(program, runner);
  registerSchema(program, runner);
  registerWorker(program, runner);
  registerCodecServer(program, runner);
  registerServer(program, runner);
  registerToken(program, runner);
  registerKeys(program, runner);
  registerAudit(program, runner);
  registerLab(program, runner);
  registerDemo(program, runner);
  for (const command of allCommands(program)) {
    command.exitOverride();
    command.configureOutput({
      writeOut: (text) => runner.io.stdout.write(text),
      writeErr: (text) => runner.io.stderr.write(text),
      getOutHelpWidth: () => runner.io.stdout.columns ?? 100,
      getErrHelpWidth: () => runner.io.stderr.columns ?? 100,
    });
  }
  return program;
}

function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)];
}

/**
 * Runs one command line.
 * @param words the words after the program's name
 */
export async function runCommand(words: readonly string[], io: Io): Promise<ExitCode> {
  const runner: Runner = { io, exitCode: EXIT.done };
  const json = words.includes('--json');
  const program = buildProgram(runner);
  if (json)
    for (const command of allCommands(program))
      command.configureOutput({ outputError: () => undefined }).showHelpAfterError(false);
  try {
    await program.parseAsync([...words], { from: 'user' });
    return runner.exitCode;
  } catch (error) {
    return usageExit(error, json, io);
  }
}

function usageExit(error: unknown, json: boolean, io: Io): ExitCode {
  const output = new Output(io, { json, quiet: false });
  if (!(error instanceof CommanderError)) {
    output.failure(error);
    return exitCodeOf(error);
  }
  if (error.exitCode === 0) return EXIT.done;
  if (json) output.failure(new ZkferryError('BadUsage', error.message.replace(/^error: /, '')));
  return EXIT.badUsage;
}
