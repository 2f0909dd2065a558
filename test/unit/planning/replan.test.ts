import type { EnsembleFacts } from '../../../src/model/facts';
import type { Plan } from '../../../src/model/plan';
import { replanRemaining } from '../../../src/planning/replan';
import { planRollingUpgrade } from '../../../src/planning/upgradePlan';
import { parseEnsemble, stopsOf, threeServers, upgradeTo, withServer } from './ensembles';

const input = upgradeTo('3.9.6');
const facts = threeServers('3.8.4');
const plan = planRollingUpgrade(facts, input);
const upTo = (of: Plan, id: string): string[] => {
  const ids = of.steps.map((step) => step.id);
  return ids.slice(0, ids.indexOf(id) + 1);
};
const again = (of: Plan, seen: EnsembleFacts, done: string[]) =>
  replanRemaining(of, seen, done, { input });
const gateServer = ({ steps }: Plan) =>
  steps.filter(({ gate }) => gate === 'beforeLeader').map(({ server }) => server);

test('the leader moved: the others go first, the order is said, the meaning is the same', () => {
  const done = upTo(plan, '3.9.6/zk1/soak');
  const moved = parseEnsemble('zk1 follower 3.9.6, zk2 follower 3.8.4, zk3 leader 3.8.4');
  const next = again(plan, moved, done);
  expect(next).toMatchObject({ changed: true, meaningChanged: false });
  expect(next.reason).toBe(
    'the order of the turns ahead is now zk2 to 3.9.6, zk3 to 3.9.6 (leader)',
  );
  expect(stopsOf(next.plan.steps)).toEqual([
    'zk1 3.8.4→3.9.6',
    'zk2 3.8.4→3.9.6',
    'zk3 3.8.4→3.9.6',
  ]);
  expect(gateServer(next.plan)).toEqual(['zk3']);
});

test('an upgraded server leads: the leader is not restarted again, and nobody is asked for it', () => {
  const done = upTo(plan, '3.9.6/zk1/soak');
  const moved = parseEnsemble('zk1 leader 3.9.6, zk2 follower 3.8.4, zk3 follower 3.8.4');
  const next = again(plan, moved, done);
  expect(next).toMatchObject({ changed: true, meaningChanged: false });
  expect(gateServer(next.plan)).toEqual([]);
  expect(next.plan.expectation.leaderRestarts).toBe(0);
});

test('a server within its turn finishes it before any other is touched', () => {
  const done = upTo(plan, '3.9.6/zk3/upgradePackage');
  const seen = parseEnsemble('zk1 leader 3.9.6, zk2 follower 3.8.4, zk3 down 3.9.6');
  const { steps } = again(plan, seen, done).plan;
  expect(steps.slice(0, done.length).map(({ id }) => id)).toEqual(done);
  expect(steps[done.length]?.id).toBe('3.9.6/zk3/migrateConfiguration');
  expect(stopsOf(steps).at(-1)).toBe('zk2 3.8.4→3.9.6');
});

test('findings and start stay as they were approved, once a server was touched', () => {
  const done = upTo(plan, '3.9.6/zk1/soak');
  const seen = parseEnsemble('zk1 follower 3.9.6, zk2 leader 3.8.4, zk3 down 3.8.4');
  const next = again(plan, seen, done).plan;
  expect(next.findings).toEqual(plan.findings);
  expect(next.fromVersions).toEqual(plan.fromVersions);
});

test('before the first turn the whole plan is made anew, with what is found now', () => {
  const seen = withServer(facts, 'zk1', (server) => ({
    ...server,
    host: { ...server.host!, java: { version: '1.7.0', major: 7, path: '/j' } },
  }));
  const next = again(plan, seen, []);
  expect(next.plan.findings.map(({ code }) => code)).toContain('JavaTooOld');
  expect(next).toMatchObject({ changed: false, meaningChanged: false });
});

test('the data is not copied a second time because another server has more room now', () => {
  const done = upTo(plan, 'backup/zk1/backupData');
  const seen = withServer(facts, 'zk1', (server) => ({
    ...server,
    host: { ...server.host!, data: { ...server.host!.data!, freeBytes: 1 } },
  }));
  const { steps } = again(plan, seen, done).plan;
  expect(
    steps.filter(({ activity }) => activity === 'backupData').map(({ server }) => server),
  ).toEqual(['zk1']);
});

