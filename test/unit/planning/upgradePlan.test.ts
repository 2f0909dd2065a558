import type { EnsembleFacts } from '../../../src/model/facts';
import type { Plan } from '../../../src/model/plan';
import { canonicalJson } from '../../../src/model/canonicalJson';
import { planHash } from '../../../src/planning/planHash';
import { planRollingUpgrade } from '../../../src/planning/upgradePlan';
import {
  codesOf,
  errorsOf,
  parseEnsemble,
  stopsOf,
  threeServers,
  upgradeTo,
  withServer,
} from './ensembles';

const plan = planRollingUpgrade(threeServers('3.8.4'), upgradeTo('3.9.6'));
const gatesOf = ({ steps }: Plan) =>
  steps.flatMap(({ id, gate }) => (gate ? [`${gate} ${id}`] : []));

describe('the plan of one hop', () => {
  test('stages and backs up before the first stop, and ends by comparing members', () => {
    expect(plan.steps.map(({ id }) => id).slice(0, 13)).toEqual([
      'stage/zk1/stagePackage',
      'stage/zk2/stagePackage',
      'stage/zk3/stagePackage',
      'backup/zk1/backupConfiguration',
      'backup/zk2/backupConfiguration',
      'backup/zk3/backupConfiguration',
      'backup/zk1/backupData',
      '3.9.6/zk1/stopServer',
      '3.9.6/zk1/upgradePackage',
      '3.9.6/zk1/migrateConfiguration',
      '3.9.6/zk1/startServer',
      '3.9.6/zk1/verifyQuorum',
      '3.9.6/zk1/soak',
    ]);
    expect(stopsOf(plan.steps)).toEqual(['zk1 3.8.4→3.9.6', 'zk3 3.8.4→3.9.6', 'zk2 3.8.4→3.9.6']);
    expect(plan.steps.at(-1)?.id).toBe('finalize/verifyMembersAgree');
  });

  test('stages the present version too, for the way back', () =>
    expect(plan.steps[0]?.versions).toEqual(['3.8.4', '3.9.6']));

  test('asks before the leader and before it becomes final', () =>
    expect(gatesOf(plan)).toEqual([
      'beforeLeader 3.9.6/zk2/stopServer',
      'finalize finalize/verifyMembersAgree',
    ]));

  test('guards each stop, and each change of a stopped server', () => {
    for (const { activity, guard, server } of plan.steps) {
      if (activity === 'stopServer') expect(guard).toEqual({ kind: 'serverMayStop', server });
      if (activity === 'upgradePackage' || activity === 'migrateConfiguration')
        expect(guard).toEqual({ kind: 'serverIsStopped', server });
    }
  });

  test('says of each step why, how it is undone and what it waits for, in unique ids', () => {
    for (const { why, undo, waitsFor, title, timeoutMs } of plan.steps) {
      expect([why, undo, waitsFor, title].every((text) => text.length > 3)).toBe(true);
      expect(timeoutMs).toBeGreaterThan(0);
    }
    expect(new Set(plan.steps.map(({ id }) => id)).size).toBe(plan.steps.length);
  });

  test('expects one leader restart', () =>
    expect(plan.expectation).toMatchObject({
      serverRestarts: 3,
      leaderRestarts: 1,
      longestWriteGapMs: 1400,
    }));
});

test('the data is copied from a follower with room, the leader only where nothing else has any', () => {
  const backupOf = (facts: ReturnType<typeof threeServers>) =>
    planRollingUpgrade(facts, upgradeTo('3.9.6')).steps.find(
      ({ activity }) => activity === 'backupData',
    )?.server;
  const full = (name: string) => (facts: ReturnType<typeof threeServers>) =>
    withServer(facts, name, (server) => ({
      ...server,
      host: { ...server.host!, data: { ...server.host!.data!, freeBytes: 1 } },
    }));
  const facts = threeServers('3.8.4');
  expect(backupOf(facts)).toBe('zk1');
  expect(backupOf(full('zk1')(facts))).toBe('zk3');
  expect(backupOf(full('zk1')(full('zk3')(facts)))).toBe('zk2');
});

