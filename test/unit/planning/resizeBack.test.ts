/** Ways back of resizes, planned from what is there when a run is taken back. */
import type { EnsembleFacts, MemberFacts, ServerFacts } from '../../../src/model/facts';
import type { Plan } from '../../../src/model/plan';
import { planResizeBack, type ResizeExtra } from '../../../src/planning/resize/resizePlan';
import { parseEnsemble } from './ensembles';
import { inputOf, spare } from './resizePlans';

const three = (version: string): string =>
  `zk1 follower ${version}, zk2 leader ${version}, zk3 follower ${version}`;
const idsOf = ({ steps }: Plan): string[] => steps.map(({ id }) => id);
const without = (ids: string[], activity: string): string[] =>
  ids.filter((id) => !id.endsWith(`/${activity}`));

const back = (facts: EnsembleFacts, extra: Partial<ResizeExtra> = {}) =>
  planResizeBack(
    facts,
    { voters: ['zk1', 'zk2', 'zk3'], observers: [] },
    inputOf({ add: ['zk4'] }),
    { margin: 0, candidates: [], ...extra },
  );

test('leaves alone whom the request does not name', () => {
  const four = {
    ...parseEnsemble(`${three('3.9.6')}, zk4 follower 3.9.6, zk5 observer 3.9.6`),
    reconfigEnabled: true,
  };
  const plan = back(four);
  expect(plan.members?.after).toEqual({ voters: ['zk1', 'zk2', 'zk3'], observers: ['zk5'] });
  expect(idsOf(plan).filter((id) => id.endsWith('changeMembers'))).toEqual([
    'rollback/remove/zk4/changeMembers',
  ]);
});

test('by files: starts first the member that was stopped for its new list', () => {
  const facts = parseEnsemble('zk1 down 3.9.6, zk2 leader 3.9.6, zk3 follower 3.9.6');
  const stopped = facts.servers[0]!;
  stopped.host = { ...stopped.host!, process: { running: false } };
  expect(idsOf(back(facts, { stopped: ['zk1'] }))).toEqual([
    'rollback/add/zk1/bringBack/zk1/startServer',
    'rollback/add/zk1/bringBack/zk1/verifyQuorum',
  ]);
  expect(idsOf(back(facts))).toEqual([]);
});

test('on 3.4 one that left while the leader still lists it votes again before any follower restarts', () => {
  const facts = parseEnsemble('zk1 follower 3.4.14, zk2 follower 3.4.14, zk3 leader 3.4.14');
  const shorter = facts.servers[0]!.host!.members!;
  const list = [...shorter, { ...shorter[0]!, id: 4, host: '10.0.0.4' }];
  const leader = facts.servers[2]!;
  leader.host = { ...leader.host!, members: list };
  leader.members = undefined;
  const gone = spare('zk4');
  gone.host = { ...gone.host!, members: list };
  const plan = planResizeBack(
    facts,
    { voters: ['zk1', 'zk2', 'zk3', 'zk4'], observers: [] },
    inputOf({ remove: ['zk4'] }),
    { margin: 0, candidates: [gone], stopped: ['zk4'] },
  );
  expect(without(idsOf(plan), 'soak')).toEqual([
    'rollback/add/zk4/bringBack/zk4/startServer',
    'rollback/add/zk4/bringBack/zk4/verifyQuorum',
    ...['zk1', 'zk2'].flatMap((server) =>
      ['stopServer', 'writeMembers', 'startServer', 'verifyQuorum'].map(
        (name) => `rollback/add/zk4/roll/${server}/${name}`,
      ),
    ),
    'rollback/add/zk4/verifyMembers',
  ]);
});

test('by files: where nobody leads, the list that most have is in force, and who has another gets it', () => {
  const facts = parseEnsemble('zk1 down 3.4.14, zk2 down 3.4.14, zk3 down 3.4.14, zk4 down 3.4.14');
  const list = facts.servers[0]!.host!.members!;
  for (const one of facts.servers) {
    // The leader was killed in the middle of the second half of a replacement: zk1 has the list without zk3.
    const runs = one.server !== 'zk4';
    const members = one.server === 'zk1' ? list.filter(({ id }) => id !== 3) : list;
    Object.assign(one, { state: runs ? 'notServing' : 'refusing', members: undefined });
    one.host = { ...one.host!, process: { running: runs }, members };
  }
  const [newcomer] = facts.servers.splice(3);
  const plan = planResizeBack(
    facts,
    { voters: ['zk1', 'zk2', 'zk3'], observers: [] },
    inputOf({ replace: { zk3: 'zk4' } }),
    { margin: 0, candidates: [newcomer!] },
  );
  expect(plan.members!.before.voters).toEqual(['zk1', 'zk2', 'zk3', 'zk4']);
  expect(idsOf(plan).slice(0, 7)).toEqual([
    ...['stopServer', 'writeMembers', 'startServer', 'verifyQuorum'].map(
      (name) => `rollback/add/zk1/bringBack/zk1/${name}`,
    ),
    'rollback/add/zk4/bringBack/zk4/startServer',
    'rollback/add/zk4/bringBack/zk4/verifyQuorum',
    'rollback/remove/zk4/roll/zk1/stopServer',
  ]);
  for (const { membership } of plan.steps)
    expect(membership!.after.voters.length).toBeGreaterThanOrEqual(3);
});

