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
/** Of that, for a tree that is on its way; a quorum port out of reach is given up sooner. */
const TREE_DEADLINE_MS = 20_000;

interface InspectOptions {
  discover?: string;
  tree: boolean;
}

export function registerInspect(program: Command, runner: Runner): void {
  withCommonOptions(program.command('inspect [ensemble]'))
    .description('show an ensemble: versions, roles, quorum, warnings; only looks')
    .option('--no-tree', 'do not read the whole tree through the quorum port')
    .option('--discover <host:port>', 'draft an inventory from what a live server says')
    .action(
      action<[string | undefined], InspectOptions>(runner, (context, [ensemble], options) => {
        if (options.discover !== undefined) return discover(context, ensemble, options.discover);
        if (ensemble === undefined)
          throw new ZkferryError(
            'BadUsage',
            'name an ensemble of the inventory, or give --discover host:port to draft one',
          );
        return inspect(context, ensemble, options);
      }),
    );
}

async function inspect(
  context: CommandContext,
  name: string,
  { tree }: InspectOptions,
): Promise<Outcome> {
  const { observeEnsemble } = await import('../../../activities/observe/observeEnsemble');
  const { withHolder } = await import('../../../activities/whoHolds');
  const facts = await withPorts(context, async (ports) => {
    const ensemble = await ports.inventory.resolve(name);
    const looking = { signal: observeSignal(), heartbeat: () => undefined };
    const seen = await observeEnsemble(ports, ensemble, {
      ...{ depth: 'full', context: looking },
      ...(tree && { treeDeadlineMs: TREE_DEADLINE_MS }),
    });
    return withHolder(ports, ensemble, seen, looking);
  });
  const { renderInspect } = await import('../inspect/render');
  return { text: renderInspect(facts, context.output.width), document: facts };
}

/** Every server and connection listens to it: that many listeners are no leak. */
function observeSignal(): AbortSignal {
  const signal = AbortSignal.timeout(OBSERVE_DEADLINE_MS);
  setMaxListeners(0, signal);
  return signal;
}

async function discover(
  context: CommandContext,
  name: string | undefined,
  address: string,
): Promise<Outcome> {
  const { createZooKeeperAdapter } = await import('../../adapters/zookeeper');
  const { discoverInventory } = await import('../inspect/discover');
  const { yaml, notes, servers } = await discoverInventory(createZooKeeperAdapter(), address, {
    name,
    signal: observeSignal(),
  });
  // Only the draft goes to standard output: it can be sent straight into a file.
  for (const note of notes) context.output.aside(note);
  return { text: yaml.trimEnd(), document: { yaml, notes, servers } };
}
