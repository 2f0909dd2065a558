/** Plans of a stretch: the members of both data centres as they are now, then pure functions. */
import type { Migration } from '../../src/model/plan';
import type { OperationContext } from '../../src/model/ports';
import { lockFindings } from '../../src/planning/lockFindings';
import { isServing } from '../../src/planning/members';
import { connectionsOf } from '../../src/planning/migrate/redirectSteps';
import { resizeInputOf } from '../../src/planning/migrate/stretchInput';
import {
  planStretch,
  planStretchBack,
  type StretchExtra,
} from '../../src/planning/migrate/stretchPlan';
import type {
  MigrationBackArgs,
  PlanMigrationArgs,
  PlanResult,
  ReplanMigrationArgs,
  ReplanResult,
  WayBackResult,
} from '../api';
import type { Dependencies } from '../dependencies';
import { othersLock } from '../lock';
import { lookAtMembers } from '../memberLook';
import { observationOf } from '../observation';
import { refuseOthersChange, setOf, stillMissing, withBefore } from '../planResize';
import { membersOf } from '../resolve';
import { lookAtTheirFiles } from './clientFindings';

export async function planStretchNow(
  dependencies: Dependencies,
  args: PlanMigrationArgs,
  context: OperationContext,
): Promise<PlanResult> {
  const { ensemble, facts, extra } = await look(dependencies, args, context, true);
  return {
    plan: planStretch(facts, args.input, extra),
    observation: observationOf(facts, ensemble),
  };
}

export async function replanStretch(
  dependencies: Dependencies,
  args: ReplanMigrationArgs,
  context: OperationContext,
): Promise<ReplanResult> {
  const underway = args.done.length > 0;
  const { ensemble, facts, extra } = await look(dependencies, args, context, !underway);
  const known = underway ? { connections: connectionsOf(args.plan) } : {};
  const plan = planStretch(facts, args.input, { ...extra, ...known, underway });
  refuseOthersChange(plan, underway);
  const changed = stillMissing(plan, args.done) !== stillMissing(args.plan, args.done);
  return {
    plan: {
      ...plan,
      members: withBefore(plan.members, underway && args.plan.members),
      // Some of them are gone by now.
      ...(underway && { fromVersions: args.plan.fromVersions }),
    },
    changed,
    reason: changed ? `now ${plan.goal}` : 'nothing has changed',
    meaningChanged: changed && setOf(plan) !== setOf(args.plan),
    nothingDone: !underway,
    observation: observationOf(facts, ensemble),
  };
}

export async function planStretchWayBack(
  dependencies: Dependencies,
  args: MigrationBackArgs,
  context: OperationContext,
): Promise<WayBackResult> {
  const { ensemble, facts, extra } = await look(dependencies, args, context, false);
  const former = args.plan.members?.before ?? { voters: [], observers: [] };
  const known = { ...extra, formerVersions: args.plan.fromVersions };
  const stopped = args.stopped === undefined ? known : { ...known, stopped: args.stopped };
  return {
    possible: true,
    plan: planStretchBack(facts, former, args.input, stopped, redirectedBy(args)),
    observation: observationOf(facts, ensemble),
  };
}

/** Clients of every batch that was begun. */
export const redirectedBy = ({ plan, begun }: MigrationBackArgs): string[] =>
  plan.steps
    .filter(({ id, activity }) => activity === 'redirectClients' && begun.includes(id))
    .flatMap(({ clients = [] }) => clients);

async function look(
  dependencies: Dependencies,
  { input, members, run }: PlanMigrationArgs,
  context: OperationContext,
  thorough: boolean,
) {
  const [source, target] = await Promise.all([
    dependencies.inventory.resolve(input.source),
    dependencies.inventory.resolve(input.target),
  ]);
  const migration: Migration = {
    mode: 'stretch',
    source: source.name,
    target: target.name,
    oldServers: membersOf(source).map(({ name }) => name),
    newServers: membersOf(target).map(({ name }) => name),
  };
  const seen = await lookAtMembers(
    dependencies,
    {
      ensemble: input.source,
      with: input.target,
      ...(members && { members }),
      ...(run && { run }),
      input: resizeInputOf(input, migration),
    },
    context,
    thorough,
  );
  const extra: StretchExtra = { ...seen.extra, migration, clients: source.clients };
  if (!thorough) return { ...seen, extra };
  const files = await lookAtTheirFiles(dependencies, source.clients, input);
  // What the new servers serve now, where they do, is an ensemble of its own.
  const serves = seen.extra.candidates.some(
    (server) => migration.newServers.includes(server.server) && isServing(server),
  );
  const { holder } = serves ? await othersLock(dependencies, target, run, context) : {};
  const held = lockFindings({ ensemble: target.name, lock: holder });
  return { ...seen, extra: { ...extra, ...files, findings: [...held, ...files.findings] } };
}
