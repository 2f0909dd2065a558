/** Plans of restores: what comes when, and what stands against them. */
import {
  restoreBackupInputSchema,
  type RestoreBackupRequest,
} from '../../../src/model/backupInputs';
import type { EnsembleFacts } from '../../../src/model/facts';
import type { RestorePoint } from '../../../src/model/plan';
import {
  highestSeen,
  type BackupFacts,
  type LockFacts,
} from '../../../src/planning/restore/restoreFindings';
import {
  planRestore,
  planRestoreBack,
  type RestoreFrame,
} from '../../../src/planning/restore/restorePlan';
import { parseEnsemble } from './ensembles';

const OWN: BackupFacts = {
  members: [{ id: 1, address: '10.0.0.1:2181', role: 'participant' }],
  plainBytes: 1_000_000,
  lastDrillAt: '2026-01-01T00:00:00.000Z',
  findings: [],
};

const THREE = 'zk1 follower 3.9.6, zk2 leader 3.9.6, zk3 follower 3.9.6';

function frame(
  point: Partial<RestorePoint> = {},
  request: Partial<RestoreBackupRequest> = {},
  backup: Partial<BackupFacts> = {},
): RestoreFrame {
  return {
    input: restoreBackupInputSchema.parse({
      repository: 'vault',
      to: { ensemble: 'orders' },
      ...request,
    }),
    point: {
      repository: 'vault',
      shown: '/backups',
      from: 'orders',
      timeline: 1,
      zxid: '0x100000005',
      way: 'clean',
      sessions: 'drop',
      startZxid: '0x200000000',
      above: '0x100000010',
      ...point,
    },
    backup: { ...OWN, ...backup },
    lock: {},
  };
}

const errorsOf = (facts: EnsembleFacts, given: RestoreFrame): string[] =>
  planRestore(facts, given)
    .findings.filter(({ severity }) => severity === 'error')
    .map(({ code, server }) => (server === undefined ? code : `${code} ${server}`));

const stepsOf = (facts: EnsembleFacts, given = frame()): string[] =>
  planRestore(facts, given).steps.map(({ id }) => id);

test('data are made before anything stops, the leader stops last, and data are exchanged while nothing runs', () => {
  expect(stepsOf(parseEnsemble(THREE))).toEqual([
    'prepareRestore',
    ...['halt/zk1', 'halt/zk3', 'halt/zk2'],
    ...['aside/zk1', 'aside/zk2', 'aside/zk3'],
    ...['place/zk1', 'place/zk2', 'place/zk3'],
    ...['start/zk1', 'start/zk2', 'start/zk3'],
    'verifyRestored',
  ]);
});

test('observers stop first, and those that are down get the data too', () => {
  const facts = parseEnsemble(
    'zk1 down 3.9.6, zk2 leader 3.9.6, zk3 follower 3.9.6, zk4 observer 3.9.6',
  );
  const steps = stepsOf(facts);
  expect(steps.filter((id) => id.startsWith('halt/'))).toEqual([
    ...['halt/zk4', 'halt/zk1', 'halt/zk3', 'halt/zk2'],
  ]);
  expect(steps.filter((id) => id.startsWith('place/'))).toHaveLength(4);
  expect(planRestore(facts, frame()).notServing).toEqual(['zk1']);
});

test('sessions of the past resume only behind a gate, before anything is stopped', () => {
  const gates = (sessions: 'keep' | 'drop') =>
    planRestore(parseEnsemble(THREE), frame({ sessions })).steps.map(({ gate }) => gate);
  expect(gates('keep')[0]).toBe('keepSessions');
  expect(gates('drop').every((gate) => gate === undefined)).toBe(true);
});

test('the way back stops what was touched, brings data back, and starts only who served before', () => {
  const facts = parseEnsemble('zk1 down 3.9.6, zk2 down 3.9.6, zk3 down 3.9.6');
  const back = planRestoreBack(facts, frame(), {
    stopped: ['zk1', 'zk3'],
    exchanged: ['zk3'],
    served: ['zk3'],
  });
  expect(back.direction).toBe('rollback');
  expect(back.steps.map(({ id }) => id)).toEqual([
    ...['rollback/halt/zk1', 'rollback/halt/zk3'],
    'rollback/back/zk3',
    ...['rollback/start/zk3', 'rollback/verifyBroughtBack'],
  ]);
});

test('before any data are exchanged the way back only starts who was stopped: others run yet', () => {
  const facts = parseEnsemble('zk1 down 3.9.6, zk2 leader 3.9.6, zk3 down 3.9.6');
  const back = planRestoreBack(facts, frame(), {
    stopped: ['zk1', 'zk3'],
    exchanged: [],
    served: ['zk1', 'zk2'],
  });
  expect(back.steps.map(({ id }) => id)).toEqual([
    'rollback/start/zk1',
    'rollback/verifyBroughtBack',
  ]);
});

test.each<[string, Partial<RestorePoint>]>([
  ['a higher epoch or the same', { above: undefined, startZxid: '0x100000005' }],
  ['sessions kept or dropped', { sessions: 'keep' }],
  ['another timeline', { timeline: 2 }],
])('an approved plan is no approval of %s', (_, other) => {
  const facts = parseEnsemble(THREE);
  const hash = (point: Partial<RestorePoint>) => planRestore(facts, frame(point)).hash;
  expect(hash(other)).not.toBe(hash({}));
  expect(hash({ above: '0x100000011', startZxid: '0x200000000' })).toBe(hash({}));
});

