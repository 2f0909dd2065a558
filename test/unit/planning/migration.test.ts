/** Plans of migrations: what is done, in which order, and where people are asked. */
import {
  migrateDataCenterInputSchema,
  type MigrateDataCenterRequest,
} from '../../../src/model/migrationInputs';
import type { ServerFacts } from '../../../src/model/facts';
import type { Plan, PlanStep } from '../../../src/model/plan';
import { planLogical, planLogicalBack } from '../../../src/planning/migrate/logicalPlan';
import { planPhysical, planPhysicalBack } from '../../../src/planning/migrate/physicalPlan';
import {
  planStretch,
  planStretchBack,
  type StretchExtra,
} from '../../../src/planning/migrate/stretchPlan';
import { renderPlanText } from '../../../src/planning/renderPlan';
import { batchesOf } from '../../../src/planning/redirect/batches';
import { errorsOf, parseEnsemble, threeServers } from './ensembles';
import { spare } from './resizePlans';

const inputOf = (request: Partial<MigrateDataCenterRequest> = {}) =>
  migrateDataCenterInputSchema.parse({
    source: 'orders',
    target: 'dc2',
    mode: 'stretch',
    ...request,
  });

const FRESH = ['zk4', 'zk5', 'zk6'];
const CLIENTS = ['a', 'b', 'c', 'd', 'e'];

const extraOf = (newServers = FRESH): StretchExtra => ({
  margin: 0,
  candidates: newServers.map((name) => spare(name)),
  migration: {
    mode: 'stretch',
    source: 'orders',
    target: 'dc2',
    oldServers: ['zk1', 'zk2', 'zk3'],
    newServers,
  },
  clients: CLIENTS,
});

const stretchable = () => ({ ...threeServers('3.8.4'), reconfigEnabled: true });
const idsOf = ({ steps }: Pick<Plan, 'steps'>): string[] => steps.map(({ id }) => id);
const changesIn = ({ steps }: Plan): string[] =>
  steps
    .filter(({ activity }) => activity === 'changeMembers')
    .map(({ id }) => id.replace('/changeMembers', ''));

