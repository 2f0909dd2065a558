/** What the stand-in tells: plans by the real planner, schemas by the real inputs, the rest made up in their form. */
import { z } from 'zod';
import {
  hotBackupInputSchema,
  restoreBackupInputSchema,
  verifyBackupInputSchema,
} from '../../src/model/backupInputs';
import { resizeEnsembleInputSchema, rollingUpgradeInputSchema } from '../../src/model/inputs';
import { migrateDataCenterInputSchema } from '../../src/model/migrationInputs';
import type { AuditEntry } from '../../src/adapters/audit/auditLog';
import type { PathHistory } from '../../src/adapters/repository/pathHistory';
import type { DrillDocument } from '../../src/model/repository';
import type { PlannedStep, StatusDocument } from '../../src/model/status';
import type {
  ListedBase,
  RestorableRange,
  TimelineContents,
} from '../../src/planning/backup/contents';
import type { HistoryEntry } from '../../src/planning/backup/historyOf';
import { planRollingUpgrade } from '../../src/planning/upgradePlan';
import { parseEnsemble, upgradeTo } from '../unit/planning/ensembles';

const schemaOf = (schema: z.ZodType): unknown => z.toJSONSchema(schema, { io: 'input' });

export const inputSchemas: Record<string, z.ZodType> = {
  upgrade: rollingUpgradeInputSchema,
  resize: resizeEnsembleInputSchema,
  migrate: migrateDataCenterInputSchema,
  backup: hotBackupInputSchema,
  restore: restoreBackupInputSchema,
  verify: verifyBackupInputSchema,
};

const strategy = (name: string, workflowType: string, hasPlan: boolean, example: unknown) => ({
  name,
  workflowType,
  hasPlan,
  schema: schemaOf(inputSchemas[name] ?? z.unknown()),
  example,
});

export const strategies = [
  strategy('upgrade', 'rollingUpgrade', true, { ensemble: 'orders', target: { version: '3.9.4' } }),
  strategy('resize', 'resizeEnsemble', true, { ensemble: 'orders', add: ['zk4', 'zk5'] }),
  strategy('migrate', 'migrateDataCenter', true, {
    source: 'orders',
    target: 'orders-west',
    mode: 'stretch',
  }),
  strategy('backup', 'hotBackup', false, { ensemble: 'orders', repository: 'vault' }),
  strategy('restore', 'restoreBackup', true, { repository: 'vault', to: { ensemble: 'orders' } }),
  strategy('verify', 'verifyBackup', false, { repository: 'vault', ensemble: 'orders' }),
];

const server = (name: string, last: number, role = 'participant', spare = false) => ({
  name,
  host: `10.20.0.${last}`,
  clientPort: 2181,
  role,
  spare,
});

export const ensembles = [
  {
    name: 'orders',
    site: 'east',
    repository: 'vault',
    servers: [
      server('zk1', 1),
      server('zk2', 2),
      server('zk3', 3),
      server('zk6', 6, 'observer'),
      server('zk4', 4, 'participant', true),
    ],
  },
  {
    name: 'orders-west',
    site: 'west',
    servers: [server('west1', 11), server('west2', 12), server('west3', 13)],
  },
  { name: 'metrics', servers: [server('m1', 21)] },
];

const zxid = (low: number): string => `0x${(0x1f0000_0000n + BigInt(low)).toString(16)}`;

export function health(name: string, tick: number): object {
  const servers = ensembles.find((one) => one.name === name)?.servers ?? [];
  const leader = name === 'orders' ? 'zk2' : servers[0]?.name;
  return {
    at: new Date().toISOString(),
    leader,
    quorum: true,
    servers: servers
      .filter(({ spare }) => !spare)
      .map(({ name: one, role }, index) => ({
        server: one,
        state: 'serving',
        role: one === leader ? 'leader' : role === 'observer' ? 'observer' : 'follower',
        version: '3.8.4',
        zxid: zxid(0x2a1f + tick * 3),
        latencyMs: 0.4 + index,
        connections: 212 + ((tick + index * 7) % 11),
        outstanding: tick % 3,
      })),
  };
}

export const facts = {
  ...parseEnsemble(
    'zk1 follower 3.8.4 set:4lw.commands.whitelist=srvr, zk2 leader 3.8.4, zk3 follower 3.8.4 flag:-Djute.maxbuffer=4194304, zk6 observer 3.8.4',
  ),
  canary: { committed: true, latencyMs: 2.1 },
  reconfigEnabled: false,
  warnings: [
    {
      severity: 'warning' as const,
      code: 'WhitelistClosed',
      server: 'zk1',
      message: 'answers srvr only: mntr and conf could not be read',
      hint: 'add mntr and conf to 4lw.commands.whitelist',
    },
    { severity: 'info' as const, code: 'OneObserver', message: 'zk6 does not vote' },
  ],
};

