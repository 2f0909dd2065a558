import pc from 'picocolors';
import { gapLines, renderReport } from '../../../src/cli/render/report';
import { renderRuns } from '../../../src/cli/render/runs';
import {
  progressLine,
  renderEvent,
  renderGate,
  renderLive,
  renderStatus,
  type StatusView,
} from '../../../src/cli/render/status';
import { cutToWidth, duration, shellWord, visibleLength, wrap } from '../../../src/cli/render/text';
import { newsOf } from '../../../src/cli/watch';
import type {
  MigrationStatus,
  Outage,
  StatusDocument,
  UpgradeReport,
  WriteGap,
} from '../../../src/model/status';
import { openGate, statusFixture } from './statusFixture';

const view: StatusView = {
  colors: pc.createColors(false),
  width: 100,
  command: (words) => ['zkferry', ...words].join(' '),
};

const report: UpgradeReport = {
  outcome: 'completed',
  fromVersions: { zk1: '3.8.4' },
  toVersions: { zk1: '3.9.6' },
  serverRestarts: 3,
  leaderRestarts: 1,
  leaderChanges: 1,
  availability: {
    writeGaps: [{ startedAt: '2026-01-31T00:00:00Z', gapMs: 612.4, during: 'stop zk3' }],
    thresholdMs: 250,
    totalGapMs: 612.4,
    longestGapMs: 612.4,
    acknowledgedWrites: 1_200,
    failedWrites: 2,
    unobservedMs: 4_000,
    sessionsLost: 0,
  },
  planned: { serverRestarts: 3, leaderRestarts: 1, longestWriteGapMs: 900, durationMs: 60_000 },
  durationMs: 45_000,
  backup: { directory: '/b', server: 'zk1', zxid: '0x10000002a', nodes: 12, bytes: 100 },
  membersAgree: { agree: true, detail: 'three members, one digest' },
  text: '',
};

const drill = { at: '2026-01-30T10:00:00.000Z', ok: true, zxid: '0x8' };

describe('the status of a hot backup', () => {
  const told = { durableUpTo: '0x9', at: '2026-01-31T10:00:00.000Z', txns: 5, lastDrill: drill };
  const shown = (over: Partial<StatusDocument>) =>
    renderStatus(statusFixture({ plan: undefined, progress: undefined, ...over }), view);

  it('that is held says of when its figures are', () => {
    const capture = { repository: '/srv/b', state: 'idle' as const, ...told };
    const text = shown({ strategy: 'hotBackup', state: 'paused', capture });
    expect(text).toContain(
      'idle: nothing is captured now; all below is as of 2026-01-31 10:00:00Z',
    );
    expect(text).not.toContain('since begun');
    expect(renderLive(statusFixture({ strategy: 'hotBackup', capture }), view).join()).toContain(
      'nothing is captured now',
    );
  });

  it('that captures says since when it has not been heard', () => {
    const capture = { repository: '/srv/b', state: 'capturing' as const, ...told };
    const text = shown({ strategy: 'hotBackup', capture });
    expect(text).toContain('capturing, told 2026-01-31 10:00:00Z');
    expect(text).not.toContain('idle');
  });

  it('is not that of a drill, which captures nothing', () => {
    const capture = { repository: '/srv/b', state: 'idle' as const, lastDrill: drill };
    const text = shown({ strategy: 'verifyBackup', state: 'completed', capture });
    expect(text).toContain('restored 0x8');
    expect(text).not.toContain('captured');
  });
});

