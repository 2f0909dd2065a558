/** Planning activities of a resize: observe members and whoever may come, then let pure functions decide. */
import { ZkferryError } from '../src/model/errors';
import type { OperationContext } from '../src/model/ports';
import type { Plan } from '../src/model/plan';
import { planResize, planResizeBack } from '../src/planning/resize/resizePlan';
import type { PlanResizeArgs, RunActivities } from './api';
import type { Dependencies } from './dependencies';
import { lookAtMembers } from './memberLook';
import { observationOf } from './observation';
import { operation } from './operation';

type ResizeActivities = Pick<RunActivities, 'planResize' | 'replanResize' | 'planResizeBack'>;

export function resizePlanActivities(dependencies: Dependencies): ResizeActivities {
  const look = (args: PlanResizeArgs, context: OperationContext, thorough: boolean) =>
    lookAtMembers(dependencies, args, context, thorough);

  return {
    planResize: (args) =>
      operation(async (context) => {
        const { ensemble, facts, extra } = await look(args, context, true);
        return {
          plan: planResize(facts, args.input, extra),
          observation: observationOf(facts, ensemble),
        };
      }),

    replanResize: (args) =>
      operation(async (context) => {
        const { ensemble, facts, extra } = await look(args, context, args.done.length === 0);
        const underway = args.done.length > 0;
        const plan = planResize(facts, args.input, { ...extra, underway });
        refuseOthersChange(plan, underway);
        const changed = stillMissing(plan, args.done) !== stillMissing(args.plan, args.done);
        return {
          plan: { ...plan, members: withBefore(plan.members, underway && args.plan.members) },
          changed,
          reason: changed ? `now ${plan.goal}` : 'nothing has changed',
          meaningChanged: changed && setOf(plan) !== setOf(args.plan),
          nothingDone: !underway,
          observation: observationOf(facts, ensemble),
        };
      }),

    planResizeBack: (args) =>
      operation(async (context) => {
        const { ensemble, facts, extra } = await look(args, context, false);
        return {
          possible: true,
          plan: planResizeBack(facts, args.former, args.input, {
            ...extra,
            ...(args.stopped !== undefined && { stopped: args.stopped }),
          }),
          observation: observationOf(facts, ensemble),
        };
      }),
  };
}

/** What only somebody else's change can have brought about once a run has begun. */
const OF_OTHERS = ['UnknownMember', 'WrongMember', 'NoVoters', 'NoTolerance'];

/** @throws MembersChanged where a plan made anew in the middle of a run finds what only others can have done */
export function refuseOthersChange({ findings }: Plan, underway: boolean): void {
  const wrong = findings.find(
    ({ code, severity }) => severity === 'error' && OF_OTHERS.includes(code),
  );
  if (underway && wrong)
    throw new ZkferryError('MembersChanged', `${wrong.message}; ${wrong.hint}, then resume`);
}

/** Equal for plans that have the same still to do. */
export const stillMissing = ({ steps }: Plan, done: readonly string[]): string =>
  steps
    .filter(({ id }) => !done.includes(id))
    .map(({ id, role, gate, membership, connections }) =>
      JSON.stringify([id, role, gate, membership, connections]),
    )
    .join('\n');

/** A run's members before stay those it began with. */
export const withBefore = (
  now: Plan['members'],
  former: Plan['members'] | false,
): Plan['members'] => (now && former ? { ...now, before: former.before } : now);

/** Who comes and goes in the end; the order may follow the leader. */
export const setOf = ({ members, goal }: Plan): string => JSON.stringify(members?.after ?? goal);