export const plan = planRollingUpgrade(facts, upgradeTo('3.9.4'));

const DONE_STEPS = 11;
const BEGIN_MS = Date.parse('2026-11-27T22:00:00Z');
const at = (seconds: number): string => new Date(BEGIN_MS + seconds * 1_000).toISOString();

const plannedSteps = (done: number): PlannedStep[] =>
  plan.steps.map((step, index) => ({
    ...step,
    state: index < done ? 'done' : index === done ? 'running' : 'pending',
    ...(index <= done ? { startedAt: at(index * 7) } : {}),
    ...(index < done
      ? { finishedAt: at(index * 7 + 4), durationMs: 4_100 + 137 * index, detail: 'as planned' }
      : {}),
  }));

const base = (workflowId: string): StatusDocument => ({
  strategy: 'rollingUpgrade',
  ensemble: 'orders',
  workflowId,
  runId: '7e0d7c62-3f5b-4a5e-9a53-6a3d7d6e2f10',
  state: 'running',
  phase: 'upgrade',
  headline: '',
  gates: [
    {
      gate: 'start',
      why: 'the plan is ready',
      planHash: plan.hash,
      openedAt: at(-120),
      decidedAt: at(-30),
      decision: 'approved',
      by: 'mira',
      comment: 'CHG-4711, window until 04:00',
    },
  ],
  throttle: { cause: null, soakMs: 5_000 },
  findings: plan.findings,
  replans: [],
  nextActions: [
    { action: 'pause', input: {}, description: 'stop before the next step' },
    { action: 'rollback', input: {}, description: 'take back what was changed on zk1' },
  ],
  rollback: { possible: true, reason: 'zk1 would go back to 3.8.4; its copy of the data is kept' },
  events: Array.from({ length: 40 }, (_, index) => ({
    at: at(index * 3),
    text:
      index % 5 === 0
        ? 'looked at every server: all serve and agree'
        : `step ${index} went as planned`,
  })),
  updatedAt: new Date().toISOString(),
});

const availability: StatusDocument['availability'] = {
  writeGaps: [
    { startedAt: at(31), gapMs: 310, during: plan.steps[5]?.id },
    { startedAt: at(74), gapMs: 1_240, during: plan.steps[9]?.id },
  ],
  thresholdMs: 250,
  totalGapMs: 1_550,
  longestGapMs: 1_240,
  acknowledgedWrites: 48_211,
  failedWrites: 2,
  unobservedMs: 0,
  sessionsLost: 0,
  lastAckAt: at(130),
};

export const UPGRADE = 'zkferry-upgrade-orders-20261127T220000Z-3f9a01';
export const GATED = 'zkferry-upgrade-orders-20261127T230000Z-77aa10';
export const MIGRATION = 'zkferry-migrate-orders-20261127T233000Z-c0ffee';
export const BACKUP = 'zkferry-backup-orders-20261101T000000Z-0b5e55';
export const DONE = 'zkferry-upgrade-metrics-20261120T080000Z-d0d0d0';