describe('a status as text', () => {
  const text = renderStatus(statusFixture(), view);

  it('says what runs, towards what, and how far it is', () => {
    expect(text).toContain('rollingUpgrade orders: orders from 3.8.4 to 3.9.6');
    expect(text).toContain('running · upgrade · stopServer on zk2');
    expect(text).toContain('2/6 steps · upgrade · 12 steps/min · 1 min 33 s left');
  });

  it('folds servers that are done or to come, and opens the one at work', () => {
    expect(text).toContain('✓ zk1 (follower): 3.8.4 → 3.9.6 1.0 s');
    expect(text).not.toContain('stopServer on zk1');
    expect(text).toContain('    ▶ stopServer on zk2');
    expect(text).toContain('    · startServer on zk2');
    expect(text).toContain('· zk3 (leader): 3.8.4 → 3.9.6');
    expect(text).not.toContain('startServer on zk3');
  });

  it('shows every step, and the gates ahead, when asked to', () => {
    const all = renderStatus(statusFixture(), { ...view, allSteps: true });
    expect(all).toContain('✓ stopServer on zk1 400 ms');
    expect(all).toContain('· stopServer on zk3 [gate beforeLeader]');
  });

  it('gives each next action as a command line', () => {
    expect(text).toContain('zkferry pause zkferry-upgrade-orders-20260131T000000Z');
    expect(text).toContain('zkferry rollback zkferry-upgrade-orders-20260131T000000Z');
  });

  it('says why there is no way back', () => {
    const shown = renderStatus(
      statusFixture({ rollback: { possible: false, reason: 'a 3.5 server has led' } }),
      view,
    );
    expect(shown).toContain('no rollback: a 3.5 server has led');
  });

  it('shows an error, a pause and warnings, and leaves infos out', () => {
    const shown = renderStatus(
      statusFixture({
        state: 'paused',
        paused: { since: '2026-01-31T00:00:00.000Z', by: 'ann', comment: 'lunch' },
        error: { type: 'WaitTimedOut', message: 'zk2 does not serve' },
        findings: [
          {
            severity: 'warning',
            code: 'NoMargin',
            server: 'zk2',
            message: 'no margin',
            hint: 'add one',
          },
          { severity: 'info', code: 'Nice', message: 'all is well' },
        ],
      }),
      view,
    );
    expect(shown).toContain('paused since 2026-01-31 00:00:00Z by ann: lunch');
    expect(shown).toContain('WaitTimedOut: zk2 does not serve');
    expect(shown).toContain('warning NoMargin (zk2): no margin; add one');
    expect(shown).not.toContain('all is well');
  });
});

describe('a gate', () => {
  it('says what it asks and the exact commands that answer for this very plan', () => {
    const card = renderGate('w1', openGate, view);
    expect(card).toContain('gate beforeLeader: approval needed');
    expect(card).toContain('zk3 leads: its restart costs one leader change');
    expect(card).toContain('zkferry approve w1 beforeLeader --plan-hash abcdef012345');
    expect(card).toContain('zkferry reject w1 beforeLeader --plan-hash abcdef012345');
  });

  it('that wants more than one says who has approved, and how many are needed', () => {
    const none = renderGate('w1', { ...openGate, needed: 2, approvals: [] }, view);
    expect(none).toContain('approval needed, 0 of 2 so far');
    const approvals = [{ by: 'ada', at: '', expiresAt: '2026-01-31T01:00:00.000Z' }];
    const one = renderGate('w1', { ...openGate, needed: 2, approvals }, view);
    expect(one).toContain('1 of 2 so far');
    expect(one).toContain('approved by ada, counts until 2026-01-31 01:00:00Z');
  });

  it('says what a timeout does', () => {
    const card = renderGate(
      'w1',
      { ...openGate, onTimeout: 'rollback', expiresAt: '2026-01-31T01:00:00.000Z' },
      view,
    );
    expect(card).toContain('without an answer until 2026-01-31 01:00:00Z the run rolls back');
  });

  it('has its answers once: on its card, not among the next actions', () => {
    const shown = renderStatus(
      statusFixture({
        state: 'waiting',
        gate: openGate,
        nextActions: [{ action: 'approve', input: { gate: 'beforeLeader' }, description: 'pass' }],
      }),
      view,
    );
    expect(shown.match(/zkferry approve/g)).toHaveLength(1);
  });
});

test('where only signed controls count it says so, and by whom', () => {
  const through = { request: 'POST /v1/runs/w1/resume', body: {}, by: 'an operator of orders' };
  const status = statusFixture({
    nextActions: [
      { action: 'pause', input: {}, description: 'stop' },
      { action: 'resume', input: {}, description: 'go on', through },
    ],
  });
  const wide = { ...view, width: 200 };
  expect(renderStatus(status, wide)).toContain(
    'counted only through zkferry server: set ZKFERRY_SERVER and ZKFERRY_TOKEN, or use its console (resume: an operator of orders)',
  );
  expect(renderStatus(status, { ...wide, throughServer: true })).toContain(
    'sent through the server',
  );
  const open = statusFixture({
    nextActions: [{ action: 'pause', input: {}, description: 'stop' }],
  });
  expect(renderStatus(open, wide)).not.toContain('zkferry server');
});

