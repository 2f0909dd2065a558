/**
 * The plan of a resize: the members of an ensemble from what they are to what was asked for, one server at a time.
 *   1. join and leave, change by change (membershipPath.ts), each proven before the next is begun
 *   2. wipe those that left, where that was asked for, all together behind a gate
 * Everything is told from facts: a plan made in the middle of a run has the steps that are still missing, under the
 * ids they had. The way back is the same thing towards the members there were.
 */
import type { EnsembleFacts, Finding, ServerFacts } from '../../model/facts';
import type { ResizeEnsembleInput } from '../../model/inputs';
import type { MembershipNames, Plan, PlanStep } from '../../model/plan';
import { joinFindings, othersBeside } from '../findings';
import { FOLLOWER_GAP_MS, OLD_LEADER_GAP_MS, RECONFIG_GAP_MS, SERVER_TURN_MS } from '../measured';
import { isServing, leaderOf, versionOfServer } from '../members';
import { withHash } from '../planHash';
import {
  dynamicSteps,
  handOver,
  leaderGoes,
  leaveSteps,
  staticSteps,
  type ChangeContext,
} from './changeSteps';
import { memberOf, namesOf, votersOf, type Membership } from './membership';
import { membershipPath, type MembershipChange } from './membershipPath';
import {
  changeFindings,
  ensembleFindings,
  goalFindings,
  type ResizeChecks,
  type ResizeKind,
} from './resizeFindings';
import { joinerFindings } from './joinerFindings';
import { currentMembership, goalOf } from './resizeGoal';
import { downIn, joinsFrom, listIs, startByFiles, successorIn } from './standing';
import { wipeServer } from './steps';

export interface ResizeExtra extends ResizeChecks {
  /** Inventory servers that are no members, as seen: those to come, and those that have left. */
  candidates: readonly ServerFacts[];
  hasDrainHook?: boolean;
  findings?: readonly Finding[];
}

export function planResize(
  facts: EnsembleFacts,
  input: ResizeEnsembleInput,
  extra: ResizeExtra,
): Plan {
  const { members: current, findings: unknown } = currentMembership(facts, extra.candidates);
  const { goal, findings: wrong } = goalOf(current, input, extra.candidates);
  return planned(facts, {
    current,
    goal,
    input,
    extra,
    direction: 'forward',
    found: [...unknown, ...wrong],
  });
}

interface Frame {
  current: Membership;
  goal: Membership;
  input: ResizeEnsembleInput;
  extra: ResizeExtra;
  direction: Plan['direction'];
  found: readonly Finding[];
}

function planned(facts: EnsembleFacts, frame: Frame): Plan {
  const { current, goal, input, extra, direction, found } = frame;
  const kind = kindOf(facts);
  const known = [...facts.servers, ...extra.candidates];
  const start = kind === 'static' ? startByFiles(known, current, goal) : current;
  const down = downIn(facts, current);
  const leader = leaderOf(facts);
  const changes = membershipPath(start, goal, {
    leader,
    down,
    replace: input.replace,
  });
  const steps = gated(changeSteps(facts, changes, kind, frame), input, direction);
  const joiners = extra.candidates.filter(({ server }) =>
    changes.some((change) => change.server === server),
  );
  const nothing: Finding[] =
    changes.length === 0 && found.length === 0
      ? [
          {
            severity: 'error',
            code: 'NothingToDo',
            message: 'the members are already as asked for',
          },
        ]
      : [];
  const own = joinFindings(
    found,
    nothing,
    ensembleFindings(facts, current, goal, kind, extra),
    goalFindings(current, goal, input),
    changeFindings(facts, changes, kind, extra),
    ...joiners.map((joiner) => joinerFindings(joiner, current, facts, extra)),
  );
  const version = versionFor(facts);
  return withHash({
    strategy: 'resizeEnsemble',
    ensemble: facts.ensemble,
    identity: facts.identity,
    direction,
    goal: `${facts.ensemble} from ${sizeOf(current)} to ${sizeOf(goal)}: ${wordsFor(changes)}`,
    fromVersions: Object.fromEntries(
      facts.servers.flatMap((server) => {
        const own = versionOfServer(server);
        return own === undefined ? [] : [[server.server, own]];
      }),
    ),
    toVersion: version,
    hops: [],
    findings: joinFindings(own, othersBeside(own, extra.findings ?? [])),
    steps,
    notServing: down,
    members: { before: namesOf(current), after: namesOf(goal) },
    expectation: expectationFor(steps, kind, input),
  });
}

/** By request where the servers allow it: then files must not be edited, since a dynamic file stands above them. */
const kindOf = (facts: EnsembleFacts): ResizeKind =>
  facts.reconfigEnabled === true ? 'dynamic' : 'static';

const versionFor = (facts: EnsembleFacts): string =>
  facts.servers.map(versionOfServer).find((version) => version !== undefined) ?? '';