test('what changes by itself changes no plan: room, zxids, latency, connections', () => {
  const facts = threeServers('3.8.4');
  const later = {
    ...facts,
    servers: facts.servers.map((server) => ({
      ...server,
      zxid: `0x20000${server.id}`,
      host: {
        ...server.host!,
        data: { ...server.host!.data!, freeBytes: 40_000_000_000 + server.id, logCount: 7 },
      },
    })),
  };
  const [one, other] = [facts, later].map((seen) => planRollingUpgrade(seen, upgradeTo('3.9.6')));
  expect(other!.hash).toBe(one!.hash);
});

describe('where the ensemble has a repository', () => {
  const facts = threeServers('3.8.4');
  const into = (repository: { name: string; error?: { type: string; message: string } }) =>
    planRollingUpgrade(facts, upgradeTo('3.9.6'), { repository });
  const backups = ({ steps }: Plan) => steps.filter(({ activity }) => activity === 'backupData');

  test('the data go there, once, and on no server', () => {
    const [step, ...more] = backups(into({ name: 'main' }));
    expect(more).toEqual([]);
    expect(step).toMatchObject({ id: 'backup/backupData', repository: 'main' });
    expect(step?.server).toBeUndefined();
    expect(step?.title).toContain('repository main');
  });

  test('no server needs room for a copy', () => {
    const full = facts.servers.reduce(
      (all, { server }) =>
        withServer(all, server, (one) => ({
          ...one,
          host: { ...one.host!, data: { ...one.host!.data!, freeBytes: 1 } },
        })),
      facts,
    );
    const codes = (extra: object) =>
      codesOf(planRollingUpgrade(full, upgradeTo('3.9.6'), extra).findings);
    expect(codes({})).toContain('NoDiskSpaceForBackup');
    expect(codes({ repository: { name: 'main' } })).not.toContain('NoDiskSpaceForBackup');
  });

  test('a standalone server, which has no quorum port, is copied all the same', () => {
    const alone = withServer(facts, 'zk2', (server) => ({ ...server, role: 'standalone' }));
    const extra = { repository: { name: 'main' } };
    const [step] = backups(planRollingUpgrade(alone, upgradeTo('3.9.6'), extra));
    expect(step).toMatchObject({ id: expect.stringMatching(/^backup\/zk\d\/backupData$/) });
    expect(step?.repository).toBeUndefined();
  });

  test('one that cannot be used stops the run, and says why', () => {
    const error = { type: 'RepositoryMissing', message: 'nothing is at /backups' };
    const { findings } = into({ name: 'main', error });
    expect(findings).toContainEqual(
      expect.objectContaining({
        severity: 'error',
        code: 'RepositoryUnusable',
        message: 'repository main: nothing is at /backups',
      }),
    );
  });

  test('an approval of one place is none of another', () =>
    expect(
      new Set([plan, into({ name: 'main' }), into({ name: 'other' })].map(planHash)).size,
    ).toBe(3));
});

test('a drain step comes with a drain hook or a time to wait, and then carries the gate', () => {
  const hooked = planRollingUpgrade(threeServers('3.8.4'), upgradeTo('3.9.6'), {
    hasDrainHook: true,
  });
  expect(gatesOf(hooked)[0]).toBe('beforeLeader 3.9.6/zk2/drainNode');
  const waiting = planRollingUpgrade(threeServers('3.8.4'), upgradeTo('3.9.6', { drainMs: 5_000 }));
  expect(waiting.steps.filter(({ activity }) => activity === 'drainNode')).toHaveLength(3);
});

