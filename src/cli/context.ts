/** What every command gets: its options settled, a voice, and a way to Temporal. */
import { Option, type Command } from 'commander';
import { withConfigurationFile } from '../adapters/configurationFile';
import type { Temporal } from '../adapters/temporal/connect';
import {
  DEFAULT_TEMPORAL_ADDRESS,
  DEFAULT_TEMPORAL_NAMESPACE,
} from '../adapters/temporal/environment';
import { EXIT, exitCodeOf, type ExitCode } from './exitCodes';
import type { Io } from './io';
import { Output } from './output';
import { shellWord } from './render/text';
import type { StatusView } from './render/status';

export interface CommonOptions {
  json?: boolean;
  quiet?: boolean;
  address?: string;
  namespace?: string;
  inventory?: string;
}

/** What a command ends with: text for people, a document for `--json`. */
export interface Outcome {
  text: string;
  document: unknown;
  exitCode?: ExitCode;
}

const CONNECT_DEADLINE_MS = 2_000;
export const DEFAULT_INVENTORY = 'zkferry.yaml';

export class CommandContext {
  readonly output: Output;
  readonly view: StatusView;
  private settled?: NodeJS.ProcessEnv;

  constructor(
    readonly io: Io,
    readonly common: CommonOptions,
  ) {
    this.output = new Output(io, { json: common.json ?? false, quiet: common.quiet ?? false });
    this.view = {
      colors: this.output.colors,
      width: this.output.width,
      command: (words) => this.command(words),
      throughServer: Boolean(io.env.ZKFERRY_SERVER),
      clock: () => io.now(),
    };
  }

  /** The environment, with the settings of the file that ZKFERRY_CONFIG names. */
  get env(): NodeJS.ProcessEnv {
    return (this.settled ??= withConfigurationFile(this.io.env));
  }

  get inventoryPath(): string {
    return this.common.inventory ?? (this.env.ZKFERRY_INVENTORY || DEFAULT_INVENTORY);
  }

  /** A command line to copy; carries on the options that led here. */
  command(words: string[]): string {
    const program = this.io.env.npm_command ? ['npx', 'zkferry'] : ['zkferry'];
    const { address, namespace } = this.common;
    const carried = [
      ...(address === undefined ? [] : ['--address', address]),
      ...(namespace === undefined ? [] : ['--namespace', namespace]),
    ];
    return [...program, ...words, ...carried].map(shellWord).join(' ');
  }

  /** Environment for a child that must see the same Temporal and inventory. */
  childEnvironment(): NodeJS.ProcessEnv {
    return { ...this.env, ...this.givenEnvironment() };
  }

  /** What options set of it. A child that reads the configuration file itself gets this beside the plain environment. */
  givenEnvironment(): NodeJS.ProcessEnv {
    const { address, namespace, inventory } = this.common;
    return {
      ...(address !== undefined && { TEMPORAL_ADDRESS: address }),
      ...(namespace !== undefined && { TEMPORAL_NAMESPACE: namespace }),
      ...(inventory !== undefined && { ZKFERRY_INVENTORY: inventory }),
    };
  }

  /** Opens a connection for the length of `work`. The client is loaded only here: `--help` needs none. */
  async withTemporal<T>(work: (temporal: Temporal) => Promise<T>): Promise<T> {
    const { connectTemporal } = await import('../adapters/temporal/connect');
    const { temporalFromEnvironment } = await import('../adapters/temporal/environment');
    const { readCodecKeys } = await import('../adapters/temporal/codecKeys');
    const environment = this.childEnvironment();
    const temporal = await connectTemporal({
      ...temporalFromEnvironment(environment),
      codecKeys: await readCodecKeys(environment),
      deadlineMs: CONNECT_DEADLINE_MS,
    });
    try {
      return await work(temporal);
    } finally {
      await temporal.close();
    }
  }
}

/** Adds the options that every command takes. */
export function withCommonOptions(command: Command): Command {
  return command
    .option('--json', 'print one JSON document, on the last line of standard output')
    .option('-q, --quiet', 'say only results and errors')
    .option(
      '--address <host:port>',
      `Temporal's address (TEMPORAL_ADDRESS, ${DEFAULT_TEMPORAL_ADDRESS})`,
    )
    .option(
      '--namespace <name>',
      `Temporal's namespace (TEMPORAL_NAMESPACE, ${DEFAULT_TEMPORAL_NAMESPACE})`,
    )
    .addOption(
      new Option(
        '--inventory <path>',
        `inventory file or directory (ZKFERRY_INVENTORY, ${DEFAULT_INVENTORY})`,
      ),
    );
}

export interface Runner {
  io: Io;
  /** Set by the command that ran. */
  exitCode: ExitCode;
}

/** Turns a command's function into commander's action: output, errors and exit code in one place. */
export function action<Args extends unknown[], Options extends object>(
  runner: Runner,
  run: (context: CommandContext, args: Args, options: Options) => Promise<Outcome>,
) {
  return async (...given: unknown[]): Promise<void> => {
    const command = given.at(-1) as Command;
    const options: Options & CommonOptions = command.optsWithGlobals();
    const context = new CommandContext(runner.io, options);
    try {
      const outcome = await run(context, given.slice(0, -2) as Args, options);
      context.output.result(outcome.text, outcome.document);
      runner.exitCode = outcome.exitCode ?? EXIT.done;
    } catch (error) {
      context.output.failure(error);
      runner.exitCode = exitCodeOf(error);
    }
  };
}
