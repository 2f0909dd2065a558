/** Plans of migrations between two ensembles: both sides as they are now, then pure functions. */
import type { Finding } from '../../src/model/facts';
import type { MigrateDataCenterInput } from '../../src/model/migrationInputs';
import type { Plan } from '../../src/model/plan';
import type { OperationContext } from '../../src/model/ports';
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
import { redirectedBy } from './planStretch';

export async function planMoveNow(
  dependencies: Dependencies,
  { input }: PlanMigrationArgs,
  context: OperationContext,
): Promise<PlanResult> {
  const facts = await look(dependencies, input, context, []);
  return { plan: planFor(facts, input), observation: observationOf(facts.source) };
}

/** Past gate `start` nothing that a look finds changes what is to be done: steps hold where they must. */
export async function replanMove(
  dependencies: Dependencies,
  { input, plan, done }: ReplanMigrationArgs,
  context: OperationContext,
): Promise<ReplanResult> {
  const facts = await look(dependencies, input, context, []);
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
  const facts = await look(dependencies, args.input, context, []);
  return {
    possible: true,
    plan: planPhysicalBack(facts, args.input, args.begun, redirectedBy(args)),
    observation: observationOf(facts.source),
  };
}

const planFor = (facts: MoveFacts, input: MigrateDataCenterInput): Plan =>
  planPhysical(facts, input);

async function look(
  dependencies: Dependencies,
  input: MigrateDataCenterInput,
  context: OperationContext,
  findings: readonly Finding[],
): Promise<MoveFacts> {
  const [from, to] = await Promise.all([
    dependencies.inventory.resolve(input.source),
    dependencies.inventory.resolve(input.target),
  ]);
  const [source, target] = await Promise.all([
    observeEnsemble(dependencies, from, { depth: 'full', context }),
    observeEnsemble(dependencies, to, { depth: 'full', context }),
  ]);
  const repository = input.repository ?? from.repository;
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
    findings: [...source.warnings, ...findings],
  };
}