test.each<[string, Partial<BackupFacts>, Partial<RestoreBackupRequest>, string[]]>([
  ['its own backup', {}, {}, []],
  [
    'another ensemble’s backup',
    { members: [{ id: 1, address: '10.9.9.9:2181', role: 'participant' }] },
    {},
    ['ForeignEnsemble'],
  ],
  [
    'another one’s, accepted',
    { members: [{ id: 1, address: '10.9.9.9:2181', role: 'participant' }] },
    { acceptForeign: true },
    [],
  ],
  ['more than a disk takes', { plainBytes: 2 ** 45 }, {}, ['NoDiskSpace zk1']],
])('%s', (_, backup, request, expected) => {
  const facts = parseEnsemble(THREE);
  const found = errorsOf(facts, frame({}, request, backup));
  expect(expected.every((one) => found.includes(one))).toBe(true);
  if (expected.length === 0) expect(found).toEqual([]);
});

test('a host that cannot be reached stands against it: its server could come back with the old data', () => {
  const facts = parseEnsemble(THREE);
  const [first, ...rest] = facts.servers;
  const without = { ...facts, servers: [{ ...first!, host: { reachable: false } }, ...rest] };
  expect(errorsOf(without, frame())).toContain('HostNotObserved zk1');
});

test('what a run holds is not stopped as a whole', () => {
  const facts = parseEnsemble(THREE);
  const holder = { runId: 'r-1', since: '2026-01-02T03:04:05.000Z' };
  expect(errorsOf(facts, { ...frame(), lock: { holder } })).toContain('EnsembleLocked');
  const told = planRestore(facts, { ...frame(), lock: { unknown: 'no answer' } }).findings;
  expect(told).toContainEqual(
    expect.objectContaining({ code: 'EnsembleLocked', severity: 'warning' }),
  );
});

test('nor is a subtree written beside a run; that nobody can tell is left to the lock it takes', () => {
  const subtree = { path: '/a', toPath: '/a', conflict: 'fail' as const };
  const facts = parseEnsemble(THREE);
  const codesOf = (lock: LockFacts) =>
    planRestore(facts, { ...frame({ subtree }), lock }).findings.map(({ code }) => code);
  const holder = { runId: 'r-1', since: '2026-01-02T03:04:05.000Z' };
  expect(codesOf({ holder })).toContain('EnsembleLocked');
  expect(codesOf({ unknown: 'no answer' })).not.toContain('EnsembleLocked');
});

test('in the same epoch it is refused where clients may have seen more', () => {
  const facts = parseEnsemble(THREE);
  expect(highestSeen(facts.servers)).toBeGreaterThan(0x100000005n);
  expect(errorsOf(facts, frame({ startZxid: '0x100000005', above: undefined }))).toEqual([
    'WouldRewind',
  ]);
});

test('a backup that was never restored is said to be so', () => {
  const plan = planRestore(parseEnsemble(THREE), frame({}, {}, { lastDrillAt: undefined }));
  expect(plan.findings.map(({ code }) => code)).toContain('BackupNeverProven');
});

test('another moment is another plan: an approval counts for the moment that was read', () => {
  const facts = parseEnsemble(THREE);
  const hashOf = (zxid: string) => planRestore(facts, frame({ zxid })).hash;
  expect(hashOf('0x100000005')).not.toBe(hashOf('0x100000006'));
});

test.each([
  [{ mode: 'subtree' as const }, 'path'],
  [{ path: '/app' }, 'path'],
  [{ to: { ensemble: 'orders', path: '/app' } }, 'to.path'],
  [{ at: { time: '2026-01-01T00:00:00' } }, 'at'],
  [{ ensemble: 'others' }, 'ensemble'],
])('refused: %j', (request, field) => {
  const parsed = restoreBackupInputSchema.safeParse({
    repository: 'vault',
    to: { ensemble: 'orders' },
    ...request,
  });
  const fields = parsed.error?.issues.map(({ path }) => path.join('.')) ?? [];
  expect(fields.some((one) => one.startsWith(field))).toBe(true);
});

test('a base that is not of one moment, or lacks what no client can read, is warned of', () => {
  const codes = (alone?: BackupFacts['alone']) =>
    planRestore(parseEnsemble(THREE), frame({}, {}, { ...(alone && { alone }) }))
      .findings.filter(({ severity }) => severity === 'warning')
      .map(({ code, message }) => `${code} ${message}`)
      .join('\n');
  expect(codes()).not.toMatch(/NotOfOneMoment|LogicalCopy/);
  const usableFrom = '0x100000005';
  expect(codes({ source: 'admin', usableFrom })).not.toMatch(/NotOfOneMoment|LogicalCopy/);
  expect(codes({ source: 'admin', usableFrom, readFrom: '0x100000003' })).toMatch(
    /NotOfOneMoment .*read between 0x100000003 and 0x100000005/,
  );
  expect(codes({ source: 'logical', usableFrom })).toMatch(/LogicalCopy .*sessions, ephemerals/);
});
