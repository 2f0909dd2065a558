/** What the tree says for and against a plan. */
import type { EnsembleFacts, TreeFacts } from '../../../src/model/facts';
import { preflightFindings } from '../../../src/planning/preflight';
import { planRollback } from '../../../src/planning/rollbackPlan';
import { planRollingUpgrade } from '../../../src/planning/upgradePlan';
import { codesOf, errorsOf, parseEnsemble, threeServers, upgradeTo, withServer } from './ensembles';

const EMPTY: TreeFacts = {
  source: 'orders, read through the quorum port of 10.0.0.2',
  zxid: '0x100000010',
  nodes: 5,
  dataBytes: 0,
  largestNode: { path: '/', bytes: 0 },
  containers: 0,
  ttls: 0,
  ephemerals: 0,
  sessions: { count: 0 },
  countersNearLimit: { count: 0, listed: [] },
};
const holding = (facts: EnsembleFacts, tree: Partial<TreeFacts>): EnsembleFacts => ({
  ...facts,
  tree: { ...EMPTY, ...tree },
});
const ask = (facts: EnsembleFacts) =>
  preflightFindings(facts, {
    target: '3.9.6',
    hops: [{ from: '3.8.4', to: '3.9.6', cautions: [] }],
    margin: 0,
  }).filter(({ code }) => code !== 'AdminServerOpen');
const facts = threeServers('3.8.4');
const FLAG = '-Dzookeeper.extendedTypesEnabled=true';
const withFlag = parseEnsemble(
  `zk1 follower 3.8.4 flag:${FLAG}, zk2 leader 3.8.4 flag:${FLAG}, zk3 follower 3.8.4 flag:${FLAG}`,
);

test('a plain tree has nothing against it, nor has one that nobody asked for', () => {
  expect(ask(holding(facts, {}))).toEqual([]);
  expect(ask(facts)).toEqual([]);
});

test('a tree that could not be read is said to be unknown, never taken for empty', () => {
  const [finding] = ask({ ...facts, tree: { unknown: 'nothing listens there' } });
  expect(finding).toMatchObject({ severity: 'info', code: 'TreeUnknown' });
  expect(finding!.message).toMatch(/not known: nothing listens there/);
});

describe('nodes with a time to live', () => {
  test('refuse every plan while a server runs without extendedTypesEnabled', () => {
    const plan = planRollingUpgrade(holding(facts, { ttls: 2 }), upgradeTo('3.9.6'));
    expect(errorsOf(plan)).toEqual(['ExtendedTypesMissing']);
    const two = withServer(withFlag, 'zk3', (server) => ({
      ...server,
      host: { ...server.host!, jvmFlags: [] },
    }));
    expect(ask(holding(two, { ttls: 2 }))).toContainEqual(
      expect.objectContaining({
        severity: 'error',
        code: 'ExtendedTypesMissing',
        message: expect.stringMatching(/2 nodes .* but zk3 runs without/),
      }),
    );
  });

  test('are fine where all have it', () => {
    expect(errorsOf({ findings: ask(holding(withFlag, { ttls: 2 })) })).toEqual([]);
  });

  test('are warned of where the flags of a server cannot be seen', () => {
    const blind = withServer(withFlag, 'zk1', ({ host: _host, ...server }) => server);
    expect(ask(holding(blind, { ttls: 2 }))).toContainEqual(
      expect.objectContaining({
        severity: 'warning',
        code: 'ExtendedTypesMissing',
        message: expect.stringMatching(/whether zk1 runs with/),
      }),
    );
  });
});

test('containers need no flag', () => expect(ask(holding(facts, { containers: 7 }))).toEqual([]));

test('counters near their end are named with their next number', () => {
  const counters = { count: 12, listed: [{ path: '/queue', next: 2_147_483_000 }] };
  const [finding] = ask(holding(facts, { countersNearLimit: counters }));
  expect(finding).toMatchObject({ severity: 'warning', code: 'CountersNearLimit' });
  expect(finding!.message).toMatch(/of 12 nodes .*\/queue \(next 2147483000\), …/);
});

test('sessions of the tree count where no server names them', () => {
  const quiet = { ...facts, sessions: undefined };
  const sessions = { count: 1, shortestMs: 2_000, medianMs: 2_000, longestMs: 2_000 };
  expect(codesOf(ask(holding(quiet, { sessions })))).toEqual(['SessionsTooShort']);
});

describe('the way back below 3.5', () => {
  const mixed = parseEnsemble('zk1 follower 3.5.10, zk2 leader 3.4.14, zk3 follower 3.4.14');
  const found = holding(mixed, { containers: 1, ttls: 2 });
  const input = upgradeTo('3.5.10');

  test('is not there from the start once the tree holds what 3.4 cannot', () => {
    const plan = planRollingUpgrade(found, input);
    expect(codesOf(plan.findings)).toContain('NoWayBackBelow35');
    expect(plan.rollbackLimit).toMatch(/containers \(1\).*live \(2\).*not possible from the start/);
    const plain = planRollingUpgrade(holding(mixed, {}), input);
    expect(codesOf(plain.findings)).not.toContain('NoWayBackBelow35');
    expect(plain.rollbackLimit).toMatch(/going back ends where zk2 stops/);
  });

  test('is refused for it, though no 3.5 server was seen to lead', () => {
    const touched = [{ server: 'zk3', from: '3.4.14', to: '3.5.10', upgraded: true }];
    const now = parseEnsemble('zk1 follower 3.5.10, zk2 leader 3.4.14, zk3 follower 3.5.10');
    const back = (tree: Partial<TreeFacts>) =>
      planRollback(planRollingUpgrade(mixed, input), holding(now, tree), touched, {
        led35OrNewer: false,
        waits: input,
      });
    expect(back({}).possible).toBe(true);
    expect(back({ containers: 1 })).toMatchObject({
      possible: false,
      reason: expect.stringMatching(/containers \(1\).*3\.4\.14 dies/),
    });
  });

  test('is no matter where nothing leaves 3.4', () => {
    const plan = planRollingUpgrade(
      holding(withFlag, { containers: 1, ttls: 1 }),
      upgradeTo('3.9.6'),
    );
    expect(codesOf(plan.findings)).not.toContain('NoWayBackBelow35');
    expect(plan.rollbackLimit).toBeUndefined();
  });
});

describe('compressed snapshots', () => {
  const compressed = (text: string) =>
    withServer(parseEnsemble(text), 'zk1', (server) => ({
      ...server,
      host: { ...server.host!, data: { ...server.host!.data!, hasGzSnapshots: true } },
    }));
  const found = (text: string, target: string) =>
    planRollingUpgrade(compressed(text), upgradeTo(target)).findings.filter(
      ({ code }) => code === 'CompressedSnapshots',
    );

  test('refuse a way through a release below 3.6, which would pass them over', () => {
    const old = 'zk1 follower 3.5.8, zk2 leader 3.5.8, zk3 follower 3.5.8';
    expect(found(old, '3.5.10')).toMatchObject([{ severity: 'error', server: 'zk1' }]);
    expect(found(old, '3.9.6')).toMatchObject([{ severity: 'warning', server: 'zk1' }]);
    const older = 'zk1 follower 3.4.14, zk2 leader 3.4.14, zk3 follower 3.4.14';
    expect(found(older, '3.9.6')).toMatchObject([{ severity: 'error', server: 'zk1' }]);
  });

  test('are no matter from 3.6 on', () =>
    expect(found('zk1 follower 3.8.4, zk2 leader 3.8.4, zk3 follower 3.8.4', '3.9.6')).toEqual([]));
});