describe('where the data are copied from', () => {
  const without = (...servers: string[]) =>
    servers.reduce(
      (seen, name) =>
        withServer(seen, name, (server) => ({
          ...server,
          host: { ...server.host!, data: { ...server.host!.data!, freeBytes: 1 } },
        })),
      facts,
    );
  const copied = ({ steps }: Plan) =>
    steps.find(({ activity }) => activity === 'backupData')?.server;
  const onThird = planRollingUpgrade(without('zk1'), input);

  test('stays what it was while it can be, though another would be chosen now', () => {
    expect([copied(plan), copied(onThird)]).toEqual(['zk1', 'zk3']);
    const next = again(onThird, facts, []);
    expect(next).toMatchObject({ changed: false, meaningChanged: false });
    expect(next.plan.hash).toBe(onThird.hash);
  });

  test.each([
    ['before anything is done', []],
    ['once packages are staged', upTo(plan, 'stage/zk3/stagePackage')],
  ])('is asked about again where it must be another, %s', (_when, done) => {
    const next = again(plan, without('zk1'), done);
    expect(next).toMatchObject({
      changed: true,
      meaningChanged: true,
      reason: 'the data are copied from zk3 instead of zk1',
    });
    expect(copied(next.plan)).toBe('zk3');
  });
});

describe('the meaning changes', () => {
  const done = upTo(plan, '3.9.6/zk1/soak');

  test('with the members', () => {
    const grown = parseEnsemble(
      'zk1 follower 3.9.6, zk2 leader 3.8.4, zk3 follower 3.8.4, zk4 observer 3.8.4',
    );
    const next = again(plan, grown, done);
    expect(next.meaningChanged).toBe(true);
    expect(next.reason).toMatch(/members.*zk4 to 3\.9\.6/);
    expect(stopsOf(next.plan.steps)).toContain('zk4 3.8.4→3.9.6');
    expect(next.plan.steps.map(({ id }) => id)).toContain('stage/zk4/stagePackage');
  });

  test('when somebody else upgraded a server', () => {
    const seen = parseEnsemble('zk1 follower 3.9.6, zk2 leader 3.8.4, zk3 follower 3.9.6');
    expect(again(plan, seen, done)).toMatchObject({
      meaningChanged: true,
      reason: 'no longer needed: zk3 to 3.9.6',
    });
  });

  test('with the settings to be changed', () => {
    const seen = parseEnsemble(
      'zk1 follower 3.9.6, zk2 leader 3.8.4 set:sslQuorum=true, zk3 follower 3.8.4',
    );
    expect(again(plan, seen, done)).toMatchObject({
      meaningChanged: true,
      reason: 'other settings change on zk2 to 3.9.6',
    });
  });

  test('not by a look that did not reach the files', () => {
    const old = threeServers('3.4.14');
    const first = planRollingUpgrade(old, upgradeTo('3.5.10'));
    const blind = {
      ...old,
      servers: old.servers.map((server) => ({
        ...server,
        members: server.host!.members,
        host: undefined,
      })),
    };
    const seen = withServer(blind, 'zk1', (server) => ({ ...server, version: '3.5.10' }));
    const next = replanRemaining(first, seen, upTo(first, '3.5.10/zk1/soak'), {
      input: upgradeTo('3.5.10'),
    });
    expect(next).toMatchObject({ changed: false, meaningChanged: false });
  });

  test('when a 3.5+ server leads before its time: the point of no return is behind', () => {
    const target = upgradeTo('3.5.10');
    const old = planRollingUpgrade(threeServers('3.4.14'), target);
    const seen = parseEnsemble('zk1 leader 3.5.10, zk2 follower 3.4.14, zk3 follower 3.4.14');
    const next = replanRemaining(old, seen, upTo(old, '3.5.10/zk1/soak'), { input: target });
    expect(next.meaningChanged).toBe(true);
    expect(next.reason).toMatch(/point of no return/);
    expect(next.plan.rollbackLimit).toMatch(/leads already/);
    expect(next.plan.steps.some(({ pointOfNoReturn }) => pointOfNoReturn)).toBe(false);
  });
});

test('all turns ended: gate finalize is still ahead', () => {
  const done = upTo(plan, '3.9.6/zk2/soak');
  const next = again(plan, threeServers('3.9.6'), done);
  expect(next.changed).toBe(false);
  expect(next.plan.steps.at(-1)?.gate).toBe('finalize');
});
