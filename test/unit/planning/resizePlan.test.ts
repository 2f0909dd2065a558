/** Whole plans of resizes: what they do to an ensemble when they are run, step by step, or why they are refused. */
import fc from 'fast-check';
import type { EnsembleFacts, ServerFacts } from '../../../src/model/facts';
import { resizeEnsembleInputSchema, type ResizeEnsembleRequest } from '../../../src/model/inputs';
import type { Plan } from '../../../src/model/plan';
import { planResize, type ResizeExtra } from '../../../src/planning/resize/resizePlan';
import { isHandOver } from '../../../src/planning/resize/steps';
import { errorsOf, parseEnsemble } from './ensembles';

const RUNS = 10_000;

/** A host with Java and an empty disk. */
function spare(name: string, role: 'participant' | 'observer' = 'participant'): ServerFacts {
  const id = Number(name.replace(/\D/g, ''));
  return {
    server: name,
    id,
    address: { host: `10.0.0.${id}`, clientPort: 2181 },
    inventoryRole: role,
    state: 'refusing',
    host: {
      reachable: true,
      process: { running: false },
      java: { version: '17.0.9', major: 17, path: '/usr/bin/java' },
      package: { kind: 'tarball', stagedVersions: [], freeBytes: 50_000_000_000 },
    },
  };
}

const inputOf = (request: Omit<ResizeEnsembleRequest, 'ensemble'>) =>
  resizeEnsembleInputSchema.parse({ ensemble: 'orders', ...request });

function planFor(
  facts: EnsembleFacts,
  request: Omit<ResizeEnsembleRequest, 'ensemble'>,
  extra: Partial<ResizeExtra> = {},
): Plan {
  return planResize(facts, inputOf(request), { margin: 0, candidates: [], ...extra });
}

const dynamic = (text: string): EnsembleFacts => ({
  ...parseEnsemble(text),
  reconfigEnabled: true,
});
const three = (version: string): string =>
  `zk1 follower ${version}, zk2 leader ${version}, zk3 follower ${version}`;
const idsOf = ({ steps }: Plan): string[] => steps.map(({ id }) => id);
const without = (ids: string[], activity: string): string[] =>
  ids.filter((id) => !id.endsWith(`/${activity}`));

describe('by reconfiguration', () => {
  test('a voter is provisioned, proven, made a member, and proven again', () => {
    const plan = planFor(dynamic(three('3.9.6')), { add: ['zk4'] }, { candidates: [spare('zk4')] });
    expect(errorsOf(plan)).toEqual([]);
    expect(idsOf(plan)).toEqual([
      'add/zk4/provisionServer',
      'add/zk4/startServer',
      'add/zk4/verifyJoiner',
      'add/zk4/changeMembers',
      'add/zk4/verifyMembers',
      'add/zk4/soak',
    ]);
    expect(plan.members?.after.voters).toEqual(['zk1', 'zk2', 'zk3', 'zk4']);
  });

  test('a replaced server leaves only after the new one has joined; the leader is the last', () => {
    const candidates = ['zk4', 'zk5', 'zk6'].map((name) => spare(name));
    const replace = { zk2: 'zk5', zk1: 'zk4', zk3: 'zk6' };
    const plan = planFor(dynamic(three('3.9.6')), { replace }, { candidates });
    expect(errorsOf(plan)).toEqual([]);
    expect(idsOf(plan).filter((id) => id.endsWith('changeMembers'))).toEqual([
      'add/zk4/changeMembers',
      'remove/zk1/changeMembers',
      'add/zk6/changeMembers',
      'remove/zk3/changeMembers',
      'add/zk5/changeMembers',
      'remove/zk2/changeMembers',
    ]);
    expect(plan.steps.find(({ gate }) => gate)).toMatchObject({
      id: 'remove/zk1/changeMembers',
      gate: 'beforeRemove',
    });
  });

  test('one that is down and leaves goes first, and nobody waits for its clients', () => {
    const facts = dynamic('zk1 follower 3.9.6, zk2 leader 3.9.6, zk3 down 3.9.6');
    const plan = planFor(facts, { replace: { zk3: 'zk4' } }, { candidates: [spare('zk4')] });
    expect(errorsOf(plan)).toEqual([]);
    expect(idsOf(plan).slice(0, 4)).toEqual([
      'remove/zk3/changeMembers',
      'remove/zk3/verifyMembers',
      'remove/zk3/stopServer',
      'add/zk4/provisionServer',
    ]);
  });

  test('in the middle of a run the steps that are still missing have the ids they had', () => {
    const left = { ...dynamic('zk1 follower 3.9.6, zk2 leader 3.9.6, zk3 follower 3.9.6') };
    const leaver: ServerFacts = {
      ...spare('zk4'),
      state: 'serving',
      host: { ...spare('zk4').host!, members: left.servers[0]!.host!.members },
    };
    const plan = planFor(left, { remove: ['zk4'] }, { candidates: [leaver] });
    expect(idsOf(plan)).toEqual(['remove/zk4/redirectClients', 'remove/zk4/stopServer']);
  });
});