test('by files: one that has left gets a vote again, though its old file names it a voter', () => {
  const facts = parseEnsemble(three('3.9.6'));
  const list = facts.servers[0]!.host!.members!;
  const gone = spare('zk4');
  gone.host = { ...gone.host!, members: [...list, { ...list[0]!, id: 4, host: '10.0.0.4' }] };
  const former = { voters: ['zk1', 'zk2', 'zk3', 'zk4'], observers: [] };
  const extra = { margin: 0, candidates: [gone] };
  const plan = planResizeBack(facts, former, inputOf({ remove: ['zk4'] }), extra);
  expect(idsOf(plan).filter((id) => id.endsWith('writeMembers'))).toEqual([
    'rollback/add/zk4/writeMembers',
    ...['zk4', 'zk1', 'zk3', 'zk2'].map((name) => `rollback/add/zk4/roll/${name}/writeMembers`),
  ]);
});

test('by files: a member that cannot find the leader gets the list in force first', () => {
  const facts = parseEnsemble(`zk1 down 3.9.6, zk2 follower 3.9.6, zk3 leader 3.9.6`);
  const [lost, other] = facts.servers;
  const list = other!.host!.members!;
  // It has the list of a change that was begun, and runs.
  const longer = [...list, { ...list[0]!, id: 4, host: '10.0.0.4' }];
  lost!.host = { ...lost!.host!, process: { running: true, pid: 7 }, members: longer };
  lost!.members = undefined;
  expect(idsOf(back(facts)).filter((id) => id.includes('/bringBack/'))).toEqual(
    ['stopServer', 'writeMembers', 'startServer', 'verifyQuorum'].map(
      (name) => `rollback/add/zk1/bringBack/zk1/${name}`,
    ),
  );
});

/** One that is looked at beside the members, and runs. */
const runs = (name: string, members: MemberFacts[]): ServerFacts => ({
  ...{ ...spare(name), state: 'serving', role: 'follower', version: '3.4.14' },
  host: { ...spare(name).host!, process: { running: true, pid: 7 }, members },
});

const membersOf = (...ids: number[]): MemberFacts[] =>
  parseEnsemble(ids.map((id) => `zk${id} follower 3.4.14`).join(', ')).servers[0]!.host!.members!;

test('by files: a newcomer that led and was stopped for its new list serves again before it goes, after others have come', () => {
  // zk1 is replaced by zk4, which led and was stopped last, for the list without zk1.
  const facts = parseEnsemble('zk2 follower 3.4.14, zk3 leader 3.4.14, zk4 down 3.4.14');
  const [, , stopped] = facts.servers;
  stopped!.host = {
    ...stopped!.host!,
    process: { running: false },
    members: membersOf(1, 2, 3, 4),
  };
  stopped!.members = undefined;
  const gone = spare('zk1');
  gone.host = { ...gone.host!, members: membersOf(1, 2, 3, 4) };
  const extra = { candidates: [gone], stopped: ['zk4', 'zk1'] };
  const plan = planResizeBack(
    facts,
    { voters: ['zk1', 'zk2', 'zk3'], observers: [] },
    inputOf({ replace: { zk1: 'zk4' } }),
    { margin: 0, ...extra },
  );
  expect(idsOf(plan).filter((id) => /bringBack.*startServer|verifyMembers/.test(id))).toEqual([
    'rollback/add/zk4/bringBack/zk4/startServer',
    'rollback/add/zk1/verifyMembers',
    'rollback/remove/zk4/verifyMembers',
  ]);
});

test('by files: who the members are is said by the leader, also where a spare that has joined leads', () => {
  const facts = parseEnsemble('zk1 follower 3.4.14, zk2 follower 3.4.14, zk3 follower 3.4.14');
  const leader: ServerFacts = { ...runs('zk4', membersOf(1, 2, 3, 4)), role: 'leader' };
  const plan = back({ ...facts, leader: 'zk4' }, { candidates: [leader] });
  expect(plan.members!.before.voters).toEqual(['zk1', 'zk2', 'zk3', 'zk4']);
});

test('one that was only about to join is stopped first, while the members are still those of today', () => {
  const four = {
    ...parseEnsemble(`${three('3.9.6')}, zk4 follower 3.9.6`),
    reconfigEnabled: true,
  };
  const plan = planResizeBack(
    four,
    { voters: ['zk1', 'zk2', 'zk3'], observers: [] },
    inputOf({ add: ['zk4', 'zk5'] }),
    { margin: 0, candidates: [runs('zk5', membersOf(1, 2, 3, 4))] },
  );
  const [stop, change] = ['remove/zk5/stopServer', 'remove/zk4/changeMembers'].map((id) =>
    plan.steps.find((step) => step.id === `rollback/${id}`),
  );
  expect(plan.steps.indexOf(stop!)).toBeLessThan(plan.steps.indexOf(change!));
  // Its guard waits for just these members.
  expect(stop!.membership!.after.voters).toEqual(['zk1', 'zk2', 'zk3', 'zk4']);
});

