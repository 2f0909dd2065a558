/** A run as the workflow tells of it, half-way, for renderers. */
import type { PlannedStep, StatusDocument } from '../../../src/model/status';

const HASH = 'abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789';

export function step(
  server: string,
  activity: PlannedStep['activity'],
  over: Partial<PlannedStep> = {},
): PlannedStep {
  return {
    id: `3.9.6/${server}/${activity}`,
    phase: 'upgrade',
    activity,
    server,
    role: 'follower',
    fromVersion: '3.8.4',
    toVersion: '3.9.6',
    title: `${activity} on ${server}`,
    why: 'the others hold a quorum',
    guard: { kind: 'none' },
    undo: 'start it again',
    waitsFor: 'it serves',
    timeoutMs: 60_000,
    state: 'pending',
    ...over,
  };
}

export function statusFixture(over: Partial<StatusDocument> = {}): StatusDocument {
  return {
    strategy: 'rollingUpgrade',
    ensemble: 'orders',
    workflowId: 'zkferry-upgrade-orders-20260131T000000Z',
    runId: '11111111-2222-3333-4444-555555555555',
    state: 'running',
    phase: 'upgrade',
    headline: 'stopServer on zk2',
    plan: {
      strategy: 'rollingUpgrade',
      ensemble: 'orders',
      identity: 'f00d',
      direction: 'forward',
      goal: 'orders from 3.8.4 to 3.9.6',
      fromVersions: { zk1: '3.8.4', zk2: '3.8.4' },
      toVersion: '3.9.6',
      hops: [{ from: '3.8.4', to: '3.9.6', cautions: [] }],
      findings: [],
      steps: [
        step('zk1', 'stopServer', { state: 'done', durationMs: 400 }),
        step('zk1', 'startServer', { state: 'done', durationMs: 600 }),
        step('zk2', 'stopServer', { state: 'running' }),
        step('zk2', 'startServer'),
        step('zk3', 'stopServer', { role: 'leader', gate: 'beforeLeader' }),
        step('zk3', 'startServer', { role: 'leader' }),
      ],
      expectation: {
        serverRestarts: 3,
        leaderRestarts: 1,
        longestWriteGapMs: 900,
        durationMs: 60_000,
      },
      hash: HASH,
    },
    gates: [],
    throttle: { cause: null, soakMs: 5_000 },
    progress: { phase: 'upgrade', done: 2, total: 6, ratePerMinute: 12, timeLeftMs: 93_000 },
    findings: [],
    replans: [],
    nextActions: [
      { action: 'pause', input: {}, description: 'stop before the next step' },
      { action: 'rollback', input: {}, description: 'take back what was changed' },
    ],
    rollback: { possible: true, reason: 'zk1 would go back' },
    events: [
      { at: '2026-01-31T00:00:01.000Z', text: 'planned' },
      { at: '2026-01-31T00:00:02.000Z', text: 'stopServer on zk1: stopped' },
    ],
    updatedAt: '2026-01-31T00:00:02.000Z',
    ...over,
  };
}

export const openGate: NonNullable<StatusDocument['gate']> = {
  gate: 'beforeLeader',
  why: 'zk3 leads: its restart costs one leader change',
  planHash: HASH,
  openedAt: '2026-01-31T00:00:03.000Z',
  onTimeout: 'wait',
};