describe('stretch', () => {
  test.each([
    [['zk4'], ['zk5', 'zk6']],
    [FRESH, []],
  ])('planned anew with %j joined as observers, they are still to vote', (joined, missing) => {
    const before = ['zk1 follower 3.8.4', 'zk2 leader 3.8.4', 'zk3 follower 3.8.4'];
    const come = joined.map((name) => `${name} observer 3.8.4`);
    const facts = { ...parseEnsemble([...before, ...come].join(', ')), reconfigEnabled: true };
    const servers = facts.servers.map((one) =>
      joined.includes(one.server) ? { ...one, inventoryRole: 'participant' as const } : one,
    );
    const plan = planStretch({ ...facts, servers }, inputOf(), {
      ...extraOf(missing),
      migration: extraOf().migration,
      underway: true,
    });
    expect(errorsOf(plan)).toEqual([]);
    expect(plan.members?.after.voters).toEqual(FRESH);
    const changes = changesIn(plan);
    expect(changes.filter((id) => id.startsWith('add/'))).toEqual(missing.map((id) => `add/${id}`));
    expect(changes.filter((id) => id.startsWith('promote/'))).toHaveLength(3);
  });

  test.each([
    ['3.4.14', 'TargetOlder'],
    ['3.8.1', 'TargetOlder'],
  ])('version %s is refused: %s', (version, code) => {
    expect(errorsOf(planStretch(stretchable(), inputOf({ version }), extraOf()))).toContain(code);
  });

  test('to a release that an upgrade reaches only in two hops nothing is stretched', () => {
    const facts = { ...threeServers('3.5.10'), reconfigEnabled: true };
    const plan = planStretch(facts, inputOf({ version: '3.9.6' }), extraOf());
    expect(errorsOf(plan)).toContain('VersionsFarApart');
  });

  test('observers first, clients next, then voters one in, one out, the leader last', () => {
    const facts = stretchable();
    const plan = planStretch(facts, inputOf(), extraOf());
    expect(errorsOf(plan)).toEqual([]);
    const changes = changesIn(plan);
    expect(changes.slice(0, 3)).toEqual(['add/zk4', 'add/zk5', 'add/zk6']);
    expect(changes.slice(3).map((id) => id.split('/')[0])).toEqual([
      'promote',
      'remove',
      'promote',
      'remove',
      'promote',
      'remove',
    ]);
    expect(changes.at(-1)).toBe(`remove/${facts.leader}`);
    const ids = idsOf(plan);
    expect(ids.indexOf('redirect/1')).toBeGreaterThan(ids.indexOf('add/zk6/soak'));
    expect(ids.indexOf('redirect/3')).toBeLessThan(ids.indexOf('promote/zk4/changeMembers'));
    expect(ids.slice(-2)).toEqual(['watchNewSide', 'retireServers']);
  });

  test('there are never fewer voters than there were, nor an even number that is watched or paused at', () => {
    const { steps } = planStretch(stretchable(), inputOf(), extraOf());
    const swap = steps.slice(steps.findIndex(({ gate }) => gate === 'cutover'));
    for (const { membership, activity, promptly } of swap) {
      if (membership === undefined) continue;
      expect(membership.before.voters.length).toBeGreaterThanOrEqual(3);
      const isEven = membership.before.voters.length % 2 === 0;
      if (isEven) expect(promptly).toBe(true);
      if (membership.after.voters.length % 2 === 0) expect(activity).not.toBe('soak');
    }
  });

  test('gates: cutover at the first swap, complete before the old servers are retired', () => {
    const plan = planStretch(stretchable(), inputOf(), extraOf());
    expect(gatesOf(plan.steps)).toEqual([
      ['cutover', 'promote/zk4/changeMembers'],
      ['complete', 'retireServers'],
    ]);
    const asking = planStretch(stretchable(), inputOf({ gates: { nextBatch: {} } }), extraOf());
    expect(gatesOf(asking.steps).slice(0, 2)).toEqual([
      ['nextBatch', 'redirect/2'],
      ['nextBatch', 'redirect/3'],
    ]);
  });

  test('only the new servers get another version', () => {
    const { steps } = planStretch(stretchable(), inputOf({ version: '3.9.6' }), extraOf());
    for (const { server, toVersion } of steps)
      if (server !== undefined) expect([server, toVersion]).toEqual([server, versionOf(server)]);
    expect(steps[0]?.title).toBe('provision zk4 with 3.9.6');
  });

  test('five for three: the rest joins at the end, and is watched', () => {
    const names = [...FRESH, 'zk7', 'zk8'];
    const plan = planStretch(stretchable(), inputOf(), extraOf(names));
    expect(errorsOf(plan)).toEqual([]);
    expect(plan.members?.after.voters).toEqual(names);
    expect(changesIn(plan).slice(-2)).toEqual(['promote/zk7', 'promote/zk8']);
  });

  test('of servers that are all down nothing is known: refused, not a crash', () => {
    const servers = threeServers('3.8.4').servers.map(
      ({ server, id, inventoryRole, address }): ServerFacts => ({
        ...{ server, id, inventoryRole, address, state: 'refusing' },
      }),
    );
    const facts = { ...threeServers('3.8.4'), servers };
    delete facts.leader;
    const plan = planStretch(facts, inputOf(), extraOf());
    expect(errorsOf(plan)).not.toEqual([]);
  });

  test('without reconfiguration it is refused, with what to do', () => {
    const plan = planStretch(threeServers('3.4.14'), inputOf(), extraOf());
    expect(plan.findings.find(({ code }) => code === 'ReconfigNeeded')?.severity).toBe('error');
  });

  test('the way back leads clients back once an old server can take them, before any new one leaves', () => {
    const facts = {
      ...parseEnsemble('zk4 leader 3.8.4, zk5 follower 3.8.4, zk6 follower 3.8.4'),
      reconfigEnabled: true,
    };
    const extra = { ...extraOf(), candidates: ['zk1', 'zk2', 'zk3'].map((name) => spare(name)) };
    const former = { voters: ['zk1', 'zk2', 'zk3'], observers: [] };
    const plan = planStretchBack(facts, former, inputOf(), extra, ['a', 'b']);
    const ids = idsOf(plan);
    const returns = ids.indexOf('rollback/returnClients');
    expect(plan.steps[returns]?.clients).toEqual(['a', 'b']);
    expect(returns).toBeGreaterThan(ids.indexOf('rollback/add/zk1/changeMembers'));
    expect(ids.findIndex((id) => id.startsWith('rollback/remove/'))).toBeGreaterThan(returns);
    expect(plan.steps.some(({ gate }) => gate !== undefined)).toBe(false);
  });

  test('on the way back the old servers run what they ran, whatever the new ones do', () => {
    const facts = {
      ...parseEnsemble('zk4 leader 3.9.6, zk5 follower 3.9.6, zk6 follower 3.9.6'),
      reconfigEnabled: true,
    };
    const extra = {
      ...extraOf(),
      candidates: ['zk1', 'zk2', 'zk3'].map((name) => spare(name)),
      formerVersions: { zk1: '3.8.4', zk2: '3.8.4', zk3: '3.8.4' },
    };
    const former = { voters: ['zk1', 'zk2', 'zk3'], observers: [] };
    const { steps } = planStretchBack(facts, former, inputOf({ version: '3.9.6' }), extra, []);
    for (const { server, toVersion } of steps)
      if (server !== undefined) expect([server, toVersion]).toEqual([server, versionOf(server)]);
  });
});