describe('a report', () => {
  const text = renderReport(report, view.colors);

  it('states each figure beside what the plan expected', () => {
    expect(text).toMatch(/took +45\.0 s \(expected 1 min 00 s\)/);
    expect(text).toMatch(/versions +zk1: 3\.8\.4 → 3\.9\.6/);
    expect(text).toMatch(/leader restarts +1 \(expected 1\), leader changes 1/);
    expect(text).toContain('1 over 250 ms, longest 612 ms (longest expected 900 ms)');
    expect(text).toContain('612 ms during stop zk3');
    expect(text).toContain('1200 writes acknowledged, 2 failed, 0 sessions lost');
    expect(text).toMatch(/not watched +4\.0 s/);
    expect(text).toContain('zxid 0x10000002a, 12 znodes');
    expect(text).toContain('agree: three members, one digest');
  });

  it('says so when there was no gap', () => {
    expect(gapLines([], 250, 900)).toEqual(['none over 250 ms (longest expected 900 ms)']);
  });

  it('bounds the list of gaps', () => {
    const many = Array.from({ length: 30 }, () => ({ startedAt: '', gapMs: 300 }));
    const lines = gapLines(many, 250, undefined);
    expect(lines).toHaveLength(22);
    expect(lines.at(-1)).toBe('  and 10 more');
  });
});

describe('following', () => {
  it('gives an event its time and place', () => {
    const { events, progress } = statusFixture();
    expect(renderEvent(events[1]!, progress, view.colors)).toBe(
      '00:00:02 [2/6 upgrade] stopServer on zk1: stopped',
    );
  });

  it('says each event once, also when the oldest fall out of the document', () => {
    const news = newsOf();
    const at = (n: number) => ({ at: `t${n}`, text: `event ${n}` });
    expect(news(statusFixture({ events: [at(1), at(2)] }))).toEqual([at(1), at(2)]);
    expect(news(statusFixture({ events: [at(1), at(2)] }))).toEqual([]);
    expect(news(statusFixture({ events: [at(2), at(3), at(3)] }))).toEqual([at(3), at(3)]);
    expect(news(statusFixture({ events: [at(3), at(3), at(4)] }))).toEqual([at(4)]);
  });

  it('draws state, progress and the cause of a wait', () => {
    const lines = renderLive(statusFixture({ throttle: { cause: 'it serves', soakMs: 1 } }), view);
    expect(lines.join('\n')).toContain('running · upgrade · stopServer on zk2');
    expect(lines.join('\n')).toContain('waits for: it serves');
  });

  it('draws a full bar for no steps at all', () => {
    expect(progressLine({ phase: 'done', done: 0, total: 0 }, view.colors)).toContain('0/0 steps');
  });
});

describe('the list of runs', () => {
  it('shows ensemble, phase, status and how long', () => {
    const text = renderRuns(
      [
        {
          workflowId: 'w1',
          runId: 'r1',
          strategy: 'rollingUpgrade',
          status: 'TIMED_OUT',
          ensemble: 'orders',
          phase: 'upgrade',
          startedAt: '2026-01-31T00:00:00.000Z',
          closedAt: '2026-01-31T02:07:00.000Z',
        },
      ],
      { ...view, now: new Date('2026-02-01T00:00:00Z') },
    );
    expect(text).toMatch(
      /w1 +rollingUpgrade +orders +upgrade +timed out +2026-01-31 00:00:00Z +2 h 07 min/,
    );
  });

  it.each([
    ['COMPLETED', 'rolledBack', 'rolled back'],
    ['COMPLETED', 'rejected', 'rejected'],
    ['COMPLETED', 'completed', 'completed'],
    ['COMPLETED', undefined, 'ended'],
    ['FAILED', 'failed', 'failed'],
    ['RUNNING', undefined, 'running'],
  ] as const)('%s to Temporal, outcome %s: %s', (status, outcome, word) => {
    const run = { workflowId: 'w1', runId: 'r1', strategy: 'rollingUpgrade', status };
    const startedAt = '2026-01-31T00:00:00.000Z';
    const text = renderRuns([{ ...run, ...(outcome && { outcome }), startedAt }], {
      ...view,
      now: new Date('2026-02-01T00:00:00Z'),
    });
    expect(text).toContain(` ${word} `);
  });

  it('says how to start one when there are none', () => {
    expect(renderRuns([], { ...view, now: new Date() })).toContain('zkferry run upgrade');
  });
});

