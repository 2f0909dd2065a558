/** Whole plans of resizes: their steps, or why they are refused. */
import type { EnsembleFacts, ServerFacts } from '../../../src/model/facts';
import type { ResizeEnsembleRequest } from '../../../src/model/inputs';
import type { Plan } from '../../../src/model/plan';
import type { ResizeExtra } from '../../../src/planning/resize/resizePlan';
import { errorsOf, parseEnsemble } from './ensembles';
import { planFor, spare } from './resizePlans';

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

describe('once a run has begun', () => {
  /** As a run looks at it: among the members, though no configuration names it yet. */
  const learner = (facts: EnsembleFacts): ServerFacts => ({
    ...spare('zk4'),
    state: 'serving',
    role: 'follower',
    version: '3.9.6',
    host: { ...spare('zk4').host!, members: facts.servers[0]!.host!.members },
  });

  test('a joiner that is looked at as a member is still one that joins', () => {
    const facts = dynamic(three('3.9.6'));
    const seen = { ...facts, servers: [...facts.servers, learner(facts)] };
    const plan = planFor(seen, { add: ['zk4'] }, { underway: true });
    expect(errorsOf(plan)).toEqual([]);
    expect(idsOf(plan)).toEqual(
      ['verifyJoiner', 'changeMembers', 'verifyMembers', 'soak'].map((name) => `add/zk4/${name}`),
    );
    expect(plan.members?.after.voters).toEqual(['zk1', 'zk2', 'zk3', 'zk4']);
  });

  test('one that runs and does not serve yet is not written to', () => {
    const facts = dynamic(three('3.9.6'));
    const { host } = learner(facts);
    const starting = { ...spare('zk4'), host: { ...host!, process: { running: true, pid: 7 } } };
    const ids = idsOf(planFor(facts, { add: ['zk4'] }, { underway: true, candidates: [starting] }));
    expect(ids[0]).toBe('add/zk4/verifyJoiner');
  });

  test('what was asked for and is there is no mistake; a name that is none still is one', () => {
    const four = dynamic(`${three('3.9.6')}, zk4 follower 3.9.6`);
    expect(errorsOf(planFor(four, { add: ['zk4'] }, { underway: true }))).toEqual(['NothingToDo']);
    expect(errorsOf(planFor(four, { add: ['zk9'] }, { underway: true }))).toContain('WrongMember');
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

  test('on 3.4 it is stopped before anybody else restarts where the lead has moved to one with the new list', () => {
    const four = 'zk1 follower 3.4.14, zk2 leader 3.4.14, zk3 follower 3.4.14, zk4 follower 3.4.14';
    const facts = parseEnsemble(four);
    const leader = facts.servers[1]!;
    const members = leader.host!.members!.filter(({ id }) => id !== 4);
    Object.assign(leader, { members, host: { ...leader.host!, members } });
    const ids = idsOf(planFor(facts, { remove: ['zk4'] }, { underway: true }));
    expect(ids.filter((id) => /(stopServer|writeMembers)$/.test(id))).toEqual([
      'remove/zk4/stopServer',
      ...['zk1', 'zk3'].flatMap((name) =>
        ['stopServer', 'writeMembers'].map((step) => `remove/zk4/roll/${name}/${step}`),
      ),
    ]);
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
      'a configuration of something else on its disk',
      { add: ['zk4'] },
      {
        candidates: busy({
          host: {
            ...spare('zk4').host!,
            config: { path: '/etc/zookeeper/zoo.cfg', sha256: '0'.repeat(64), settings: {} },
          },
        }),
      },
      'HostOccupied',
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

  test('on 3.4 from six to five by files with a margin of one: the one that goes stops before the last restarts', () => {
    const followers = [2, 3, 4, 5, 6].map((id) => `zk${id} follower 3.4.14`).join(', ');
    const six = parseEnsemble(`zk1 leader 3.4.14, ${followers}`);
    const refused = planFor(six, { remove: ['zk6'] }, { margin: 1 }).findings.find(
      ({ code }) => code === 'NoMarginForChange',
    );
    expect(refused?.hint).toContain('ask for a smaller margin');
    expect(errorsOf(planFor(six, { remove: ['zk6'] }))).toEqual([]);
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
