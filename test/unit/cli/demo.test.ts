import pc from 'picocolors';
import { demoDocument, renderDemo, workflowUrl } from '../../../src/cli/render/demo';
import type { StatusView } from '../../../src/cli/render/status';
import type { DemoOutcome, DemoProof } from '../../../src/lab/demo/types';
import { problemsOf, type Evidence } from '../../../src/lab/demo/verdict';
import type { UpgradeReport } from '../../../src/model/status';
import { statusFixture } from './statusFixture';

const plan = statusFixture().plan!;

const proof: DemoProof = {
  ok: true,
  ackedWrites: 9_000,
  unknownWrites: 3,
  lostWrites: 0,
  sessionsLost: 0,
  ephemeralsLost: 0,
  readsBackwards: 0,
  membersDiffer: 0,
  writeGapsMs: [612],
  gapThresholdMs: 100,
  ackLatencyMs: { p50: 2, p99: 9 },
  problems: [],
};

const report = { outcome: 'completed', leaderRestarts: 1, serverRestarts: 3 } as UpgradeReport;

const evidence: Evidence = {
  toVersion: '3.9.6',
  versions: [
    { server: 'zk1', before: '3.8.4', after: '3.9.6' },
    { server: 'zk2', before: '3.8.4', after: '3.9.6' },
  ],
  plan,
  proof,
  report,
};

const outcome: DemoOutcome = {
  ...evidence,
  ok: true,
  fromVersion: '3.8.4',
  workflowId: 'zkferry-upgrade-demo-1',
  elections: 1,
  durationMs: 60_000,
  problems: [],
  place: {
    directory: '/state/labs/demo',
    address: '127.0.0.1:7000',
    uiUrl: 'http://127.0.0.1:7001',
    inventoryPath: '/state/labs/demo/inventory.yaml',
    connectString: '127.1.1.1:2181',
  },
  kept: false,
};

const view: StatusView = {
  colors: pc.createColors(false),
  width: 100,
  command: (words) => ['zkferry', ...words].join(' '),
};

describe('the demo is ok only when', () => {
  const problems = (over: Partial<Evidence>) => problemsOf({ ...evidence, ...over }).join('\n');

  it('all is as it should be', () => expect(problems({})).toBe(''));
  it('the run completed', () => {
    expect(problems({ report: { ...report, outcome: 'rolledBack' } })).toContain('rolledBack');
    expect(problems({ report: undefined })).toContain('without a report');
    expect(problems({ failure: 'the run failed: X' })).toContain('the run failed: X');
  });
  it('every server runs the target version', () => {
    const versions = [{ server: 'zk1', before: '3.8.4', after: '3.8.4' }];
    expect(problems({ versions })).toContain('zk1 runs 3.8.4, not 3.9.6');
  });
  it('the leader was restarted no more often than planned', () => {
    expect(problems({ report: { ...report, leaderRestarts: 2 } })).toContain('restarted 2 times');
  });
  it('the check of the load found nothing', () => {
    const lost = { ...proof, ok: false, lostWrites: 1, problems: ['lost: /a'] };
    expect(problems({ proof: lost })).toContain('lost: /a');
    expect(problems({ proof: { ...proof, ok: false } })).toContain('check of the load failed');
  });
});

describe('the demo says', () => {
  it('the promised fields as JSON, in their order', () => {
    const document = demoDocument(outcome);
    expect(Object.keys(document).slice(0, 11)).toEqual([
      'ok',
      'strategy',
      'fromVersion',
      'toVersion',
      'servers',
      'ackedWrites',
      'lostWrites',
      'sessionsLost',
      'leaderRestarts',
      'writeGapsMs',
      'workflowId',
    ]);
    expect(document).toMatchObject({
      ok: true,
      strategy: 'rollingUpgrade',
      servers: 2,
      ackedWrites: 9_000,
      lostWrites: 0,
      leaderRestarts: 1,
      writeGapsMs: [612],
    });
  });

  it('what was measured beside what was expected', () => {
    const text = renderDemo(outcome, view);
    expect(text).toMatch(/zk1 +3\.8\.4 +3\.9\.6/);
    expect(text).toMatch(/leader restarts +1 +1/);
    expect(text).toMatch(/longest +612 ms +900 ms/);
    expect(text).toContain('each write gap: 612 ms');
    expect(text).toContain('it stays up with --keep');
    expect(text).toContain('ok: nothing that was acknowledged was lost');
  });

  it('what is wrong', () => {
    const text = renderDemo({ ...outcome, ok: false, problems: ['zk1 runs 3.8.4'] }, view);
    expect(text).toContain('not ok\n  zk1 runs 3.8.4');
  });

  it('what to click and type when everything was kept', () => {
    const text = renderDemo({ ...outcome, kept: true }, view);
    expect(text).toContain(workflowUrl('http://127.0.0.1:7001', 'zkferry-upgrade-demo-1'));
    expect(text).toContain('{"ensemble":"orders","target":{"version":"3.9.6"}}');
    expect(text).toContain('{"gate":"start","approver":"you"}');
    expect(text).toContain('export TEMPORAL_ADDRESS=127.0.0.1:7000');
    expect(text).toContain('export ZKFERRY_INVENTORY=/state/labs/demo/inventory.yaml');
    expect(text).toContain('zkferry lab down orders');
  });
});