describe('findings of the way back of a stretch are only what is to be mended', () => {
  const former = { voters: ['zk1', 'zk2', 'zk3'], observers: [] };
  const codesOf = (servers: string, others: string[], stopped: string[] = []) => {
    const facts = { ...parseEnsemble(servers), reconfigEnabled: true };
    const extra = {
      ...{ ...extraOf(), margin: 1, stopped },
      candidates: others.map((name) => spare(name)),
      formerVersions: { zk1: '3.8.4', zk2: '3.8.4', zk3: '3.8.4' },
    };
    const input = inputOf({ version: '3.9.6' });
    return planStretchBack(facts, former, input, extra, []).findings.map(
      ({ code, server }) => `${code} ${server ?? ''}`,
    );
  };

  test('two releases beside each other are what was asked for', () => {
    const half = 'zk1 leader 3.8.4, zk2 follower 3.8.4, zk3 follower 3.8.4, zk4 observer 3.9.6';
    expect(codesOf(half, ['zk5', 'zk6'])).toEqual([]);
  });

  const oneDown = 'zk1 leader 3.8.4, zk2 follower 3.8.4, zk3 down 3.8.4, zk4 follower 3.9.6';
  test('one that the run has stopped, and starts first, is no member that is down', () => {
    expect(codesOf(oneDown, ['zk5', 'zk6'], ['zk3'])).toEqual([]);
  });

  test('one that is down by itself is', () => {
    expect(codesOf(oneDown, ['zk5', 'zk6'])).toContain('MemberDown zk3');
  });

  test('nor is there anything to be mended where all is as it was already', () => {
    const whole = 'zk1 leader 3.8.4, zk2 follower 3.8.4, zk3 follower 3.8.4';
    expect(codesOf(whole, FRESH)).toEqual([]);
  });
});

test('a plan by which no version changes tells of no path', () => {
  const path = /^ {2}path|Servers to/m;
  expect(renderPlanText(planStretch(stretchable(), inputOf(), extraOf()))).not.toMatch(path);
});

