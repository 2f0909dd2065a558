/** All steps of a resize in their order: change by change, then those left over, then what is wiped, with their gates. */
import type { EnsembleFacts, Finding, ServerFacts } from '../../model/facts';
import type { ResizeEnsembleInput } from '../../model/inputs';
import type { Plan, PlanStep } from '../../model/plan';
import { isServing, leaderOf, versionOfServer } from '../members';
import {
  bringBack,
  comesBackLast,
  dynamicSteps,
  handOver,
  leaderGoes,
  leaveSteps,
  staticSteps,
  type ChangeContext,
} from './changeSteps';
import { memberOf, type Membership } from './membership';
import type { MembershipChange, membershipPath } from './membershipPath';
import type { ResizeChecks, ResizeKind } from './resizeFindings';
import { joinsFrom, listIs, shapeOf, successorIn } from './standing';
import { wipeServer } from './steps';

export interface ResizeExtra extends ResizeChecks {
  /** Inventory servers that are no members, as seen: those to come, and those that have left. */
  candidates: readonly ServerFacts[];
  /** The plan of a run that has begun: what was asked for may be there already, in part. */
  underway?: boolean;
  /** What the run has stopped and not started again: in the middle of a turn, or since it leaves. */
  stopped?: readonly string[];
  hasDrainHook?: boolean;
  findings?: readonly Finding[];
}

/** What a plan is made from, beside the facts. */
export interface Frame {
  current: Membership;
  goal: Membership;
  input: ResizeEnsembleInput;
  extra: ResizeExtra;
  direction: Plan['direction'];
  found: readonly Finding[];
  /** In what order the members change; without it that of a resize. */
  path?: typeof membershipPath;
}

/** By request where the servers allow it: then files must not be edited, since a dynamic file stands above them. */
export const kindOf = (facts: EnsembleFacts): ResizeKind =>
  facts.reconfigEnabled === true ? 'dynamic' : 'static';

export const versionFor = (facts: EnsembleFacts): string =>
  facts.servers.map(versionOfServer).find((version) => version !== undefined) ?? '';

const LEARNER = 'follows only';

/** The leader is found again by each look; here it is who would be elected. */
export function changeSteps(
  facts: EnsembleFacts,
  changes: readonly MembershipChange[],
  kind: ResizeKind,
  { current, goal, input, extra, direction }: Frame,
  halted: readonly ServerFacts[],
): PlanStep[] {
  const known = [...facts.servers, ...extra.candidates];
  let leader = leaderOf(facts);
  /** What the steps so far have put into files: from then on it counts, and no longer what was seen in them. */
  const written = new Map<string, string>();
  const contextNow = (): ChangeContext => ({
    direction,
    version: versionFor(facts),
    waits: input,
    drains: extra.hasDrainHook === true || input.drainMs > 0,
    leader,
    down: known.filter((one) => !isServing(one)).map(({ server }) => server),
    hasList: (server, members) => {
      const list = halted.some((one) => one.server === server) ? shapeOf(current) : undefined;
      const planned = written.get(server) ?? list;
      return planned === undefined ? listIs(known, server, members) : planned === shapeOf(members);
    },
    joinsFrom: (server) =>
      halted.some((one) => one.server === server)
        ? 'member'
        : joinsFrom(
            facts,
            known.find((one) => one.server === server),
          ),
  });
  const broughtBack = ({ server, host }: ServerFacts): PlanStep[] =>
    bringBack(contextNow(), current, server, {
      process: host?.process?.running === true,
      list: listIs(known, server, current),
    });
  /** Those that serve again only at the end of their change. */
  const lastBack: ServerFacts[] = [];
  const steps = changes.flatMap((change) => {
    const context = contextNow();
    const handedOver = kind === 'static' && leaderGoes(context, change);
    const first = handedOver ? handOver(context, change) : [];
    if (handedOver || leaderGoes(context, change)) leader = successorIn(known, change, leader);
    const own =
      kind === 'dynamic' ? dynamicSteps(context, change) : staticSteps(contextNow(), change);
    if (kind === 'static') leader = successorIn(known, change, leader);
    for (const { activity, server, role } of own)
      if (activity === 'writeMembers' || activity === 'provisionServer')
        written.set(server ?? '', role === 'learner' ? LEARNER : shapeOf(change.after));
    const last = halted.find(({ server }) => server === change.server);
    if (kind === 'dynamic' || !last || !comesBackLast(context, change)) return [...first, ...own];
    lastBack.push(last);
    return [...first, ...own.slice(0, -1), ...broughtBack(last), ...own.slice(-1)];
  });
  const context = contextNow();
  const forward = direction === 'forward';
  const gone = forward ? leaversOf(input) : joinersOf(input);
  /** No change any more: the members are the same before and after. */
  const goes = (server: string, members: Membership): MembershipChange => ({
    kind: 'removeVoter',
    server,
    before: members,
    after: members,
  });
  // Those that an interrupted run has taken out of the members, or not yet let in, and that still run: a stranger that
  // may hold itself for a voter goes first.
  const late = known
    .filter(({ server }) => gone.includes(server))
    .filter(
      ({ server }) => !memberOf(goal, server) && !changes.some((one) => one.server === server),
    )
    // A wipe needs it stopped and masked, also where it never ran.
    .filter(
      ({ state, host }) =>
        state !== 'refusing' ||
        host?.process?.running === true ||
        (!forward && host?.config !== undefined),
    )
    .flatMap(({ server }) => leaveSteps(context, goes(server, current)));
  const wiped = known
    .filter(({ server }) => gone.includes(server) && !memberOf(goal, server))
    .filter(({ server, host }) =>
      forward ? input.wipe : memberOf(current, server) !== undefined || host?.config !== undefined,
    )
    .map(({ server }) => wipeServer(context, goes(server, goal)));
  const first = halted.filter((one) => !lastBack.includes(one)).flatMap(broughtBack);
  return [...first, ...late, ...steps, ...wiped];
}

export const joinersOf = ({ add, replace }: ResizeEnsembleInput): string[] => [
  ...add,
  ...Object.values(replace),
];
export const leaversOf = ({ remove, replace }: ResizeEnsembleInput): string[] => [
  ...remove,
  ...Object.keys(replace),
];

/** The first step that asks: before anybody leaves, before the first wipe, and, for `handover`, before the lead changes. */
export function gated(
  steps: readonly PlanStep[],
  { leader, remove, replace, demote }: ResizeEnsembleInput,
  direction: Plan['direction'],
): PlanStep[] {
  if (direction === 'rollback') return [...steps];
  const leavers = [...remove, ...Object.keys(replace), ...demote];
  const firstLeave = steps.find(({ phase }) => phase === 'leave');
  const firstWipe = steps.find(({ activity }) => activity === 'wipeServer');
  return steps.map((step) => {
    if (step === firstWipe)
      return {
        ...step,
        gate: 'beforeWipe',
        gateReason:
          'passing removes data and configuration of those that left; to come back they would be provisioned anew',
      };
    if (step === firstLeave)
      return {
        ...step,
        gate: 'beforeRemove',
        gateReason: `passing lets ${leavers.join(', ')} go, one at a time; all that join before have joined. Going back stays possible`,
      };
    const movesLead = step.activity === 'stopServer' || step.activity === 'changeMembers';
    if (leader === 'handover' && step.role === 'leader' && movesLead)
      return {
        ...step,
        gate: 'beforeLeader',
        gateReason: `passing takes the lead from ${step.server}: one election, during which writes wait`,
      };
    return step;
  });
}