describe('by files, on 3.4, from five to six', () => {
  const list = membersOf(1, 2, 3, 4, 5, 6);
  const former = { voters: ['zk1', 'zk2', 'zk3', 'zk4', 'zk5'], observers: [] };

  /** All but the leader zk1 have the list of six already. */
  const nearlySix = (): EnsembleFacts => {
    const facts = parseEnsemble(
      `zk1 leader 3.4.14, ${[2, 3, 4, 5].map((id) => `zk${id} follower 3.4.14`).join(', ')}`,
    );
    for (const one of facts.servers.slice(1)) {
      one.host = { ...one.host!, members: list };
      one.members = undefined;
    }
    return facts;
  };
  const newcomer = (): ServerFacts => runs('zk6', list);
  const stopsIn = (plan: Plan): string[] =>
    idsOf(plan).filter((id) => id.endsWith('/stopServer') || id.endsWith('/writeMembers'));
  const restarts = (change: string, names: string[]): string[] =>
    names.flatMap((name) =>
      ['stopServer', 'writeMembers'].map((step) => `rollback/${change}/roll/${name}/${step}`),
    );

  test('the newcomer that votes, and that the leader counts unlisted, stops before the list of five is back anywhere', () => {
    const extra = { margin: 0, candidates: [newcomer()] };
    const plan = planResizeBack(nearlySix(), former, inputOf({ add: ['zk6'] }), extra);
    expect(stopsIn(plan)).toEqual([
      'rollback/remove/zk6/stopServer',
      ...restarts('remove/zk6', ['zk2', 'zk3', 'zk4', 'zk5']),
    ]);
    expect(plan.steps.find(({ id }) => id === 'rollback/remove/zk6/stopServer')?.guard).toEqual({
      kind: 'serverMayStop',
      server: 'zk6',
    });
  });

  test('so does an observer that has been given its vote', () => {
    const facts = nearlySix();
    const asObserver = list.map((one) =>
      one.id === 6 ? { ...one, role: 'observer' as const } : one,
    );
    const [leader] = facts.servers;
    leader!.host = { ...leader!.host!, members: asObserver };
    leader!.members = asObserver;
    facts.servers.push(newcomer());
    const members = { ...former, observers: ['zk6'] };
    const extra = { margin: 0, candidates: [] };
    const plan = planResizeBack(facts, members, inputOf({ promote: ['zk6'] }), extra);
    expect(stopsIn(plan)).toEqual(restarts('demote/zk6', ['zk6', 'zk2', 'zk3', 'zk4', 'zk5']));
  });

  test('where the leader lists the newcomer, that one votes until three have the list of five', () => {
    const facts = nearlySix();
    const [leader] = facts.servers;
    leader!.host = { ...leader!.host!, members: list };
    leader!.members = undefined;
    const extra = { margin: 0, candidates: [newcomer()] };
    const plan = planResizeBack(facts, former, inputOf({ add: ['zk6'] }), extra);
    expect(stopsIn(plan)).toEqual([
      ...restarts('remove/zk6', ['zk2', 'zk3', 'zk4']),
      'rollback/remove/zk6/stopServer',
      ...restarts('remove/zk6', ['zk5', 'zk1']),
    ]);
  });
});

describe('by files, on 3.4, one that has left from six to five', () => {
  const six = membersOf(1, 2, 3, 4, 5, 6);
  const gone = spare('zk6');
  gone.host = { ...gone.host!, members: six };
  const facts = parseEnsemble(
    `zk1 leader 3.4.14, ${[2, 3, 4, 5].map((id) => `zk${id} follower 3.4.14`).join(', ')}`,
  );
  const leader = facts.servers[0]!;
  leader.host = { ...leader.host!, members: six };
  leader.members = undefined;

  test('serves again only once the others have the list of six: five could elect without what it and one of them know', () => {
    const plan = planResizeBack(
      facts,
      { voters: ['zk1', 'zk2', 'zk3', 'zk4', 'zk5', 'zk6'], observers: [] },
      inputOf({ remove: ['zk6'] }),
      { margin: 0, candidates: [gone], stopped: ['zk6'] },
    );
    expect(idsOf(plan).filter((id) => /startServer|verifyMembers/.test(id))).toEqual([
      ...['zk2', 'zk3', 'zk4', 'zk5'].map((name) => `rollback/add/zk6/roll/${name}/startServer`),
      'rollback/add/zk6/bringBack/zk6/startServer',
      'rollback/add/zk6/verifyMembers',
    ]);
  });
});