/** As it is after so many ticks of the stand-in's clock. */
export function statusOf(id: string, tick: number): StatusDocument | undefined {
  const told = base(id);
  const steps = plannedSteps(DONE_STEPS + (id === UPGRADE ? Math.floor(tick / 4) % 4 : 0));
  const done = steps.filter(({ state }) => state === 'done').length;
  const progress = {
    phase: 'upgrade' as const,
    done,
    total: steps.length,
    ratePerMinute: 8.6,
    timeLeftMs: 148_000,
  };
  switch (id) {
    case UPGRADE:
      return {
        ...told,
        headline: `${steps[done]?.title ?? 'working'}, attempt 1`,
        plan: { ...plan, steps },
        progress,
        availability,
      };
    case GATED:
      return {
        ...told,
        state: 'waiting',
        headline: 'gate beforeLeader waits for a decision',
        plan: {
          ...plan,
          steps: steps.map((step) =>
            step.state === 'running' ? { ...step, state: 'pending' } : step,
          ),
        },
        progress: { ...progress, timeLeftMs: undefined },
        availability,
        gate: {
          gate: 'beforeLeader',
          why: 'zk2 leads: its restart costs one leader change.\nExpected: writes wait about 900 ms, no session is lost.',
          planHash: plan.hash,
          openedAt: at(60),
          onTimeout: 'rollback',
          timeoutMs: 86_400_000,
          expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
          approvals: [{ by: 'jonas', at: at(90), comment: 'metrics are calm' }],
          needed: 2,
        },
      };
    case MIGRATION:
      return {
        ...told,
        strategy: 'migrateDataCenter',
        phase: 'sync',
        headline: 'the new side follows the old; clients are redirected in batches',
        plan: { ...plan, strategy: 'migrateDataCenter', goal: 'orders to orders-west', steps },
        progress,
        migration: {
          mode: 'physical',
          source: 'orders',
          target: 'orders-west',
          serving: 'source',
          expectedOutageMs: 2_400,
          verified: { at: at(30), detail: 'equal: 48,211 znodes' },
          beside: {
            captureSource: {
              at: at(100),
              detail: 'captures from zk3',
              zxid: zxid(9_000 + tick),
              lagMs: 30 + ((tick * 37) % 90),
              running: true,
            },
            followSource: {
              at: at(100),
              detail: 'applied on west1',
              zxid: zxid(8_990 + tick),
              lagMs: 80 + ((tick * 53) % 240),
              running: true,
            },
            readiness: {
              at: at(100),
              detail: '2 of 5 clients are still on the old servers',
              readiness: {
                servers: [
                  { server: 'zk1', sessions: 2, watches: 14 },
                  { server: 'zk2', sessions: 0, watches: 0 },
                ],
                arrived: 3,
                remaining: [
                  {
                    server: 'zk1',
                    session: '0x10000a3f2c40001',
                    address: '10.30.0.7:51022',
                    clients: ['billing'],
                  },
                  {
                    server: 'zk1',
                    session: '0x10000a3f2c40007',
                    address: '10.30.0.9:40144',
                    clients: [],
                  },
                ],
                more: 0,
              },
            },
          },
        },
      };
    case BACKUP:
      return {
        ...told,
        strategy: 'hotBackup',
        phase: 'capture',
        headline: 'captures from zk3, 41 ms behind',
        gates: [],
        findings: [],
        nextActions: [
          { action: 'stop', input: {}, description: 'seal what was captured, and end' },
        ],
        rollback: { possible: false, reason: 'a backup only reads' },
        capture: {
          repository: 'vault',
          state: 'capturing',
          source: 'stream',
          rpo: 'what was not durable yet: 41 ms at the moment',
          timeline: 1,
          durableUpTo: zxid(12_000 + tick),
          lag: { txns: 3, ms: 20 + ((tick * 29) % 60), p50Ms: 31, p99Ms: 88 },
          txns: 1_204_311 + tick,
          storedBytes: 81_000_000,
          leader: 'zk2',
          lastBase: { usableFrom: zxid(11_000), takenAt: at(0), bytes: 4_400_000 },
          holes: 0,
          lastDrill: { at: at(-90_000), ok: true, zxid: zxid(9_000) },
        },
      };
    case DONE:
      return {
        ...told,
        ensemble: 'metrics',
        state: 'completed',
        phase: 'done',
        headline: 'metrics runs 3.9.4',
        plan: { ...plan, steps: plannedSteps(plan.steps.length) },
        availability,
        nextActions: [],
        rollback: { possible: false, reason: 'the run is over' },
        report: {
          outcome: 'completed',
          fromVersions: { m1: '3.8.4' },
          toVersions: { m1: '3.9.4' },
          ...{ serverRestarts: 1, leaderRestarts: 1, leaderChanges: 0 },
          ...{ availability: availability!, planned: plan.expectation, durationMs: 214_000 },
          text: 'metrics: 3.8.4 → 3.9.4 on 3 servers\n\nwrite gaps       2, longest 1240 ms (expected 900 ms)\nsessions lost    0\nleader changes   1\nmembers agree    yes',
        },
      };
    default:
      return undefined;
  }
}

const run = (workflowId: string, type: string, more: object) => ({
  workflowId,
  runId: workflowId.slice(-6).padStart(12, '0'),
  strategy: type,
  status: 'RUNNING',
  ensemble: 'orders',
  startedAt: at(0),
  ...more,
});

export const runs = [
  run(MIGRATION, 'migrateDataCenter', { state: 'running', phase: 'sync' }),
  run(GATED, 'rollingUpgrade', { state: 'waiting', phase: 'upgrade' }),
  run(UPGRADE, 'rollingUpgrade', { state: 'running', phase: 'upgrade' }),
  run(BACKUP, 'hotBackup', { state: 'running', phase: 'capture' }),
  run(DONE, 'rollingUpgrade', {
    status: 'COMPLETED',
    outcome: 'completed',
    ensemble: 'metrics',
    closedAt: at(900),
  }),
  ...Array.from({ length: 60 }, (_, index) =>
    run(
      `zkferry-verify-orders-202610${String(28 - (index % 27)).padStart(2, '0')}T040000Z-${String(index).padStart(6, '0')}`,
      'verifyBackup',
      {
        status: index % 9 === 4 ? 'FAILED' : 'COMPLETED',
        outcome: index % 9 === 4 ? 'failed' : 'completed',
        startedAt: at(-86_400 * (index + 1)),
        closedAt: at(-86_400 * (index + 1) + 212),
      },
    ),
  ),
];