describe('by files and restarts', () => {
  test('the newcomer votes first, then the followers restart, the leader last', () => {
    const plan = planFor(
      parseEnsemble(three('3.9.6')),
      { add: ['zk4'] },
      { candidates: [spare('zk4')] },
    );
    expect(errorsOf(plan)).toEqual([]);
    expect(idsOf(plan).filter((id) => id.endsWith('writeMembers'))).toEqual(
      ['zk4', 'zk1', 'zk3', 'zk2'].map((server) => `add/zk4/roll/${server}/writeMembers`),
    );
  });

  test('on 3.4 a newcomer that no follower needs votes only once all followers have the new list', () => {
    const five =
      'zk1 follower 3.4.14, zk2 leader 3.4.14, zk3 follower 3.4.14, zk4 follower 3.4.14, zk5 follower 3.4.14';
    const plan = planFor(parseEnsemble(five), { add: ['zk6'] }, { candidates: [spare('zk6')] });
    expect(errorsOf(plan)).toEqual([]);
    expect(idsOf(plan).filter((id) => id.endsWith('writeMembers'))).toEqual(
      ['zk1', 'zk3', 'zk4', 'zk5', 'zk6', 'zk2'].map(
        (server) => `add/zk6/roll/${server}/writeMembers`,
      ),
    );
    expect(plan.findings.map(({ code }) => code)).not.toContain('StrangerCounted');
  });

  test('on 3.4 one that leaves is stopped before the leader gets the list without it', () => {
    const four = 'zk1 follower 3.4.14, zk2 leader 3.4.14, zk3 follower 3.4.14, zk4 follower 3.4.14';
    const ids = idsOf(planFor(parseEnsemble(four), { remove: ['zk4'] }));
    const at = (id: string): number => ids.indexOf(`remove/zk4/${id}`);
    expect(at('roll/zk3/soak')).toBeLessThan(at('stopServer'));
    expect(at('stopServer')).toBeLessThan(at('roll/zk2/stopServer'));
  });

  test('one that leads is restarted as it is before it leaves', () => {
    const four = 'zk1 follower 3.9.6, zk2 leader 3.9.6, zk3 follower 3.9.6, zk4 follower 3.9.6';
    const ids = idsOf(planFor(parseEnsemble(four), { remove: ['zk2'] }));
    expect(without(ids, 'soak').slice(0, 3)).toEqual([
      'remove/zk2/handOver/zk2/stopServer',
      'remove/zk2/handOver/zk2/startServer',
      'remove/zk2/handOver/zk2/verifyQuorum',
    ]);
  });
});

describe('is refused', () => {
  const candidates = [spare('zk4')];
  const facts = dynamic(three('3.9.6'));
  const busy = (more: Partial<ServerFacts>): ServerFacts[] => [{ ...spare('zk4'), ...more }];
  const itself = {
    id: 4,
    host: '10.0.0.4',
    quorumPort: 2888,
    electionPort: 3888,
    role: 'participant' as const,
  };
  const data = {
    directory: '/d',
    logDirectory: '/d',
    snapshotCount: 1,
    logCount: 1,
    totalBytes: 1,
    freeBytes: 1e12,
    hasGzSnapshots: false,
  };

  test.each<[string, Omit<ResizeEnsembleRequest, 'ensemble'>, Partial<ResizeExtra>, string]>([
    ['a joiner that is a member', { add: ['zk1'] }, {}, 'WrongMember'],
    ['a joiner nobody knows', { add: ['zk9'] }, {}, 'WrongMember'],
    ['a leaver that is no member', { remove: ['zk4'] }, {}, 'WrongMember'],
    ['two voters left', { remove: ['zk1'] }, {}, 'NoTolerance'],
    [
      'no right to reconfigure',
      { add: ['zk4'] },
      { mayReconfigure: false },
      'ReconfigNotPermitted',
    ],
    [
      'a joiner that lists only itself',
      { add: ['zk4'] },
      { candidates: busy({ state: 'serving', role: 'standalone', members: [itself] }) },
      'JoinerListsOthers',
    ],
    [
      "another ensemble's data",
      { add: ['zk4'] },
      { candidates: busy({ host: { ...spare('zk4').host!, data } }) },
      'ForeignData',
    ],
    ["a member's id", { add: ['zk4'] }, { candidates: busy({ id: 1 }) }, 'DuplicateId'],
    [
      'another myid on its disk',
      { add: ['zk4'] },
      { candidates: busy({ host: { ...spare('zk4').host!, myid: 7 } }) },
      'MyidDiffers',
    ],
    [
      'a port that gives no answer',
      { add: ['zk4'] },
      { reach: [{ from: 'zk1', to: 'zk4', port: 3888, state: 'silent' }] },
      'PortUnreachable',
    ],
  ])('%s', (_what, request, extra, code) => {
    expect(errorsOf(planFor(facts, request, { candidates, ...extra }))).toContain(code);
  });

  test('an ensemble of two by files: nobody may restart', () => {
    const two = parseEnsemble('zk1 follower 3.9.6, zk2 leader 3.9.6');
    expect(errorsOf(planFor(two, { add: ['zk4'] }, { candidates }))).toContain('NoMarginForChange');
  });

  test('a member that is down and is to stay', () => {
    const down = dynamic('zk1 follower 3.9.6, zk2 leader 3.9.6, zk3 down 3.9.6');
    expect(errorsOf(planFor(down, { add: ['zk4'] }, { candidates }))).toContain('MemberDown');
  });
});

