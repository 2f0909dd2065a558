/** Planning activities: observe, then let pure functions decide. They change nothing. */
import { isZkferryError } from '../src/model/errors';
import type { EnsembleFacts } from '../src/model/facts';
import type { EnsembleRef, ResolvedEnsemble } from '../src/model/inventory';
import type { OperationContext } from '../src/model/ports';
import type { Plan } from '../src/model/plan';
import { leavesOldFormat } from '../src/planning/gates';
import type { PackageCheck } from '../src/planning/preflight';
import { hasBegun, replanRemaining } from '../src/planning/replan';
import { planRollback } from '../src/planning/rollbackPlan';
import { planRollingUpgrade, type PlanExtra } from '../src/planning/upgradePlan';
import type { PlanResult, PlanUpgradeArgs, RunActivities } from './api';
import { backupOf, type Dependencies } from './dependencies';
import { withLock } from './lock';
import { observationOf } from './observation';
import { observeEnsemble } from './observe/observeEnsemble';
import { operation } from './operation';
import { membersOf } from './resolve';

/** Most a plan waits for the tree, once its leader's quorum port was reached. */
const TREE_DEADLINE_MS = 60_000;

type PlanActivities = Pick<RunActivities, 'planUpgrade' | 'replanUpgrade' | 'planWayBack'>;

export function planActivities(dependencies: Dependencies): PlanActivities {
  const look = async (ref: EnsembleRef, context: OperationContext, withTree: boolean) => {
    const ensemble = await dependencies.inventory.resolve(ref);
    const facts = await observeEnsemble(dependencies, ensemble, {
      depth: 'full',
      context,
      ...(withTree && { treeDeadlineMs: TREE_DEADLINE_MS }),
    });
    return { ensemble, facts };
  };
  const lookBeforehand = async (
    { ensemble: ref, run }: PlanUpgradeArgs,
    context: OperationContext,
  ) => {
    const { ensemble, facts } = await look(ref, context, true);
    return { ensemble, facts: await withLock(dependencies, ensemble, facts, run, context) };
  };

  return {
    planUpgrade: (args) =>
      operation(async (context) => {
        const { ensemble, facts } = await lookBeforehand(args, context);
        return planned(dependencies, ensemble, facts, args, context);
      }),

    replanUpgrade: (args) =>
      operation(async (context) => {
        const { ensemble, facts } = hasBegun(args.plan, args.done)
          ? await look(args.ensemble, context, false)
          : await lookBeforehand(args, context);
        const extra = await extraOf(dependencies, ensemble, facts, args.plan, context);
        const fresh = replanRemaining(args.plan, facts, args.done, { input: args.input, extra });
        const nothingDone = args.done.length === 0;
        return { ...fresh, nothingDone, observation: observationOf(facts) };
      }),

    planWayBack: (args) =>
      operation(async (context) => {
        const { ensemble, facts } = await look(
          args.ensemble,
          context,
          args.touched.some(({ from, to }) => leavesOldFormat(from, to)),
        );
        const back = planRollback(args.plan, facts, args.touched, {
          led35OrNewer: args.newFormatLed,
          waits: args.input,
          hasDrainHook: ensemble.hooks?.drain !== undefined,
        });
        return back.possible ? { ...back, observation: observationOf(facts) } : back;
      }),
  };
}

/** Plans once to learn which versions are needed, asks for their packages, and plans with the answers. */
async function planned(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  facts: EnsembleFacts,
  { input }: PlanUpgradeArgs,
  context: OperationContext,
): Promise<PlanResult> {
  const base = baseOf(ensemble, facts);
  const draft = planRollingUpgrade(facts, input, base);
  const extra = await extraOf(dependencies, ensemble, facts, draft, context);
  return {
    plan: planRollingUpgrade(facts, input, extra),
    observation: observationOf(facts),
  };
}

const baseOf = (ensemble: ResolvedEnsemble, facts: EnsembleFacts): PlanExtra => ({
  margin: ensemble.margin,
  hasDrainHook: ensemble.hooks?.drain !== undefined,
  findings: facts.warnings,
  ...(ensemble.repository !== undefined && { repository: { name: ensemble.repository } }),
});

async function extraOf(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  facts: EnsembleFacts,
  plan: Plan,
  context: OperationContext,
): Promise<PlanExtra> {
  const packageChecks = await checkPackages(dependencies, ensemble, plan, context);
  const base = baseOf(ensemble, facts);
  const repository = base.repository && (await checkRepository(dependencies, base.repository.name));
  return { ...base, packageChecks, ...(repository && { repository }) };
}

/** A backup counts once it was read back, so it must be readable here too. */
async function checkRepository(
  dependencies: Dependencies,
  name: string,
): Promise<NonNullable<PlanExtra['repository']>> {
  try {
    const { readable } = await backupOf(dependencies).openRepository(name);
    if (readable) return { name };
    const message =
      'it is encrypted and the inventory gives no identity, so that no backup in it can be proven';
    return { name, error: { type: 'RepositoryDenied', message } };
  } catch (error) {
    if (!isZkferryError(error)) throw error;
    return { name, error: { type: error.type, message: error.message } };
  }
}

async function checkPackages(
  { host }: Dependencies,
  ensemble: ResolvedEnsemble,
  plan: Plan,
  context: OperationContext,
): Promise<PackageCheck[]> {
  const wanted = plan.steps.flatMap(({ activity, server, versions = [] }) =>
    activity === 'stagePackage'
      ? versions.map((version) => ({ server: server ?? '', version }))
      : [],
  );
  const checks: PackageCheck[] = [];
  for (const { server, version } of wanted) {
    const resolved = membersOf(ensemble).find(({ name }) => name === server);
    if (!resolved?.package) continue;
    try {
      checks.push({ server, version, ...(await host.checkPackage(resolved, version, context)) });
    } catch (error) {
      if (!isZkferryError(error)) throw error;
      checks.push({ server, version, error: { type: error.type, message: error.message } });
    }
  }
  return checks;
}
