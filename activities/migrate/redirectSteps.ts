/** Steps that lead clients to the new servers, batch by batch, and back. */
import { isZkferryError, ZkferryError } from '../../src/model/errors';
import type { ClientOutcome, RedirectArgs, Sides } from '../../src/model/redirect';
import type { MigrateDataCenterInput } from '../../src/model/migrationInputs';
import type { StepActivities, StepArgs, StepResult } from '../api';
import type { Dependencies } from '../dependencies';
import { operation, pause } from '../operation';
import { membersOf } from '../resolve';
import { redirectActivities } from './redirect';
import { migrationOf } from './sides';

const SHOWN_FAILURES = 5;

/** What clients are connected to before and after. */
export async function sidesOf(
  { inventory }: Dependencies,
  { source, target, trees }: Pick<MigrateDataCenterInput, 'source' | 'target' | 'trees'>,
): Promise<Sides> {
  const [from, to] = await Promise.all([inventory.resolve(source), inventory.resolve(target)]);
  // Of several subtrees each client names its own: only one that all have in common can be moved.
  const [tree, ...others] = trees ?? [];
  const only = others.length === 0 ? tree : undefined;
  const chroot = (path = '/') => (path === '/' ? {} : { chroot: path });
  return {
    from: { servers: membersOf(from), ...chroot(only?.from) },
    to: { servers: membersOf(to), ...chroot(only && (only.to ?? only.from)) },
  };
}

export function redirectSteps(dependencies: Dependencies): Pick<StepActivities, 'returnClients'> & {
  leadClients: StepActivities['redirectClients'];
} {
  const clients = redirectActivities(dependencies);
  return {
    leadClients: (args) =>
      operation(async (context) => {
        const order = await orderOf(dependencies, args);
        const { redirect } = migrationOf(args);
        const { outcomes } = await clients.redirectBatch(order);
        refuseFailures('led over', outcomes, redirect.maxFailures);
        await pause(redirect.pauseMs, context.signal);
        const left = await clients.readiness(order).catch((error: unknown) => {
          if (!isZkferryError(error)) throw error;
          return undefined;
        });
        const rest =
          left === undefined
            ? ''
            : `; ${left.arrived} session(s) on the new servers, ${left.remaining.length + left.more} on the old`;
        return told(outcomes, rest);
      }),

    returnClients: (args) =>
      operation(async () => {
        const { outcomes } = await clients.returnClients(await orderOf(dependencies, args));
        refuseFailures('led back', outcomes, 0);
        return told(outcomes, '');
      }),
  };
}

async function orderOf(dependencies: Dependencies, args: StepArgs): Promise<RedirectArgs> {
  const { step, run, fence } = args;
  const migration = migrationOf(args);
  const { name } = await dependencies.inventory.resolve(migration.source);
  return {
    clients: step.clients ?? [],
    ...(await sidesOf(dependencies, migration)),
    run: run.workflowId,
    ensemble: name,
    fence,
    proofTimeoutMs: migration.redirect.proofTimeoutMs,
    ...(step.connections && { planned: step.connections }),
  };
}

/** @throws RedirectFailed naming who, why, and what can be done */
function refuseFailures(what: string, outcomes: readonly ClientOutcome[], accepted: number): void {
  const failed = outcomes.filter(({ state }) => state === 'failed');
  if (failed.length <= accepted) return;
  const shown = failed
    .slice(0, SHOWN_FAILURES)
    .map(({ client, detail }) => `${client}: ${detail}`)
    .join('; ');
  throw new ZkferryError(
    'RedirectFailed',
    `${failed.length} of ${outcomes.length} clients were not ${what} (${accepted} accepted): ${shown}${failed.length > SHOWN_FAILURES ? '; …' : ''}; mend them and resume: those that are there stay there`,
  );
}

function told(outcomes: readonly ClientOutcome[], rest: string): StepResult {
  const counts = new Map<string, number>();
  for (const { state } of outcomes) counts.set(state, (counts.get(state) ?? 0) + 1);
  const failed = outcomes.filter(({ state }) => state === 'failed');
  return {
    detail: `${[...counts].map(([state, count]) => `${count} ${state}`).join(', ')}${failed.length > 0 ? ` (${failed.map(({ client, detail }) => `${client}: ${detail}`).join('; ')})` : ''}${rest}`,
  };
}