const sizeOf = (members: Membership): string => {
  const [voters, others] = [votersOf(members).length, members.length - votersOf(members).length];
  return `${voters} voters${others > 0 ? ` and ${others} observer(s)` : ''}`;
};

const wordsFor = (changes: readonly MembershipChange[]): string => {
  const of = (word: string, ...kinds: MembershipChange['kind'][]) => {
    const names = changes.filter(({ kind }) => kinds.includes(kind)).map(({ server }) => server);
    return names.length > 0 ? [`${word} ${names.join(', ')}`] : [];
  };
  return [
    ...of('add', 'addVoter', 'addObserver'),
    ...of('promote', 'promote'),
    ...of('demote', 'demote'),
    ...of('remove', 'removeVoter', 'removeObserver'),
  ].join('; ');
};

/** The leader is found again by each look; here it is who would be elected. */
function changeSteps(
  facts: EnsembleFacts,
  changes: readonly MembershipChange[],
  kind: ResizeKind,
  { current, goal, input, extra, direction }: Frame,
): PlanStep[] {
  const known = [...facts.servers, ...extra.candidates];
  let leader = leaderOf(facts);
  const contextNow = (): ChangeContext => ({
    direction,
    version: versionFor(facts),
    waits: input,
    drains: extra.hasDrainHook === true || input.drainMs > 0,
    leader,
    down: known.filter((one) => !isServing(one)).map(({ server }) => server),
    hasList: (server, members) => listIs(known, server, members),
    joinsFrom: (server) =>
      joinsFrom(
        facts,
        known.find((one) => one.server === server),
      ),
  });
  const steps = changes.flatMap((change) => {
    const context = contextNow();
    const handedOver = kind === 'static' && leaderGoes(context, change);
    const first = handedOver ? handOver(context, change) : [];
    if (handedOver || leaderGoes(context, change)) leader = successorIn(known, change, leader);
    const own =
      kind === 'dynamic' ? dynamicSteps(context, change) : staticSteps(contextNow(), change);
    if (kind === 'static') leader = successorIn(known, change, leader);
    return [...first, ...own];
  });
  const context = contextNow();
  const forward = direction === 'forward';
  const gone = forward ? leaversOf(input) : joinersOf(input);
  const last = (server: string): MembershipChange => ({
    kind: 'removeVoter',
    server,
    before: goal,
    after: goal,
  });
  // Those that an interrupted run has taken out of the members, or not yet let in, and that still run.
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
    .flatMap(({ server }) => leaveSteps(context, last(server)));
  const wiped = known
    .filter(({ server }) => gone.includes(server) && !memberOf(goal, server))
    .filter(({ server, host }) =>
      forward ? input.wipe : memberOf(current, server) !== undefined || host?.config !== undefined,
    )
    .map(({ server }) => wipeServer(context, last(server)));
  return [...steps, ...late, ...wiped];
}

const joinersOf = ({ add, replace }: ResizeEnsembleInput): string[] => [
  ...add,
  ...Object.values(replace),
];
const leaversOf = ({ remove, replace }: ResizeEnsembleInput): string[] => [
  ...remove,
  ...Object.keys(replace),
];

/** The first step that asks: before anybody leaves, before the first wipe, and, for `handover`, before the lead changes. */
function gated(
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

function expectationFor(
  steps: readonly PlanStep[],
  kind: ResizeKind,
  { soakMs }: ResizeEnsembleInput,
): Plan['expectation'] {
  const restarts = steps.filter(({ activity }) => activity === 'writeMembers');
  const leaders = restarts.filter(({ role }) => role === 'leader');
  const leaderGone = steps.some(
    ({ role, activity }) => activity === 'changeMembers' && role === 'leader',
  );
  const soaks = steps.filter(({ activity }) => activity === 'soak').length;
  const turns = steps.filter(
    ({ activity }) => activity === 'startServer' || activity === 'changeMembers',
  );
  return {
    serverRestarts: restarts.length,
    leaderRestarts: leaders.length,
    longestWriteGapMs:
      leaders.length > 0 || leaderGone
        ? OLD_LEADER_GAP_MS
        : kind === 'static'
          ? FOLLOWER_GAP_MS
          : RECONFIG_GAP_MS,
    durationMs: turns.length * SERVER_TURN_MS + soaks * soakMs,
  };
}

/** Towards the members there were; where that is what is, only what was begun is cleared away. */
export function planResizeBack(
  facts: EnsembleFacts,
  former: MembershipNames,
  input: ResizeEnsembleInput,
  extra: ResizeExtra,
): Plan {
  const { members: current, findings } = currentMembership(facts, extra.candidates);
  const known = [...facts.servers, ...extra.candidates];
  const goal = known.flatMap(({ server, id }): Membership => {
    const own = memberOf(current, server);
    if (former.voters.includes(server)) return [{ ...own, server, id, role: 'participant' }];
    return former.observers.includes(server) ? [{ ...own, server, id, role: 'observer' }] : [];
  });
  return planned(facts, { current, goal, input, extra, direction: 'rollback', found: findings });
}
