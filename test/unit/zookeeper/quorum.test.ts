import fc from 'fast-check';
import { isQuorum, marginOf, quorumSize, type QuorumMember } from '../../../src/planning/quorum';

const voters = (count: number): QuorumMember[] =>
  Array.from({ length: count }, (_, index) => ({ id: index + 1, role: 'participant' }));

describe('majorities', () => {
  test.each([
    [1, 1],
    [2, 2],
    [3, 2],
    [4, 3],
    [5, 3],
    [7, 4],
  ])('%i voters need %i', (count, size) => {
    expect(quorumSize(voters(count))).toBe(size);
  });

  test('observers never count', () => {
    const config: QuorumMember[] = [...voters(3), { id: 4, role: 'observer' }];
    expect(quorumSize(config)).toBe(2);
    expect(isQuorum(config, [1, 4])).toBe(false);
    expect(isQuorum(config, [1, 2])).toBe(true);
    expect(marginOf(config, [1, 2, 3, 4])).toBe(1);
  });

  test('the margin is what may still stop; below zero what is missing', () => {
    expect(marginOf(voters(3), [1, 2, 3])).toBe(1);
    expect(marginOf(voters(3), [1, 2])).toBe(0);
    expect(marginOf(voters(3), [1])).toBe(-1);
    expect(marginOf(voters(5), [])).toBe(-3);
    expect(marginOf(voters(2), [1, 2])).toBe(0);
  });

  test('weights without groups count for nothing, as in ZooKeeper', () => {
    const config: QuorumMember[] = voters(3).map((voter) => ({
      ...voter,
      weight: voter.id === 1 ? 9 : 1,
    }));
    expect(isQuorum(config, [1])).toBe(false);
  });

  test('nobody is no quorum', () => {
    expect(quorumSize([])).toBe(Infinity);
    expect(isQuorum([], [])).toBe(false);
  });
});

/** Three groups of three, as in the administrator's guide. */
const nine: QuorumMember[] = voters(9).map((voter, index) => ({
  ...voter,
  group: Math.floor(index / 3) + 1,
}));

describe('groups', () => {
  test('a quorum holds most of most groups', () => {
    expect(isQuorum(nine, [1, 2, 4, 5])).toBe(true);
    expect(isQuorum(nine, [1, 2, 3, 4, 7])).toBe(false);
    expect(quorumSize(nine)).toBe(4);
  });

  test('the margin is for the unluckiest choice', () => {
    expect(
      marginOf(
        nine,
        nine.map(({ id }) => id),
      ),
    ).toBe(3);
    expect(marginOf(nine, [1, 2, 4, 5])).toBe(0);
    expect(marginOf(nine, [1, 2, 4])).toBe(-1);
  });

  test('half of a group’s weight, or half of the groups, is not most of it', () => {
    const pairs: QuorumMember[] = voters(4).map((voter) => ({
      ...voter,
      group: voter.id <= 2 ? 1 : 2,
    }));
    expect(isQuorum(pairs, [1, 3])).toBe(false);
    expect(isQuorum(pairs, [1, 2])).toBe(false);
    expect(isQuorum(pairs, [1, 2, 3, 4])).toBe(true);
  });

  test('a group of weight zero is not counted', () => {
    const config = nine.map((voter) => (voter.group === 3 ? { ...voter, weight: 0 } : voter));
    expect(isQuorum(config, [1, 2, 4, 5])).toBe(true);
    expect(isQuorum(config, [1, 2, 3, 7, 8, 9])).toBe(false);
  });
});

const anyConfig = fc
  .array(
    fc.record({
      role: fc.constantFrom('participant' as const, 'participant' as const, 'observer' as const),
      weight: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
      group: fc.integer({ min: 1, max: 3 }),
    }),
    { minLength: 1, maxLength: 7 },
  )
  .chain((members) =>
    fc.boolean().map((grouped) =>
      members.map((member, index): QuorumMember => ({
        ...member,
        id: index + 1,
        group: grouped ? member.group : undefined,
      })),
    ),
  );
const withSubsets = anyConfig.chain((config) => {
  const ids = config.map(({ id }) => id);
  return fc.tuple(fc.constant(config), fc.subarray(ids), fc.subarray(ids));
});

describe('for any configuration', () => {
  test('two quorums always meet in a voter', () => {
    fc.assert(
      fc.property(withSubsets, ([config, a, b]) => {
        fc.pre(isQuorum(config, a) && isQuorum(config, b));
        const isVoter = new Set(
          config.filter(({ role }) => role === 'participant').map(({ id }) => id),
        );
        expect(a.some((id) => b.includes(id) && isVoter.has(id))).toBe(true);
      }),
    );
  });

  test('stopping as many as the margin says leaves a quorum, whichever they are', () => {
    fc.assert(
      fc.property(withSubsets, ([config, synced, stopped]) => {
        const margin = marginOf(config, synced);
        expect(margin >= 0).toBe(isQuorum(config, synced));
        const votersStopped = stopped.filter(
          (id) => synced.includes(id) && config[id - 1]!.role === 'participant',
        );
        fc.pre(margin >= 0 && votersStopped.length <= margin);
        expect(
          isQuorum(
            config,
            synced.filter((id) => !stopped.includes(id)),
          ),
        ).toBe(true);
      }),
    );
  });
});