describe('physical', () => {
  const facts = () => ({
    source: threeServers('3.4.14'),
    target: threeServers('3.9.6'),
    migration: { ...extraOf().migration, mode: 'physical' as const, repository: 'backups' },
    clients: CLIENTS,
    findings: [],
  });
  const input = inputOf({ mode: 'physical' });

  test('nothing of the target is started before every source server is stopped and its logs are read', () => {
    expect(idsOf(planPhysical(facts(), input))).toEqual([
      'stopEnsemble/target',
      'awaitCapture/source',
      'sendAhead/target',
      'fenceServers/source',
      'stopEnsemble/source',
      'reconcileTail/source',
      'prepareRestore/target',
      'placeEverywhere/target',
      'startEnsemble/target',
      'verifyRestored/target',
      'redirect/1',
      'redirect/2',
      'redirect/3',
      'watchNewSide',
      'retireServers',
    ]);
  });

  test('back before the target has opened: nothing is lost, so the source starts as it is', () => {
    const begun = ['awaitCapture/source', 'fenceServers/source', 'stopEnsemble/source'];
    expect(
      idsOf(planPhysicalBack(facts(), input, { begun, opened: false, redirected: [] })),
    ).toEqual([
      'rollback/startEnsemble/source',
      'rollback/liftFence/source',
      'rollback/verifyBroughtBack/source',
    ]);
  });

  test('back with a base sent ahead: it is taken away last, whether or not the source was closed', () => {
    const backOf = (begun: string[]) =>
      idsOf(planPhysicalBack(facts(), input, { begun, opened: false, redirected: [] }));
    const sent = ['awaitCapture/source', 'sendAhead/target'];
    expect(backOf(sent)).toEqual(['rollback/setAsideEverywhere/target']);
    expect(backOf([...sent, 'fenceServers/source'])).toEqual([
      'rollback/startEnsemble/source',
      'rollback/liftFence/source',
      'rollback/verifyBroughtBack/source',
      'rollback/setAsideEverywhere/target',
    ]);
  });

  test('back with data in place that never served: the source does not wait for the target to set them aside', () => {
    const begun = idsOf(planPhysical(facts(), input)).slice(0, 9);
    const ids = idsOf(planPhysicalBack(facts(), input, { begun, opened: false, redirected: [] }));
    expect(ids).toEqual(
      [
        'stopEnsemble/target',
        'startEnsemble/source',
        'liftFence/source',
        'verifyBroughtBack/source',
        'setAsideEverywhere/target',
      ].map((id) => `rollback/${id}`),
    );
  });

  test('back after it has opened: the same thing in the other direction, clients last', () => {
    const begun = idsOf(planPhysical(facts(), input)).slice(0, 11);
    const ids = idsOf(
      planPhysicalBack(facts(), input, { begun, opened: true, redirected: ['a', 'b'] }),
    );
    const order = [
      'awaitCapture/target',
      'fenceServers/target',
      'stopEnsemble/target',
      'reconcileTail/target',
      'prepareRestore/source',
      'setAsideEverywhere/source',
      'placeEverywhere/source',
      'startEnsemble/source',
      'liftFence/source',
      'verifyRestored/source',
      'returnClients',
    ];
    expect(ids.slice(0, order.length)).toEqual(order.map((id) => `rollback/${id}`));
  });
});