/** Nine servers at most: how many are members, in which roles, which are down, and what is asked for. */
const anyCase = fc.record({
  voters: fc.integer({ min: 1, max: 6 }),
  observers: fc.nat(2),
  spares: fc.nat(3),
  leader: fc.nat(),
  down: fc.array(fc.nat(8), { maxLength: 2 }),
  version: fc.constantFrom('3.4.14', '3.5.10', '3.9.6'),
  reconfig: fc.boolean(),
  wants: fc.array(fc.constantFrom('stay', 'stay', 'leave', 'turn'), { minLength: 9, maxLength: 9 }),
});

test('no plan that is not refused stops two servers at once, or leaves fewer in step than a quorum', () => {
  let planned = 0;
  fc.assert(
    fc.property(anyCase, (one) => {
      const isVoter = (index: number): boolean => index < one.voters;
      const size = one.voters + one.observers;
      const downs = new Set(one.down.filter((index) => index < size));
      const up = Array.from({ length: one.voters }, (_, index) => index).filter(
        (i) => !downs.has(i),
      );
      const hasQuorum = up.length * 2 > one.voters;
      const leads = hasQuorum ? up[one.leader % up.length] : undefined;
      const roleOf = (index: number): string =>
        downs.has(index) || !hasQuorum
          ? isVoter(index)
            ? 'down'
            : 'downObserver'
          : !isVoter(index)
            ? 'observer'
            : index === leads
              ? 'leader'
              : 'follower';
      const names = Array.from({ length: size }, (_, index) => `zk${index + 1}`);
      const text = names.map((name, index) => `${name} ${roleOf(index)} ${one.version}`).join(', ');
      const facts = {
        ...parseEnsemble(text),
        reconfigEnabled: one.reconfig && one.version !== '3.4.14',
      };
      const candidates = Array.from({ length: one.spares }, (_, index) =>
        spare(`zk${size + index + 1}`, index === 2 ? 'observer' : 'participant'),
      );
      const wanting = (want: string) => names.filter((_, index) => one.wants[index] === want);
      const request = {
        add: candidates.map(({ server }) => server),
        remove: wanting('leave'),
        promote: wanting('turn').filter((name) => !isVoter(names.indexOf(name))),
        demote: wanting('turn').filter((name) => isVoter(names.indexOf(name))),
      };
      fc.pre(Object.values(request).some((list) => list.length > 0));
      const plan = planFor(facts, request, { candidates });
      if (errorsOf(plan).length > 0) return;
      planned += 1;
      runThrough(
        plan,
        facts,
        names.filter((_, index) => !downs.has(index)),
      );
    }),
    { numRuns: RUNS },
  );
  expect(planned).toBeGreaterThan(RUNS / 50);
});

/** Runs the steps on a set of servers that are up; the list in force is the leader's own. */
function runThrough(plan: Plan, facts: EnsembleFacts, serving: string[]): void {
  const isDynamic = facts.reconfigEnabled === true;
  const up = new Set(serving);
  const stopped = new Set<string>();
  let voters = plan.members!.before.voters;
  const members = new Set([...voters, ...plan.members!.before.observers]);
  const quorum = (names: string[]): boolean =>
    names.filter((name) => up.has(name)).length * 2 > names.length;
  for (const step of plan.steps) {
    const server = step.server ?? '';
    if (step.activity === 'stopServer') {
      // All others have the new list by then, and elect by it.
      if (!isDynamic && step.role === 'leader' && !isHandOver(step))
        voters = step.membership!.after.voters;
      up.delete(server);
      if (
        members.has(server) &&
        step.membership!.after.voters.concat(step.membership!.after.observers).includes(server)
      )
        stopped.add(server);
      if (stopped.size > 1) throw new Error(`${step.id}: ${[...stopped].join(' and ')} are down`);
    }
    if (step.activity === 'startServer') {
      up.add(server);
      stopped.delete(server);
    }
    if (step.activity === 'changeMembers') {
      const { after } = step.membership!;
      const others = after.voters.filter((name) => name !== server && up.has(name));
      // The request itself: a quorum of the new voters without the one that only becomes one by it.
      const own = voters.includes(server) && up.has(server) && after.voters.includes(server);
      if ((others.length + Number(own)) * 2 <= after.voters.length)
        throw new Error(`${step.id}: no quorum of the new voters is in step`);
      voters = after.voters;
    }
    if (step.activity === 'changeMembers' || step.activity === 'verifyMembers') {
      voters = step.membership!.after.voters;
      for (const name of [...voters, ...step.membership!.after.observers]) members.add(name);
    }
    if (!quorum(voters)) throw new Error(`${step.id}: no quorum of ${voters.join(', ')}`);
  }
  expect([...voters].sort()).toEqual([...plan.members!.after.voters].sort());
}