const sha256 = 'ab'.repeat(32);

const baseAt = (index: number): ListedBase => ({
  key: `ensembles/orders/t0001/base/${index}/manifest.json`,
  format: 1,
  id: String(index).padStart(8, '0'),
  snapshot: {
    ...{ key: `ensembles/orders/t0001/base/${index}/snapshot`, sha256 },
    ...{ bytes: 4_100_000 + 90_000 * index, plainBytes: 9_300_000 },
  },
  snapshotZxid: zxid(1_000 * index + 32),
  usableFrom: zxid(1_000 * index + 40),
  takenAt: at(-86_400 * (9 - index)),
  usableFromMs: Date.parse(at(-86_400 * (9 - index))),
  nodes: 48_000 + 60 * index,
  source: 'stream',
  serverVersion: '3.8.4',
  members: [],
});

const range = (from: number, to: number, fromDays: number, toDays: number): RestorableRange => ({
  ...{ timeline: 1, base: baseAt(0).key, from: zxid(from), to: zxid(to) },
  ...{ fromMs: Date.parse(at(-86_400 * fromDays)), toMs: Date.parse(at(-86_400 * toDays)) },
});

const drill: DrillDocument = {
  ...{ format: 1, at: at(-80_000), timeline: 1, base: baseAt(7).key, zxid: zxid(9_311) },
  ok: true,
  findings: ['every znode is as the ensemble has it', 'the digest is that of the log'],
  ...{ nodes: 48_420, serverVersion: '3.8.4', durationMs: 41_200 },
};

interface HeldBackups {
  place: string;
  items: {
    ensemble: string;
    timelines: (Pick<TimelineContents, 'number' | 'bases' | 'holes'> & {
      restorable: RestorableRange[];
    })[];
    lastDrill?: DrillDocument;
  }[];
}

export const backups: HeldBackups = {
  place: 's3://backups/zookeeper',
  items: [
    {
      ensemble: 'orders',
      timelines: [
        {
          number: 1,
          restorable: [range(40, 5_200, 9, 4.2), range(6_040, 12_044, 3, 0)],
          bases: Array.from({ length: 9 }, (_, index) => baseAt(index)),
          holes: [
            {
              ...{ after: zxid(5_200), upTo: zxid(5_609), at: at(-86_400 * 4) },
              reason: 'nobody captured, and no server had the log any more',
            },
          ],
        },
      ],
      lastDrill: drill,
    },
    { ensemble: 'metrics', timelines: [{ number: 1, restorable: [], bases: [], holes: [] }] },
  ],
};

const SESSION = '0x10000a3f2c40001';

export const history: Omit<PathHistory, 'changes'> & { changes: HistoryEntry[] } = {
  ...{ from: zxid(40), to: zxid(12_044), total: 3, gaps: [] },
  changes: [
    {
      ...{ zxid: zxid(1_207), time: at(-700_000), session: SESSION },
      ...{ change: 'created', version: 0, dataBytes: 2 },
    },
    {
      ...{ zxid: zxid(9_833), time: at(-50_000), session: SESSION },
      ...{ change: 'set', version: 1, dataBytes: 13 },
    },
    { zxid: zxid(11_201), time: at(-600), session: SESSION, change: 'deleted' },
  ],
};

const AUDITED = 130;

export const audit: (AuditEntry & { seq: number })[] = Array.from(
  { length: AUDITED },
  (_, index) => ({
    seq: AUDITED - index,
    at: at(-index * 640),
    actor: index % 3 === 0 ? 'mira' : 'jonas',
    action: ['approve beforeLeader', 'start upgrade', 'set data', 'pause'][index % 4] ?? 'pause',
    target: index % 4 === 2 ? 'orders/shop/config' : UPGRADE,
    planHash: index % 4 === 0 ? plan.hash : undefined,
    outcome: index % 11 === 5 ? 'refused' : index % 2 === 0 ? 'done' : 'asked',
    detail: index % 11 === 5 ? 'the plan has become another one' : undefined,
    request: `00000000-0000-4000-8000-${String(index >> 1).padStart(12, '0')}`,
  }),
);
