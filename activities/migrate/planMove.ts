/** Plans of migrations between two ensembles: both sides as they are now, then pure functions. */
import type { Finding } from '../../src/model/facts';
import type { MigrateDataCenterInput } from '../../src/model/migrationInputs';
import type { Plan } from '../../src/model/plan';
import type { OperationContext } from '../../src/model/ports';
import { error } from '../../src/planning/findings';
import {
  planPhysical,
  planPhysicalBack,
  type MoveFacts,
} from '../../src/planning/migrate/physicalPlan';
import type {
  MigrationBackArgs,
  PlanMigrationArgs,
  PlanResult,
  ReplanMigrationArgs,
  ReplanResult,
  WayBackResult,
} from '../api';
import type { Dependencies } from '../dependencies';
import { observationOf } from '../observation';
import { observeEnsemble } from '../observe/observeEnsemble';
import { stillMissing } from '../planResize';
import { membersOf } from '../resolve';
import { lookAtTheirFiles } from './clientFindings';
import { checkTarget } from './moveTarget';
import { redirectedBy } from './planStretch';

export async function planMoveNow(
  dependencies: Dependencies,
  { input }: PlanMigrationArgs,
  context: OperationContext,
): Promise<PlanResult> {
  const facts = await look(dependencies, input, context, true);
  return { plan: planFor(facts, input), observation: observationOf(facts.source) };
}

/** Past gate `start` nothing that a look finds changes what is to be done: steps hold where they must. */
export async function replanMove(
  dependencies: Dependencies,
  { input, plan, done }: ReplanMigrationArgs,
  context: OperationContext,
): Promise<ReplanResult> {
  const facts = await look(dependencies, input, context, done.length === 0);
  const fresh = planFor(facts, input);
  const changed = done.length === 0 && stillMissing(fresh, done) !== stillMissing(plan, done);
  return {
    plan: changed ? fresh : { ...plan, findings: fresh.findings },
    changed,
    reason: changed ? `now ${fresh.goal}` : 'nothing has changed',
    meaningChanged: changed,
    observation: observationOf(facts.source),
  };
}

export async function planMoveWayBack(
  dependencies: Dependencies,
  args: MigrationBackArgs,
  context: OperationContext,
): Promise<WayBackResult> {
  const facts = await look(dependencies, args.input, context, false);
  return {
    possible: true,
    plan: planPhysicalBack(facts, args.input, {
      begun: args.begun,
      opened: args.opened === true,
      redirected: redirectedBy(args),
    }),
    observation: observationOf(facts.source),
  };
}

const planFor = (facts: MoveFacts, input: MigrateDataCenterInput): Plan =>
  planPhysical(facts, input);

async function look(
  dependencies: Dependencies,
  input: MigrateDataCenterInput,
  context: OperationContext,
  thorough: boolean,
): Promise<MoveFacts> {
  const [from, to] = await Promise.all([
    dependencies.inventory.resolve(input.source),
    dependencies.inventory.resolve(input.target),
  ]);
  const repository = input.repository ?? from.repository;
  const [source, target, clients, move] = await Promise.all([
    observeEnsemble(dependencies, from, { depth: 'full', context }),
    observeEnsemble(dependencies, to, { depth: 'full', context }),
    thorough ? lookAtTheirFiles(dependencies, from.clients, input) : { findings: [] },
    thorough && input.mode === 'physical'
      ? whyNotPhysical(dependencies, input, repository, context)
      : [],
  ]);
  return {
    source,
    target,
    migration: {
      mode: input.mode,
      source: from.name,
      target: to.name,
      oldServers: membersOf(from).map(({ name }) => name),
      newServers: membersOf(to).map(({ name }) => name),
      ...(repository !== undefined && { repository }),
    },
    clients: from.clients,
    ...('seen' in clients && { seen: clients.seen }),
    findings: [...source.warnings, ...clients.findings, ...move],
  };
}

async function whyNotPhysical(
  dependencies: Dependencies,
  { source, target }: MigrateDataCenterInput,
  repository: string | undefined,
  context: OperationContext,
): Promise<Finding[]> {
  if (repository === undefined)
    return [
      error(
        'NoRepository',
        'mode physical moves the data by a backup repository, and none is named',
        {
          hint: 'name one of the inventory: as repository of the input, or of the source in the inventory',
        },
      ),
    ];
  const { findings } = await checkTarget(dependencies, { source, target, repository }, context);
  return findings;
}
