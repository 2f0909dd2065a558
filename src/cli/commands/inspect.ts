/** `zkferry inspect ENSEMBLE`: what an ensemble is and how it is. Only looks; needs no Temporal. */
import { setMaxListeners } from 'node:events';
import type { Command } from 'commander';
import { ZkferryError } from '../../model/errors';
import {
  action,
  withCommonOptions,
  type CommandContext,
  type Outcome,
  type Runner,
} from '../context';
import { withPorts } from '../ports';

const OBSERVE_DEADLINE_MS = 60_000;

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

async function inspect(context: CommandContext, name: string): Promise<Outcome> {
  const { observeEnsemble } = await import('../../../activities/observe/observeEnsemble');
  const facts = await withPorts(context, async (ports) =>
    observeEnsemble(ports, await ports.inventory.resolve(name), {
      depth: 'full',
      context: { signal: observeSignal(), heartbeat: () => undefined },
    }),
  );
  return { text: JSON.stringify(facts, undefined, 2), document: facts };
}

/** Every server and connection listens to it: that many listeners are no leak. */
function observeSignal(): AbortSignal {
  const signal = AbortSignal.timeout(OBSERVE_DEADLINE_MS);
  setMaxListeners(0, signal);
  return signal;
}

function discover(
  _context: CommandContext,
  _name: string | undefined,
  _address: string,
): Promise<Outcome> {
  throw new ZkferryError('Unsupported', '--discover is not available in this version');
}
