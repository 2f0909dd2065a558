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
import { leaderOf, versionOfServer } from '../members';
import { withHash } from '../planHash';
import { joinerFindings } from './joinerFindings';
import { memberOf, namesOf, votersOf, type Membership } from './membership';
import { membershipPath, pathThrough, type MembershipChange } from './membershipPath';
import {
  changeSteps,
  gated,
  joinersOf,
  kindOf,
  leaversOf,
  versionFor,
  type Frame,
  type ResizeExtra,
} from './orderedSteps';
import { changeFindings, ensembleFindings, goalFindings, type ResizeKind } from './resizeFindings';
import { currentMembership, goalOf } from './resizeGoal';
import { downIn, haltedIn, otherList } from './standing';

export type { ResizeExtra } from './orderedSteps';

export function planResize(
  facts: EnsembleFacts,
  input: ResizeEnsembleInput,
  extra: ResizeExtra,
  path?: Frame['path'],
): Plan {
  const { members: current, findings: unknown } = currentMembership(facts, extra.candidates);
  const own = sorted(facts, current, extra);
  const { goal, findings: wrong } = goalOf(current, input, own.extra.candidates, {
    underway: extra.underway,
    seen: own.facts.servers,
  });
  const found = [...unknown, ...wrong];
  return planned(own.facts, {
    current,
    goal,
    input,
    extra: own.extra,
    direction: 'forward',
    found,
    ...(path && { path }),
  });
}

/** Members here, all others there: a run looks at some of either as members. */
function sorted(
  facts: EnsembleFacts,
  current: Membership,
  extra: ResizeExtra,
): { facts: EnsembleFacts; extra: ResizeExtra } {
  if (current.length === 0) return { facts, extra };
  const known = [...facts.servers, ...extra.candidates];
  const isMember = ({ server }: ServerFacts): boolean => memberOf(current, server) !== undefined;
  return {
    facts: { ...facts, servers: known.filter(isMember) },
    extra: { ...extra, candidates: known.filter((one) => !isMember(one)) },
  };
}

function planned(facts: EnsembleFacts, frame: Frame): Plan {
  const { current, goal, input, extra, direction, found, path = membershipPath } = frame;
  const kind = kindOf(facts);
  const known = [...facts.servers, ...extra.candidates];
  const begun = extra.underway === true || direction === 'rollback';
  // By files a newcomer that has died is one vote less for every restart of the others: it is started again first.
  const newcomers = kind === 'static' && direction === 'rollback' ? joinersOf(input) : [];
  const stopped = [...(extra.stopped ?? []), ...newcomers];
  const halted = begun ? haltedIn(facts, current, kind === 'static', stopped) : [];
  const other = kind === 'static' ? otherList(known, current, halted) : undefined;
  const down = downIn(facts, current);
  const leader = leaderOf(facts);
  const changes = pathThrough(other, current, goal, path, {
    leader,
    // Those brought back first serve again by then: were they to go before anybody comes, too few voters would be left.
    down: down.filter((name) => halted.every(({ server }) => server !== name)),
    replace: input.replace,
  });
  const steps = gated(changeSteps(facts, changes, kind, frame, halted), input, direction);
  const joiners = extra.candidates.filter(({ server }) =>
    changes.some((change) => change.server === server),
  );
  const nothing: Finding[] =
    direction === 'forward' && changes.length === 0 && found.length === 0
      ? [
          {
            severity: 'error',
            code: 'NothingToDo',
            message: 'the members are already as asked for',
          },
        ]
      : [];
  const isOwnDoing = downByTheRun(direction, current, halted);
  const holdsAfterwards = (finding: Finding): boolean => !isOwnDoing(finding);
  const own = joinFindings(
    found,
    nothing,
    ensembleFindings(facts, current, goal, kind, extra).filter(holdsAfterwards),
    goalFindings(current, goal, input),
    changeFindings(facts, changes, kind, extra, direction === 'rollback' ? halted : []),
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
    findings: joinFindings(own, othersBeside(own, extra.findings ?? []).filter(holdsAfterwards)),
    steps,
    notServing: down,
    members: { before: namesOf(current), after: namesOf(goal) },
    expectation: expectationFor(steps, kind, input),
  });
}

/** On the way back: who is down by the run's own hand, to be started first or taken out already, is nothing to be mended. */
const downByTheRun =
  (direction: Plan['direction'], current: Membership, halted: readonly ServerFacts[]) =>
  ({ code, server = '' }: Finding): boolean =>
    direction === 'rollback' &&
    (code === 'MemberDown' || code === 'ServerDown') &&
    (halted.some((one) => one.server === server) || memberOf(current, server) === undefined);

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

/**
 * Takes back what the request may have changed: every server it names becomes again what it was; where that is so, only
 * what was begun is cleared away. Members that somebody else has added or removed meanwhile stay as they are now.
 */
export function planResizeBack(
  facts: EnsembleFacts,
  former: MembershipNames,
  input: ResizeEnsembleInput,
  extra: ResizeExtra,
): Plan {
  const { members: current, findings: found } = currentMembership(facts, extra.candidates);
  const own = sorted(facts, current, extra);
  const goal = [...facts.servers, ...extra.candidates].flatMap(({ server, id }): Membership => {
    const now = memberOf(current, server);
    if (!namedBy(input).includes(server)) return now ? [now] : [];
    if (former.voters.includes(server)) return [{ ...now, server, id, role: 'participant' }];
    return former.observers.includes(server) ? [{ ...now, server, id, role: 'observer' }] : [];
  });
  return planned(own.facts, {
    current,
    goal,
    input,
    extra: own.extra,
    direction: 'rollback',
    found,
  });
}

const namedBy = (input: ResizeEnsembleInput): string[] => [
  ...joinersOf(input),
  ...leaversOf(input),
  ...input.promote,
  ...input.demote,
];
