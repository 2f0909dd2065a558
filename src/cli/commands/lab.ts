/** `zkferry lab up|down|status`: real ensembles on this machine. */
import { Argument, type Command } from 'commander';
import type { LabStatus } from '../../lab/labCommands';
import {
  action,
  withCommonOptions,
  type CommandContext,
  type Outcome,
  type Runner,
} from '../context';
import { wholeNumber } from '../options';
import { renderLab, renderNextWithLab } from '../render/lab';

const DEFAULT_NAME = 'demo';
const DEFAULT_VERSION = '3.8.4';

interface UpOptions {
  version: string;
  servers: number;
  observers: number;
  spares: number;
  supervised?: boolean;
  reconfig?: boolean;
  temporal: boolean;
}

export function registerLab(program: Command, runner: Runner): void {
  const lab = program.command('lab').description('real ensembles on this machine');
  withCommonOptions(lab.command('up'))
    .description('start a lab, and Temporal beside it')
    .addArgument(new Argument('[name]', 'name of the lab and its ensemble').default(DEFAULT_NAME))
    .option('--version <version>', 'ZooKeeper release', DEFAULT_VERSION)
    .option('--servers <n>', 'voting members', wholeNumber(1, 64), 3)
    .option('--observers <n>', 'observers', wholeNumber(0, 64), 0)
    .option('--spares <n>', 'prepared hosts that are not members', wholeNumber(0, 64), 0)
    .option('--supervised', 'restart a server that is down, as systemd would')
    .option('--reconfig', 'allow dynamic reconfiguration (3.5 and later)')
    .option('--no-temporal', 'do not start Temporal')
    .action(
      action<[string], UpOptions>(runner, async (context, [name], options) => {
        const { labUp } = await import('../../lab/labCommands');
        context.output.note(`starting ${options.servers} servers of ZooKeeper ${options.version}`);
        const { version, servers, observers, spares, supervised, reconfig, temporal } = options;
        const status = await labUp({
          name,
          version,
          servers,
          observers,
          spares,
          supervised,
          reconfig,
          temporal,
          address: context.common.address,
        });
        const next = renderNextWithLab(status, context.command(['worker']), context.view);
        return { text: `${renderLab(status, context.view)}\n\n${next}`, document: status };
      }),
    );
  withCommonOptions(lab.command('down'))
    .description('stop a lab and all that belongs to it, and remove its files')
    .addArgument(new Argument('[name]', 'name of the lab').default(DEFAULT_NAME))
    .option('--keep-files', 'leave its directory')
    .action(
      action<[string], { keepFiles?: boolean }>(runner, async (_context, [name], options) => {
        const { labDown, labStatus } = await import('../../lab/labCommands');
        const { stopRecordedWorker } = await import('../../lab/demo/workerProcess');
        const [found] = await labStatus(name);
        if (found) await stopRecordedWorker(found.directory);
        const down = await labDown(name, { keepFiles: options.keepFiles });
        return { text: `lab ${down.name} is down`, document: { ok: true, ...down } };
      }),
    );
  withCommonOptions(lab.command('status'))
    .description('show a lab, or all of them')
    .argument('[name]', 'name of the lab')
    .action(action<[string | undefined], object>(runner, (context, [name]) => show(context, name)));
}

async function show(context: CommandContext, name: string | undefined): Promise<Outcome> {
  const { labStatus } = await import('../../lab/labCommands');
  const labs: LabStatus[] = await labStatus(name);
  if (labs.length === 0)
    return {
      text: `no lab is up; start one with ${context.command(['lab', 'up'])}`,
      document: { labs },
    };
  return { text: labs.map((lab) => renderLab(lab, context.view)).join('\n\n'), document: { labs } };
}
