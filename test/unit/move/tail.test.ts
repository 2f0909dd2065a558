/** Which history counts once all servers are stopped, and what a capture lacks of it. */
import { electedAmong } from '../../../src/planning/move/election';
import { lastOf, Runs, type MemberLog } from '../../../src/planning/move/memberLog';
import { tailOf } from '../../../src/planning/move/tail';

const at = (epoch: number, counter: number): bigint => (BigInt(epoch) << 32n) + BigInt(counter);

/** `[epoch, from, to]` each: numbers of transactions in the log. */
type Stretch = [epoch: number, from: number, to: number];

function log(
  id: number,
  epoch: number,
  stretches: Stretch[],
  snapshots: bigint[] = [at(0, 0)],
): MemberLog {
  const runs = stretches.map(([of, from, to]) => ({ from: at(of, from), to: at(of, to) }));
  return { server: `zk${id}`, id, epoch: BigInt(epoch), runs, snapshots };
}

const voters = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: index + 1, role: 'participant' as const }));
const THREE = voters(3);
const silent = (id: number) => ({ server: `zk${id}`, id, reason: 'cannot be reached' });

function settle(logs: MemberLog[], captured: bigint, config = THREE) {
  const missing = config
    .filter(({ id }) => !logs.some((one) => one.id === id))
    .map(({ id }) => silent(id));
  const elected = electedAmong(config, logs, missing);
  return { elected: elected.server, ...tailOf(config, logs, elected, captured) };
}

const refusal = (logs: MemberLog[], captured: bigint, config = THREE): string => {
  try {
    settle(logs, captured, config);
  } catch (error) {
    expect(error).toMatchObject({ type: 'TailNotProven' });
    return (error as Error).message;
  }
  throw new Error('it was not refused');
};

test('the log that goes furthest in the newest epoch holds every acknowledged write', () => {
  const logs = [log(1, 1, [[1, 1, 12]]), log(2, 1, [[1, 1, 15]]), log(3, 1, [[1, 1, 14]])];
  expect(settle(logs, at(1, 10))).toEqual({
    ...{ elected: 'zk2', from: 'zk2', after: at(1, 10), upTo: at(1, 15) },
  });
});

test('a longer log of an epoch before counts for less: nobody followed it', () => {
  const logs = [
    log(1, 1, [[1, 1, 900]]),
    ...[2, 3].map((id) =>
      log(id, 2, [
        [1, 1, 12],
        [2, 1, 3],
      ]),
    ),
  ];
  expect(settle(logs, at(1, 10))).toMatchObject({ elected: 'zk3', upTo: at(2, 3) });
  // An epoch that has begun counts before anything is written in it.
  const begun = [log(1, 1, [[1, 1, 900]]), log(2, 2, [[1, 1, 12]]), log(3, 2, [[1, 1, 12]])];
  expect(settle(begun, at(1, 10))).toMatchObject({ elected: 'zk3', upTo: at(1, 12) });
});

test('of equals the higher id is elected, as ZooKeeper does', () => {
  const logs = [1, 2, 3].map((id) => log(id, 1, [[1, 1, 12]]));
  expect(settle(logs, at(1, 12))).toEqual({
    ...{ elected: 'zk3', after: at(1, 12), upTo: at(1, 12) },
  });
});

test('a minority proves nothing, whatever it holds', () => {
  expect(refusal([log(2, 1, [[1, 1, 50]])], at(1, 10))).toContain(
    'zk1 cannot be reached; zk3 cannot be reached',
  );
  const two = [log(1, 1, [[1, 1, 50]]), log(2, 1, [[1, 1, 50]])];
  expect(settle(two, at(1, 10))).toMatchObject({ upTo: at(1, 50) });
  expect(refusal(two, at(1, 10), voters(5))).toContain('quorum (3 voters)');
});

test('neither an observer nor a voter whose disk is empty makes a quorum', () => {
  const config = [...voters(3), { id: 4, role: 'observer' as const }];
  const observer = log(4, 1, [[1, 1, 50]]);
  expect(refusal([log(2, 1, [[1, 1, 20]]), observer], at(1, 10), config as typeof THREE)).toContain(
    'zk1 cannot be reached',
  );
  expect(refusal([log(2, 1, [[1, 1, 20]]), log(3, 0, [], [])], at(1, 10))).toContain(
    'zk3 has no data',
  );
});

test('a group needs its own majority', () => {
  const grouped = Array.from({ length: 9 }, (_, index) => ({
    ...{ id: index + 1, role: 'participant' as const },
    group: Math.floor(index / 3) + 1,
  }));
  const of = (...ids: number[]) => ids.map((id) => log(id, 1, [[1, 1, 20]]));
  expect(settle(of(1, 2, 4, 5), at(1, 10), grouped)).toMatchObject({ upTo: at(1, 20) });
  expect(refusal(of(1, 2, 3, 4, 7), at(1, 10), grouped)).toContain('cannot be reached');
});