describe('pieces of text', () => {
  it.each([
    [0, '0 ms'],
    [999, '999 ms'],
    [1_500, '1.5 s'],
    [59_949, '59.9 s'],
    [59_990, '1 min 00 s'],
    [3_599_400, '59 min 59 s'],
    [7_620_000, '2 h 07 min'],
    [273_600_000, '3 d 04 h'],
  ])('%d ms reads %s', (ms, text) => expect(duration(ms)).toBe(text));

  it('cuts by what is seen, not by colour codes', () => {
    const painted = `${pc.createColors(true).red('abcdef')}ghij`;
    expect(visibleLength(painted)).toBe(10);
    expect(cutToWidth(painted, 10)).toBe(painted);
    expect(visibleLength(cutToWidth(painted, 8))).toBe(8);
    expect(cutToWidth('abcdefghij', 4)).toBe('abc…\u001b[0m');
  });

  it('wraps at spaces within the width', () => {
    const wrapped = wrap('the quick brown fox jumps over the lazy dog', 20, '  ');
    expect(wrapped.split('\n').every((line) => line.length <= 20)).toBe(true);
    expect(wrapped.replace(/\s+/g, ' ')).toBe('the quick brown fox jumps over the lazy dog');
  });

  it.each([
    ['plain-1.2/x', 'plain-1.2/x'],
    ['two words', "'two words'"],
    ["it's", "'it'\\''s'"],
    ['$(reboot)', "'$(reboot)'"],
    ['', "''"],
  ])('quotes %j for a shell', (word, quoted) => expect(shellWord(word)).toBe(quoted));
});

describe('the status of a migration', () => {
  const closedAt = '2026-01-31T00:00:05.000Z';
  const moved = (over: Partial<MigrationStatus>, clock?: string) =>
    renderStatus(
      statusFixture({
        migration: {
          ...{ mode: 'physical', source: 'orders', target: 'dc2', serving: 'source' },
          ...{ writes: 'refused', expectedOutageMs: 5_000, beside: {} },
          ...over,
        },
      }),
      { ...view, ...(clock !== undefined && { clock: () => new Date(clock) }) },
    );

  it('says that nobody serves, since when and for how long', () => {
    const text = moved({ outages: [{ closed: 'source', closedAt }] }, '2026-01-31T00:00:09.500Z');
    expect(text).toMatch(/clients write to +nobody serves since 00:00:05 \(4\.5 s\)/);
    expect(text).toMatch(/all writes are at +orders: where one must be opened by hand/);
    expect(text).not.toContain('outage expected');
  });

  it('names the side that is being closed or opened, and claims nothing of it', () => {
    expect(moved({ writes: 'closing' })).toContain('orders, which is being closed');
    const outages = [{ closed: 'source', closedAt } as const];
    const text = moved({ writes: 'opening', serving: 'target', outages });
    expect(text).toContain('dc2 is being opened, and is not proven to serve yet');
  });

  it('keeps what is over, apart from a fence that stands', () => {
    const over = { closed: 'source', closedAt, opened: 'source' } as const;
    const text = moved({
      writes: 'taken',
      outages: [{ ...over, openedAt: '2026-01-31T00:00:07.000Z' }],
    });
    expect(text).toMatch(/clients write to +orders$/m);
    expect(text).toMatch(/nobody served +2\.0 s from 00:00:05 to 00:00:07: orders closed/);
    expect(text).not.toMatch(/^closed/m);
  });

  it('says of a capture that is over nothing but that', () => {
    const told = { detail: 'capturing, durable up to 0x1', lagMs: 2552, at: closedAt };
    const shown = (report: object) =>
      moved({ writes: 'taken', beside: { captureSource: { ...told, ...report } } });
    expect(shown({})).toMatch(/^captureSource +over$/m);
    expect(shown({ running: true })).toMatch(/captureSource +capturing, .*2552 ms behind; told/);
    const failed = 'failed, is tried again: no disk';
    expect(shown({ detail: failed, lagMs: undefined })).toMatch(/tried again: no disk; told/);
  });

  const taken = { writes: 'taken', serving: 'target' } as const;
  it.each([
    [{ to: 'target', clients: 3, led: 2 } as const, 'dc2 is open; 2 of 3 clients are led there'],
    [
      { to: 'target', clients: 3, led: 0, begun: true } as const,
      'dc2 is open; clients are being led there, 3 in all',
    ],
    [
      { to: 'target', clients: 3, led: 2, begun: true } as const,
      'dc2 is open; at least 2 of 3 clients are led there',
    ],
  ])('claims no writes while clients are led over: %j', (leading, expected) => {
    expect(moved({ ...taken, leading })).toContain(expected);
  });

  it('names where the clients of a stretch go, whose ensemble serves all along', () => {
    const leading = { to: 'target', clients: 3, led: 1 } as const;
    expect(moved({ writes: 'taken', mode: 'stretch', leading })).toContain(
      'orders is open; 1 of 3 clients are led to dc2',
    );
  });
});