describe('from 3.4', () => {
  const old = planRollingUpgrade(threeServers('3.4.14'), upgradeTo('3.6.4'));

  test('the leader of the first hop is the point of no return, and only it', () => {
    expect(old.steps.filter(({ pointOfNoReturn }) => pointOfNoReturn).map(({ id }) => id)).toEqual([
      '3.5.10/zk2/stopServer',
    ]);
    expect(old.rollbackLimit).toMatch(/zk2/);
    expect(plan.rollbackLimit).toBeUndefined();
  });

  test('with a 3.5+ leader already there is no way back from the start, and it is said', () => {
    const half = parseEnsemble('zk1 follower 3.4.14, zk2 leader 3.5.10, zk3 follower 3.4.14');
    const rest = planRollingUpgrade(half, upgradeTo('3.5.10'));
    expect(rest.rollbackLimit).toMatch(/leads already/);
    expect(rest.steps.some(({ pointOfNoReturn }) => pointOfNoReturn)).toBe(false);
  });

  test('settings are changed on the first hop only', () => {
    const changed = old.steps.filter(
      ({ activity, changes }) => activity === 'migrateConfiguration' && changes?.length,
    );
    expect(changed.map(({ toVersion }) => toVersion)).toEqual(['3.5.10', '3.5.10', '3.5.10']);
  });

  test('a single-start setting is taken out by the step that proves the server is up', () => {
    const facts = parseEnsemble(
      'zk1 follower 3.4.14 noSnapshot, zk2 leader 3.4.14, zk3 follower 3.4.14',
    );
    const { steps } = planRollingUpgrade(facts, upgradeTo('3.5.10'));
    expect(steps.find(({ id }) => id === '3.5.10/zk1/verifyQuorum')?.changes).toMatchObject([
      { setting: 'snapshot.trust.empty', from: 'true' },
    ]);
    expect(steps.filter(({ activity }) => activity === 'finalizeServer')).toEqual([]);
  });
});

describe('refused, the plan is made all the same', () => {
  test('for two voters', () => {
    const two = planRollingUpgrade(
      parseEnsemble('zk1 leader 3.8.4, zk2 follower 3.8.4'),
      upgradeTo('3.9.6'),
    );
    expect(errorsOf(two)).toEqual(['NoMargin']);
    expect(two.steps.length).toBeGreaterThan(0);
  });

  test('with a server down that would not be started first', () => {
    const half = parseEnsemble('zk1 leader 3.8.4, zk2 follower 3.8.4, zk3 down 3.9.6');
    // Nor is it said of such a server that it comes first.
    const pressing = (facts: EnsembleFacts) =>
      planRollingUpgrade(facts, upgradeTo('3.9.6')).findings.filter(
        ({ severity }) => severity !== 'info',
      );
    expect(pressing(half)).toMatchObject([
      { code: 'DownWithoutTurn', hint: expect.stringMatching(/^start it, or put/) as string },
    ]);
    const masked = withServer(half, 'zk3', (server) => ({
      ...server,
      host: { ...server.host!, process: { running: false, masked: true } },
    }));
    expect(pressing(masked)).toMatchObject([
      { hint: expect.stringMatching(/^unmask its service and start it, or put/) as string },
    ]);
  });

  test('with all servers down and at the target: none is called ahead of others', () => {
    const stopped = parseEnsemble('zk1 down 3.9.6, zk2 down 3.9.6, zk3 down 3.9.6');
    const down = planRollingUpgrade(stopped, upgradeTo('3.9.6')).findings.filter(
      ({ code }) => code === 'DownWithoutTurn',
    );
    expect(down).toHaveLength(3);
    for (const { message, hint } of down) {
      expect(message).toMatch(/has 3\.9\.6 installed: this plan has no turn that starts it$/);
      expect(hint).toBe('start it, then plan again');
    }
  });

  test('with a server of unknown version', () => {
    const facts = withServer(threeServers('3.8.4'), 'zk1', (server) => ({
      ...server,
      state: 'unreachable',
      version: undefined,
      host: { reachable: false },
    }));
    expect(errorsOf(planRollingUpgrade(facts, upgradeTo('3.9.6')))).toContain('VersionUnknown');
  });
});

