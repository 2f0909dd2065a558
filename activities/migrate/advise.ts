/** Advice beside the plan of a migration: what each mode would come to, and what only people can change. Reads only. */
import { isZkferryError } from '../../src/model/errors';
import { addressesOf } from '../../src/model/client';
import type { ResolvedEnsemble } from '../../src/model/inventory';
import type {
  KnownZnodes,
  MigrationAdvice,
  ModeLook,
  MovingClient,
} from '../../src/model/migrationAdvice';
import {
  MIGRATION_MODES,
  type MigrateDataCenterInput,
  type MigrationMode,
} from '../../src/model/migrationInputs';
import type { OperationContext } from '../../src/model/ports';
import { isServing } from '../../src/planning/members';
import { adviceOf } from '../../src/planning/migrate/advise/advice';
import type { PlanMigrationArgs, PlanResult } from '../api';
import type { Dependencies } from '../dependencies';
import { observeEnsemble } from '../observe/observeEnsemble';
import { withSession } from '../resolve';
import { lookForSoftware } from './lookForSoftware';
import { withoutClients } from './lookingOnce';
import { withFlags } from './moveTarget';

const TREE_DEADLINE_MS = 60_000;

const MORE_THAN_ASKED = {
  message: 'chosen subtrees are to be moved (trees), and it moves all there is',
  hint: 'leave trees out to move the whole ensemble',
};

const notServing = (target: string) => ({
  message: `it copies into an ensemble that lives, and no server of ${target} serves`,
  hint: 'start it, or take mode physical, which starts it on the data of the source',
});

/** `plan`: as a plan of a mode is made. `dependencies`: best such as look once. */
export async function adviseOn(
  dependencies: Dependencies,
  args: PlanMigrationArgs,
  plan: (
    dependencies: Dependencies,
    args: PlanMigrationArgs,
    context: OperationContext,
  ) => Promise<PlanResult>,
  context: OperationContext,
): Promise<MigrationAdvice> {
  const { input } = args;
  const [from, to] = await Promise.all([
    dependencies.inventory.resolve(input.source),
    dependencies.inventory.resolve(input.target),
  ]);
  const alone = withoutClients(dependencies);
  const target = await observeEnsemble(dependencies, to, { depth: 'full', context });
  const lookAs = async (mode: MigrationMode): Promise<ModeLook> => {
    if (input.trees !== undefined && mode !== 'logical')
      return { mode, findings: [], refused: MORE_THAN_ASKED };
    // A plan would try for a session for ten seconds.
    if (mode === 'logical' && !target.servers.some(isServing))
      return { mode, findings: [], refused: notServing(to.name) };
    const asked = { ...args, input: inputAs(input, mode) };
    const made = await orRefusal(context, () => plan(alone, asked, context));
    return 'refusal' in made
      ? { mode, findings: [], refused: { message: made.refusal } }
      : {
          ...{ mode, findings: made.plan.findings },
          outageMs: made.plan.expectation.longestWriteGapMs,
        };
  };
  const [source, facing, znodes, clients, ...looks] = await Promise.all([
    observeEnsemble(dependencies, from, {
      ...{ depth: 'full', context },
      treeDeadlineMs: TREE_DEADLINE_MS,
    }),
    withFlags(dependencies, to, target, context),
    znodesOf(dependencies, from, context),
    clientsOf(dependencies, from),
    ...MIGRATION_MODES.map(lookAs),
  ]);
  return adviceOf({
    chosen: input.mode,
    ...{ source, target: facing, looks, znodes, clients, acceptHarm: input.acceptHarm },
    ...(input.version !== undefined && { version: input.version }),
  });
}

/** The same move in another mode, without what only its own mode takes. */
function inputAs(
  { version, repository, trees, fence, ...input }: MigrateDataCenterInput,
  mode: MigrationMode,
): MigrateDataCenterInput {
  const isOwn = input.mode === mode;
  return {
    ...input,
    mode,
    fence: isOwn ? fence : 'firewall',
    ...(isOwn && version !== undefined && { version }),
    ...(isOwn && repository !== undefined && { repository }),
    ...(isOwn && trees !== undefined && { trees }),
  };
}

async function orRefusal<T extends object>(
  { signal }: OperationContext,
  work: () => Promise<T>,
): Promise<T | { refusal: string }> {
  try {
    return await work();
  } catch (thrown) {
    signal.throwIfAborted();
    if (!isZkferryError(thrown)) throw thrown;
    return { refusal: thrown.message };
  }
}

async function znodesOf(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  context: OperationContext,
): Promise<KnownZnodes> {
  const { signal } = context;
  const seen = await orRefusal(context, () =>
    withSession(dependencies, ensemble, { signal }, (session) => lookForSoftware(session, signal)),
  );
  return 'refusal' in seen ? { paths: [], acls: [], requests: 0, incomplete: seen.refusal } : seen;
}

/** What the inventory does not know has been said by the plan. */
async function clientsOf(
  { inventory }: Dependencies,
  { clients }: ResolvedEnsemble,
): Promise<MovingClient[]> {
  const known = await Promise.all(
    clients.map((name) =>
      inventory.client(name).then(
        (client) => [{ name, addresses: addressesOf(client) }],
        (thrown: unknown) => {
          if (!isZkferryError(thrown)) throw thrown;
          return [];
        },
      ),
    ),
  );
  return known.flat();
}