describe('times in which nobody served, and write gaps', () => {
  const closed = { closed: 'source', closedAt: '2026-01-31T00:00:05.000Z' } as const;
  const outage = { ...closed, opened: 'target', openedAt: '2026-01-31T00:00:17.000Z' } as const;
  const watched = { ...report.availability, writeGaps: [] };
  const said = (writeGaps: WriteGap[], one: Outage) =>
    renderReport(
      { ...report, availability: { ...watched, writeGaps }, outages: [one], mode: 'physical' },
      view.colors,
    );

  it('are told beside each other where no probe wrote', () => {
    const text = said([], outage);
    expect(text).toMatch(
      /write gaps +not counted here: nobody served for 12\.0 s from 00:00:05 on/,
    );
    expect(text).not.toContain('none over');
    expect(said([], closed)).toContain('not counted here: nobody serves since 00:00:05');
  });

  it('are one where the probe saw most of it', () => {
    const gap = { startedAt: '2026-01-31T00:00:05.200Z', gapMs: 11_000 };
    expect(said([gap], outage)).not.toContain('not counted here');
    const begin = said([{ ...gap, gapMs: 600 }], outage);
    expect(begin).toMatch(/1 over 250 ms, longest 600 ms/);
    expect(begin).toContain('not counted here');
    const long = { ...outage, openedAt: '2026-01-31T00:00:47.000Z' };
    expect(said([{ ...gap, gapMs: 24_800 }], long)).toContain('not counted here');
  });

  it('are no gap where they are shorter than one', () => {
    const short = { ...outage, openedAt: '2026-01-31T00:00:05.200Z' };
    expect(said([], short)).toContain('none over 250 ms');
  });

  it('of a side that is moved as a whole: its restarts are not counted', () => {
    expect(said([], outage)).not.toMatch(/restarts/);
    expect(renderReport({ ...report, mode: 'stretch' }, view.colors)).toMatch(/leader restarts +1/);
  });
});

it('says of when findings are, and what no probe has watched', () => {
  const text = renderStatus(
    statusFixture({
      findings: [{ severity: 'warning', code: 'NoMargin', message: 'none to spare' }],
      foundAt: '2026-01-31T00:00:01.000Z',
      availability: {
        ...report.availability,
        unwatched: { since: '2026-01-31T00:00:03.000Z', why: 'the run waits at gate cutover' },
      },
    }),
    view,
  );
  expect(text).toContain('found 2026-01-31 00:00:01Z, when the plan in force was made');
  expect(text).toMatch(/not watched 4\.0 s in which no probe wrote/);
  expect(text).toContain('now, since 00:00:03: the run waits at gate cutover');
});

it('says once what holds a run', () => {
  const message = 'stop zk2 failed: no answer';
  const text = renderStatus(
    statusFixture({
      ...{ state: 'paused', headline: `held: ${message}` },
      paused: { since: '2026-01-31T00:00:03.000Z' },
      error: { type: 'WaitTimedOut', message },
    }),
    view,
  );
  expect(text.split(message)).toHaveLength(2);
  expect(text).toContain('paused · upgrade · held');
});

it('says why a step is tried again', () => {
  const reason = 'host zk6 (127.70.1.6): SSH refused at 127.70.1.6:2222 (connect ECONNREFUSED)';
  const status = statusFixture({ retrying: [{ what: 'provision zk6', attempt: 3, reason }] });
  const line = `tried again (attempt 3): provision zk6: ${reason}`;
  expect(renderStatus(status, { ...view, width: 200 })).toContain(line);
  expect(renderLive(status, view)).toContain(line);
});