test('findings made elsewhere are shown once, with its own', () => {
  const findings = [
    { severity: 'warning' as const, code: 'DiskFull', server: 'zk1', message: 'full' },
    { severity: 'warning' as const, code: 'ServerDown', server: 'zk3', message: 'said otherwise' },
  ];
  const facts = parseEnsemble('zk1 leader 3.8.4, zk2 follower 3.8.4, zk3 down 3.8.4');
  const codes = codesOf(planRollingUpgrade(facts, upgradeTo('3.9.6'), { findings }).findings);
  expect(codes.filter((code) => code === 'ServerDown')).toHaveLength(1);
  expect(codes).toContain('DiskFull');
});

describe('the hash', () => {
  const reordered = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(reordered)
      : typeof value === 'object' && value !== null
        ? Object.fromEntries(
            Object.entries(value)
              .reverse()
              .map(([key, inner]) => [key, reordered(inner)]),
          )
        : value;

  test('does not depend on the order of keys, nor on a trip through JSON', () => {
    expect(planHash(reordered(plan) as Plan)).toBe(plan.hash);
    expect(planHash(JSON.parse(JSON.stringify(plan)) as Plan)).toBe(plan.hash);
    expect(plan.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  test('does not depend on wording, findings or timings', () => {
    const reworded: Plan = {
      ...plan,
      findings: [],
      expectation: { ...plan.expectation, durationMs: 1 },
      steps: plan.steps.map((step) => ({ ...step, title: 'x', why: 'y', timeoutMs: 1, role: 'z' })),
    };
    expect(planHash(reworded)).toBe(plan.hash);
  });

  test('is the same for the same ensemble looked at again', () =>
    expect(planRollingUpgrade(threeServers('3.8.4'), upgradeTo('3.9.6')).hash).toBe(plan.hash));

  const last = plan.steps.length - 1;
  const edited = (index: number, change: object): Plan => ({
    ...plan,
    steps: plan.steps.map((step, at) => (at === index ? { ...step, ...change } : step)),
  });
  test.each<[string, Plan]>([
    ['target', { ...plan, toVersion: '3.9.5' }],
    ['goal', { ...plan, goal: 'something else' }],
    ['members', { ...plan, identity: 'another' }],
    ['ensemble', { ...plan, ensemble: 'payments' }],
    ['start', { ...plan, fromVersions: { ...plan.fromVersions, zk1: '3.8.5' } }],
    ['direction', { ...plan, direction: 'rollback' }],
    ['path', { ...plan, hops: [{ from: '3.8.4', to: '3.9.5', cautions: [] }] }],
    ['order', { ...plan, steps: [...plan.steps].reverse() }],
    ['a step left out', { ...plan, steps: plan.steps.slice(1) }],
    ['a gate left out', edited(last, { gate: undefined })],
    ['a guard', edited(7, { guard: { kind: 'none' } })],
    ['a server', edited(7, { server: 'zk9' })],
    ['a setting', edited(9, { changes: [{ file: 'zoo.cfg', setting: 'a', to: 'b', why: '' }] })],
    ['the point of no return', edited(7, { pointOfNoReturn: true })],
    ['versions to stage', edited(0, { versions: ['3.9.6'] })],
    ['a limit to going back', { ...plan, rollbackLimit: 'there is one' }],
  ])('differs with another %s', (_what, other) => expect(planHash(other)).not.toBe(plan.hash));

  test('canonical JSON leaves out what is undefined', () =>
    expect(canonicalJson({ b: undefined, a: [1, { d: null, c: 'x' }] })).toBe(
      '{"a":[1,{"c":"x","d":null}]}',
    ));
});
