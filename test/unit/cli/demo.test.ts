import pc from 'picocolors';
import { CommandContext } from '../../../src/cli/context';
import { demoView } from '../../../src/cli/commands/demo';
import { demoDocument, renderDemo, workflowUrl } from '../../../src/cli/render/demo';
import { backupDemoDocument, renderBackupDemo } from '../../../src/cli/render/backupDemo';
import type { StatusView } from '../../../src/cli/render/status';
import { backupProblems } from '../../../src/lab/demo/backup/verdict';
import type { BackupDemoOutcome, DemoOutcome, DemoProof } from '../../../src/lab/demo/types';
import { givenTemporal } from '../../../src/lab/givenTemporal';
import { scenarioFor } from '../../../src/lab/demo/scenarios';
import { problemsOf, type Evidence } from '../../../src/lab/demo/verdict';
import type { UpgradeReport } from '../../../src/model/status';
import { statusFixture } from './statusFixture';
import { ioOf, NOBODY } from './testIo';

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
  serverProblems: [],
  plan,
  proof,
  report,
};

const outcome: DemoOutcome = {
  ...evidence,
  ok: true,
  fromVersion: '3.8.4',
  toVersion: '3.9.6',
  changes: [
    { server: 'zk1', before: '3.8.4', after: '3.9.6' },
    { server: 'zk2', before: '3.8.4', after: '3.9.6' },
  ],
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
  it('every server is what it should be', () => {
    expect(problems({ serverProblems: ['zk1 runs 3.8.4'] })).toContain('zk1 runs 3.8.4');
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

describe('of the servers it expects', () => {
  const options = { servers: 3, keep: false, gates: 'auto' as const, workerEntry: '' };
  const words = (text: string) =>
    text.split(', ').map((line) => {
      const [server = '', before = '', after = ''] = line.split(' ');
      return { server, before, after };
    });
  const upgrade = scenarioFor({
    ...options,
    strategy: 'upgrade',
    fromVersion: '3.8.4',
    toVersion: '3.9.6',
  });
  const resize = scenarioFor({
    ...options,
    strategy: 'resize',
    fromVersion: '3.9.6',
    toVersion: '3.9.6',
  });
  const joined = 'zk4 spare follower, zk5 spare leader, zk6 spare follower';

  it('the target version', () => {
    expect(upgrade.problems(words('zk1 3.8.4 3.9.6'))).toEqual([]);
    expect(upgrade.problems(words('zk1 3.8.4 3.8.4'))).toEqual(['zk1 runs 3.8.4, not 3.9.6']);
  });
  it('five voters, and the former leader gone', () => {
    const stay = 'zk1 follower follower, zk2 leader left, zk3 follower follower';
    expect(resize.problems(words(`${stay}, ${joined}`))).toEqual([]);
    const stays = 'zk1 follower left, zk2 leader follower, zk3 follower follower';
    expect(resize.problems(words(`${stays}, ${joined}`))).toHaveLength(1);
    expect(resize.problems(words(`${stay}, zk4 spare left, zk5 spare leader`))).toHaveLength(2);
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

describe('the demo of a hot backup', () => {
  const mistake = {
    ...{ path: '/shop', session: '0x1a', firstZxid: '0x100000e2b', lastZxid: '0x100000fb7' },
    ...{ time: '2026-01-02T03:04:05.000Z', deletions: 194, foundInMs: 700 },
  };
  const broughtBack = {
    ...{ asOf: '0x100000e2a', nodes: 194, differences: 0, restoreMs: 250, diffMs: 140 },
  };
  const timeline = { number: 1, findings: [], holes: [], pieces: [] };
  const shown: BackupDemoOutcome = {
    ...{ ok: true, version: '3.9.6', servers: 3, workflowId: 'zkferry-backup-demo-1' },
    captured: {
      ...{ txns: 2_930, plainBytes: 577_000, storedBytes: 199_000, durableUpTo: '0x1000011d6' },
      ...{ lagP50Ms: 12.2, lagP99Ms: 80.5 },
    },
    ...{ mistake, broughtBack, proof, stopMs: 2_600, elections: 0, durationMs: 14_000 },
    ...{ problems: [], place: outcome.place, kept: false },
  };
  const good = { deleted: 194, mistake, broughtBack, proof, contents: { timelines: [timeline] } };

  it.each<[string, object, string]>([
    ['the run completed', { failure: 'the run failed: X' }, 'the run failed: X'],
    ['the history has every deletion', { deleted: 195 }, 'the history has 194'],
    ['all came back', { broughtBack: { ...broughtBack, nodes: 1 } }, '1 were restored'],
    ['as it was', { broughtBack: { ...broughtBack, differences: 2 } }, 'differs in 2 places'],
    ['all is sealed', { contents: { timelines: [{ ...timeline, pieces: [1] }] } }, 'unsealed'],
    ['nothing was lost', { proof: { ok: false, problems: ['lost: /a'] } }, 'lost: /a'],
  ])('is ok only when %s', (_, over, problem) => {
    expect(backupProblems(good)).toEqual([]);
    expect(backupProblems({ ...good, ...over }).join('\n')).toContain(problem);
  });

  it('says the promised fields as JSON', () => {
    const promised = Object.keys(demoDocument(outcome)).slice(0, 11);
    const own = ['lagP50Ms', 'lagP99Ms', 'restoredNodes', 'differences', 'mistakeZxid'];
    const document = backupDemoDocument(shown);
    expect(Object.keys(document).slice(0, 16)).toEqual([...promised, ...own]);
    expect(document).toMatchObject({ restoredNodes: 194, mistakeZxid: '0x100000e2b' });
  });

  it('tells who did it and when, and with all kept how to do it by hand', () => {
    const text = renderBackupDemo({ ...shown, kept: true }, view);
    expect(text).toMatch(/194 deletions by session 0x1a/);
    expect(text).toContain('zkferry backup restore backups demo/shop');
    expect(renderBackupDemo(shown, view)).not.toContain('lab down');
  });
});

describe('the commands that a demo shows', () => {
  const shownWith = (address?: string) =>
    demoView(new CommandContext(ioOf().io, { address }), { address: '127.0.0.1:7000' }).command([
      'status',
    ]);

  it('name the Temporal of the demo once, its own or the given one', () => {
    expect(shownWith()).toBe('zkferry status --address 127.0.0.1:7000');
    expect(shownWith('127.0.0.1:7000')).toBe('zkferry status --address 127.0.0.1:7000');
  });
});

it('a Temporal that --address names comes before any other, and must answer', async () => {
  await expect(givenTemporal('the demo starts one', NOBODY)).rejects.toThrow(
    /--address: expected where a Temporal server answers, .* got 127\.0\.0\.1:1/,
  );
});
