/** The planner of resizes over arbitrary ensembles and goals: every plan keeps the rules, or is refused. */
import fc from 'fast-check';
import type { QuorumMember } from '../../../src/planning/quorum';
import { quorumsMeet } from '../../../src/planning/resize/intersection';
import {
  votersOf,
  type Membership,
  type PlannedMember,
} from '../../../src/planning/resize/membership';
import { membershipPath } from '../../../src/planning/resize/membershipPath';
import { randomRuns } from '../../support/randomRuns';

const RUNS = randomRuns(300);

/** By the definition itself: all pairs of sets of ids. */
function quorumsMeetByEnumeration(a: readonly QuorumMember[], b: readonly QuorumMember[]): boolean {
  const quorums = (config: readonly QuorumMember[]): number[] => {
    const voters = config.filter(({ role }) => role === 'participant');
    return Array.from({ length: 1 << voters.length }, (_, bits) => bits).flatMap((bits) => {
      const chosen = voters.filter((_, index) => (bits & (1 << index)) !== 0);
      return countsAsQuorum(voters, chosen)
        ? [chosen.reduce((mask, { id }) => mask | (1 << id), 0)]
        : [];
    });
  };
  return quorums(a).every((one) => quorums(b).every((other) => (one & other) !== 0));
}

/** QuorumMaj and QuorumHierarchical in their own words. */
function countsAsQuorum(voters: readonly QuorumMember[], chosen: readonly QuorumMember[]): boolean {
  if (voters.every(({ group }) => group === undefined)) return chosen.length > voters.length / 2;
  const weightOf = (members: readonly QuorumMember[], group: number): number =>
    members
      .filter((member) => member.group === group)
      .reduce((sum, { weight = 1 }) => sum + weight, 0);
  const groups = [...new Set(voters.map(({ group }) => group!))].filter(
    (group) => weightOf(voters, group) > 0,
  );
  const agreeing = groups.filter((group) => weightOf(chosen, group) > weightOf(voters, group) / 2);
  return agreeing.length > groups.length / 2;
}

const roleOf = fc.constantFrom('participant' as const, 'participant' as const, 'observer' as const);

/** What each of up to nine servers is now, and is to be; undefined: no member. */
const anyChange = fc
  .array(
    fc.record({
      now: fc.option(roleOf, { nil: undefined }),
      then: fc.option(roleOf, { nil: undefined }),
      down: fc.boolean(),
      weight: fc.nat(2),
      group: fc.integer({ min: 1, max: 3 }),
    }),
    { minLength: 1, maxLength: 9 },
  )
  .chain((servers) =>
    fc.record({
      servers: fc.constant(servers),
      leader: fc.nat(servers.length - 1),
      grouped: fc.boolean(),
    }),
  )
  .map(({ servers, leader, grouped }) => {
    const of = (field: 'now' | 'then'): Membership =>
      servers.flatMap((server, index): PlannedMember[] =>
        server[field] === undefined
          ? []
          : [
              {
                server: `zk${index + 1}`,
                id: index + 1,
                role: server[field],
                ...(grouped && { weight: server.weight, group: server.group }),
              },
            ],
      );
    // One that stays or comes must serve: others are refused.
    const down = servers.flatMap((server, index) =>
      server.down && server.then === undefined ? [`zk${index + 1}`] : [],
    );
    return { current: of('now'), goal: of('then'), leader: `zk${leader + 1}`, down, grouped };
  });

const shape = (members: Membership): string =>
  members.map(({ server, role }) => `${server}:${role}`).join(' ');

test('a path goes from the members there are to the goal, one server at a time', () => {
  fc.assert(
    fc.property(anyChange, ({ current, goal, leader, down }) => {
      const path = membershipPath(current, goal, { leader, down });
      let before = current;
      for (const change of path) {
        expect(shape(change.before)).toBe(shape(before));
        const changed = new Set(
          [...change.before, ...change.after]
            .filter(
              ({ server, role }) =>
                !(
                  change.before.some((one) => one.server === server && one.role === role) &&
                  change.after.some((one) => one.server === server && one.role === role)
                ),
            )
            .map(({ server }) => server),
        );
        expect([...changed]).toEqual([change.server]);
        before = change.after;
      }
      expect(shape(before)).toBe(shape(goal));
    }),
    RUNS,
  );
});

test('majorities of each configuration on the path meet those of the next', () => {
  fc.assert(
    fc.property(anyChange, ({ current, goal, leader, down, grouped }) => {
      fc.pre(!grouped && votersOf(current).length > 0 && votersOf(goal).length > 0);
      for (const { before, after } of membershipPath(current, goal, { leader, down }))
        if (votersOf(before).length > 0 && votersOf(after).length > 0)
          expect(quorumsMeetByEnumeration(before, after)).toBe(true);
    }),
    RUNS,
  );
});

test('quorums are found to meet just where all their sets do, groups and weights included', () => {
  fc.assert(
    fc.property(anyChange, ({ current, goal }) => {
      fc.pre(votersOf(current).length > 0 && votersOf(goal).length > 0);
      expect(quorumsMeet(current, goal)).toBe(quorumsMeetByEnumeration(current, goal));
    }),
    RUNS,
  );
});

test('there are never fewer living voters than there were or will be, and the leader goes last', () => {
  fc.assert(
    fc.property(anyChange, ({ current, goal, leader, down }) => {
      const path = membershipPath(current, goal, { leader, down });
      const living = (members: Membership): number =>
        votersOf(members).filter(({ server }) => !down.includes(server)).length;
      const least = Math.min(living(current), living(goal));
      for (const { after } of path) expect(living(after)).toBeGreaterThanOrEqual(least);
      const going = path.filter(
        ({ kind, server }) =>
          (kind === 'removeVoter' || kind === 'demote') && !down.includes(server),
      );
      const led = going.findIndex(({ server }) => server === leader);
      if (led >= 0) expect(led).toBe(going.length - 1);
    }),
    RUNS,
  );
});