describe('logical', () => {
  const facts = () => ({
    source: threeServers('3.4.14'),
    target: threeServers('3.9.6'),
    migration: { ...extraOf().migration, mode: 'logical' as const },
    clients: CLIENTS,
    findings: [],
  });
  const input = inputOf({ mode: 'logical' });

  test('the new side opens once both are equal and no session of the old one is believed in', () => {
    const plan = planLogical(facts(), input);
    const ids = idsOf(plan);
    expect(ids.slice(0, 7)).toEqual([
      'copyTrees/source',
      'compareTrees/live',
      'fenceServers/source',
      'drainTrees/source',
      'compareTrees/drained',
      'awaitSessionExpiry/source',
      'openNewSide/target',
    ]);
    expect(gatesOf(plan.steps)).toEqual([
      ['cutover', 'fenceServers/source'],
      ['complete', 'endCopy/target'],
    ]);
    // From a step of that phase on there is no way back.
    const retiring = plan.steps.filter(({ phase }) => phase === 'retire').map(({ id }) => id);
    expect(retiring).toEqual(['endCopy/target', 'retireServers']);
    expect(plan.rollbackLimit).toBeUndefined();
  });

  test('before anybody says that it is over, the closed side is compared with the one that serves', () => {
    const ids = idsOf(planLogical(facts(), input));
    expect(ids.slice(-4)).toEqual([
      'compareTrees/followed',
      'watchNewSide',
      'endCopy/target',
      'retireServers',
    ]);
  });

  test('back before it has opened: the source opens as it is', () => {
    const begun = ['copyTrees/source', 'fenceServers/source', 'drainTrees/source'];
    const done = { begun, opened: false, redirected: [] };
    expect(idsOf(planLogicalBack(facts(), input, done))).toEqual([
      'rollback/liftFence/source',
      'rollback/verifyBroughtBack/source',
      'rollback/endCopy/source',
    ]);
  });

  test('back after it has opened: the target is closed before the source opens, and opens last', () => {
    const begun = idsOf(planLogical(facts(), input)).slice(0, 8);
    const done = { begun, opened: true, redirected: ['a', 'b'] };
    expect(idsOf(planLogicalBack(facts(), input, done))).toEqual(
      [
        'copyTrees/target',
        'fenceServers/target',
        'drainTrees/target',
        'compareTrees/drained',
        'awaitSessionExpiry/target',
        'liftFence/source',
        'returnClients',
        'verifyBroughtBack/source',
        'liftFence/target',
      ].map((id) => `rollback/${id}`),
    );
  });

  test('without a fence there is no way back once it has opened, and both gate and plan say so', () => {
    const trees = [{ from: '/app' }];
    const plan = planLogical(facts(), inputOf({ mode: 'logical', trees, fence: 'none' }));
    expect(gatesOf(plan.steps)).toEqual([
      ['unfenced', 'drainTrees/source'],
      ['complete', 'retireServers'],
    ]);
    expect(plan.rollbackLimit).toContain('ends where dc2 opens');
  });
});

describe('input that is refused', () => {
  const trees = (...pairs: [string, string?][]) => ({
    mode: 'logical' as const,
    trees: pairs.map(([from, to]) => (to === undefined ? { from } : { from, to })),
  });

  test.each<[string, Partial<MigrateDataCenterRequest>, RegExp]>([
    ['the same ensemble twice', { target: 'orders' }, /target.*is the source itself/s],
    ['subtrees in each other', trees(['/a'], ['/a/b']), /trees.*\/a and \/a\/b \(from\) overlap/s],
    ['two that go to one place', trees(['/a', '/x'], ['/b', '/x/y']), /\(to\) overlap/],
    ['all and a part of it', trees(['/'], ['/b', '/c']), /\/ and \/b \(from\) overlap/],
    [
      'fence stop where servers are needed',
      { mode: 'logical', fence: 'stop' },
      /expected firewall/,
    ],
    ['no fence for the whole tree', { mode: 'logical', fence: 'none' }, /only for chosen subtrees/],
    ['a path that is none', trees(['a']), /expected an absolute znode path/],
    ['what servers keep for themselves', trees(['/zookeeper/quota']), /is never copied/],
    [
      'another ensemble than the source',
      { ensemble: 'bills' },
      /ensemble.*is another than source/s,
    ],
    [
      'no fence for what is moved as a whole',
      { mode: 'physical', fence: 'none' },
      /firewall or stop/,
    ],
  ])('%s', (_name, request, message) => {
    expect(() => inputOf(request)).toThrow(message);
  });

  test('names that only begin alike do not overlap', () => {
    expect(inputOf(trees(['/app'], ['/app2'])).trees).toHaveLength(2);
  });
});

test('batches: a number, or a share of all, rounded up', () => {
  expect(batchesOf(CLIENTS, 2)).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  expect(batchesOf(CLIENTS, '25%')).toEqual([['a', 'b'], ['c', 'd'], ['e']]);
  expect(batchesOf(CLIENTS, '100%')).toEqual([CLIENTS]);
  expect(batchesOf([], '25%')).toEqual([]);
});

const versionOf = (server: string): string => (FRESH.includes(server) ? '3.9.6' : '3.8.4');

const gatesOf = (steps: readonly PlanStep[]): [string, string][] =>
  steps.flatMap(({ gate, id }) => (gate === undefined ? [] : [[gate, id]]));