test('what was captured beyond the elected history is refused, not dropped', () => {
  const logs = [1, 2, 3].map((id) => log(id, 1, [[1, 1, 12]]));
  expect(refusal(logs, at(1, 13))).toContain('0x10000000d was captured');
});

test('what was captured and then taken back by another epoch is refused', () => {
  const logs = [1, 2, 3].map((id) =>
    log(id, 2, [
      [1, 1, 12],
      [2, 1, 5],
    ]),
  );
  expect(refusal(logs, at(1, 13))).toContain('does not hold 0x10000000d');
  expect(settle(logs, at(1, 12))).toMatchObject({ after: at(1, 12), upTo: at(2, 5) });
});

test('a hole in the elected log is filled from another that leads to the same end', () => {
  const given = log(3, 1, [[1, 16, 20]], [at(0, 0), at(1, 15)]);
  const whole = log(2, 1, [[1, 1, 20]]);
  expect(settle([given, whole, log(1, 1, [[1, 1, 9]])], at(1, 10))).toMatchObject({
    ...{ elected: 'zk3', from: 'zk2', upTo: at(1, 20) },
  });
  const message = refusal([given, log(2, 1, [[1, 1, 19]]), log(1, 1, [[1, 1, 9]])], at(1, 10));
  expect(message).toContain('zk3 has 0x100000010 after 0x10000000a');
  expect(message).toContain('zk2 ends at 0x100000013');
});

describe('a change of epoch in a single log', () => {
  const leaves = (snapshots: bigint[]) => [
    log(
      1,
      2,
      [
        [1, 1, 12],
        [2, 1, 9],
      ],
      snapshots,
    ),
    log(2, 2, [[2, 4, 8]], [at(2, 3)]),
  ];

  test('stands where its snapshots show that none was given in between', () => {
    expect(settle(leaves([at(1, 5)]), at(1, 10))).toMatchObject({ from: 'zk1', upTo: at(2, 9) });
  });

  test.each([
    ['one was', [at(1, 5), at(1, 14)]],
    ['one was as the epoch began', [at(1, 5), at(2, 0)]],
    ['older ones have been purged', [at(2, 5)]],
  ])('is not believed where %s', (_, snapshots) => {
    expect(refusal(leaves(snapshots), at(1, 10))).toContain('may have been given a snapshot');
  });
});

test('an end that is known from a snapshot alone, of an epoch without a write, is not guessed at', () => {
  const logs = [log(1, 2, [[1, 1, 12]], [at(2, 0)]), log(2, 2, [[1, 1, 12]])];
  expect(refusal(logs, at(1, 10))).toContain('as epoch 2 began');
  expect(settle(logs, at(2, 0))).toEqual({ elected: 'zk1', after: at(2, 0), upTo: at(2, 0) });
});

test('of a random history every acknowledged write is on the elected log, whichever quorum is left', () => {
  let seed = 20_261_127;
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (let round = 0; round < 500; round += 1) {
    const logs = history(random);
    const lost = 1 + random(3);
    const left = logs.members.filter(({ id }) => id !== lost);
    const elected = electedAmong(THREE, left, [silent(lost)]);
    for (const zxid of logs.acknowledged)
      expect(elected.runs.some(({ from, to }) => from <= zxid && zxid <= to)).toBe(true);
    expect(lastOf(elected)).toBeGreaterThanOrEqual(logs.acknowledged.at(-1) ?? 0n);
  }
});

/** Three voters under a leader that changes: whoever has most of a quorum leads, the others are cut to what it has. */
function history(random: (below: number) => number) {
  const members = [1, 2, 3].map((id) => ({ id, epoch: 0, zxids: [] as bigint[] }));
  const acknowledged: bigint[] = [];
  for (let epoch = 1; epoch <= 1 + random(4); epoch += 1) {
    const away = random(3);
    const quorum = members.filter((_, index) => index !== away);
    const rank = (one: (typeof members)[number]) =>
      (BigInt(one.epoch) << 64n) + (one.zxids.at(-1) ?? 0n);
    const [leader, follower] = quorum.sort((a, b) => (rank(a) < rank(b) ? 1 : -1)) as [
      (typeof members)[number],
      (typeof members)[number],
    ];
    follower.zxids = [...leader.zxids];
    for (const one of quorum) one.epoch = epoch;
    const acked = random(5);
    for (let counter = 1; counter <= acked + random(4); counter += 1) {
      leader.zxids.push(at(epoch, counter));
      if (counter > acked) continue;
      follower.zxids.push(at(epoch, counter));
      acknowledged.push(at(epoch, counter));
    }
  }
  const logs = members.map(({ id, epoch, zxids }): MemberLog => {
    const found = new Runs();
    for (const zxid of zxids) found.add(zxid);
    return { server: `zk${id}`, id, epoch: BigInt(epoch), runs: found.runs, snapshots: [0n] };
  });
  return { members: logs, acknowledged };
}
