/** `zkferry inspect ENSEMBLE`: what an ensemble is and how it is. Only looks; needs no Temporal. */
import type { Command } from 'commander';
import { ZkferryError } from '../../model/errors';
import {
  action,
  withCommonOptions,
  type CommandContext,
  type Outcome,
  type Runner,
} from '../context';

interface InspectOptions {
  discover?: string;
}

export function registerInspect(program: Command, runner: Runner): void {
  withCommonOptions(program.command('inspect [ensemble]'))
    .description('show an ensemble: versions, roles, quorum, warnings; only looks')
    .option('--discover <host:port>', 'draft an inventory from what a live server says')
    .action(
      action<[string | undefined], InspectOptions>(runner, (context, [ensemble], options) => {
        if (options.discover !== undefined) return discover(context, ensemble, options.discover);
        if (ensemble === undefined)
          throw new ZkferryError(
            'BadUsage',
            'name an ensemble of the inventory, or give --discover host:port to draft one',
          );
        return inspect(context, ensemble);
      }),
    );
}
