/** What the demo proved, beside what its plan expected. */
import type { DemoOutcome } from '../../lab/demo/types';
import { labEnvironment } from '../../lab/demo/environment';
import type { StatusView } from './status';
import { plainTable } from './table';
import { count, duration, shellWord, wrap } from './text';

const MAX_GAPS_SHOWN = 30;

/** The line that `--json` prints. */
export function demoDocument(outcome: DemoOutcome): Record<string, unknown> {
  const { proof, report, plan } = outcome;
  return {
    ok: outcome.ok,
    strategy: plan.strategy,
    fromVersion: outcome.fromVersion,
    toVersion: outcome.toVersion,
    servers: outcome.changes.length,
    ackedWrites: proof.ackedWrites,
    lostWrites: proof.lostWrites,
    sessionsLost: proof.sessionsLost,
    ...(proof.sessionsEnded !== undefined && { sessionsEnded: proof.sessionsEnded }),
    leaderRestarts: report?.leaderRestarts ?? null,
    writeGapsMs: proof.writeGapsMs,
    workflowId: outcome.workflowId,
    ephemeralsLost: proof.ephemeralsLost,
    readsBackwards: proof.readsBackwards,
    elections: outcome.elections,
    durationMs: outcome.durationMs,
    ...(isMigration(outcome) && { mode: plan.migration?.mode }),
    [isOfServers(outcome) ? 'members' : 'versions']: outcome.changes,
    problems: outcome.problems,
    ...(outcome.kept ? { kept: outcome.place } : {}),
  };
}

/** @param command the plain command: what it needs is exported in the lines before it */
export function renderDemo(outcome: DemoOutcome, view: StatusView): string {
  const { colors } = view;
  const blocks = [
    colors.bold(`demo: ${goalOf(outcome)}, under load`),
    changesTable(outcome),
    figures(outcome, view),
    uiLine(outcome, view),
    outcome.ok
      ? colors.green('ok: nothing that was acknowledged was lost')
      : [colors.red('not ok'), ...outcome.problems.map((problem) => `  ${problem}`)].join('\n'),
    outcome.kept ? nextSteps(outcome, view) : '',
  ];
  return blocks.filter((block) => block !== '').join('\n\n');
}

const isResize = ({ plan }: DemoOutcome): boolean => plan.strategy === 'resizeEnsemble';

const isMigration = ({ plan }: DemoOutcome): boolean => plan.strategy === 'migrateDataCenter';

/** Told by who serves, not by what they run. */
const isOfServers = (outcome: DemoOutcome): boolean => isResize(outcome) || isMigration(outcome);

const goalOf = (outcome: DemoOutcome): string =>
  isOfServers(outcome) ? outcome.plan.goal : `${outcome.fromVersion} to ${outcome.toVersion}`;

const changesTable = ({ changes }: DemoOutcome): string =>
  plainTable(
    ['server', 'before', 'after'],
    changes.map(({ server, before, after }) => [server, before, after]),
  );

function figures(
  { proof, report, plan, elections, durationMs }: DemoOutcome,
  view: StatusView,
): string {
  const { expectation } = plan;
  const zero = (value: number) => zeroText(value, view);
  const gaps = proof.writeGapsMs;
  const longest = gaps.reduce((most, gap) => Math.max(most, gap), 0);
  const shown = gaps.slice(0, MAX_GAPS_SHOWN).map((gap) => `${gap} ms`);
  const more = gaps.length > MAX_GAPS_SHOWN ? `, and ${gaps.length - MAX_GAPS_SHOWN} more` : '';
  const table = plainTable(
    ['', 'measured', 'expected'],
    [
      ['acknowledged writes', String(proof.ackedWrites), ''],
      ['  lost', zero(proof.lostWrites), '0'],
      ['sessions lost', zero(proof.sessionsLost), '0'],
      ['ephemerals lost', zero(proof.ephemeralsLost), '0'],
      ['reads gone backwards', zero(proof.readsBackwards), '0'],
      [
        'server restarts',
        report ? String(report.serverRestarts) : '?',
        String(expectation.serverRestarts),
      ],
      [
        'leader restarts',
        report ? String(report.leaderRestarts) : '?',
        String(expectation.leaderRestarts),
      ],
      ['elections', String(elections), String(expectation.leaderRestarts)],
      [`write gaps of ${proof.gapThresholdMs} ms or more`, String(gaps.length), ''],
      [
        '  longest',
        gaps.length === 0 ? 'none' : `${longest} ms`,
        `${expectation.longestWriteGapMs} ms`,
      ],
      [
        'write latency',
        `p50 ${proof.ackLatencyMs.p50.toFixed(1)} ms, p99 ${proof.ackLatencyMs.p99.toFixed(1)} ms`,
        '',
      ],
      ['duration', duration(durationMs), duration(expectation.durationMs)],
    ],
  );
  if (gaps.length === 0) return table;
  return `${table}\n\n${wrap(`each write gap: ${shown.join(', ')}${more}`, view.width, '  ')}`;
}

/** A figure that is to be zero. */
export const zeroText = (value: number, { colors }: StatusView): string =>
  value === 0 ? colors.green('0') : colors.red(String(value));

export const workflowUrl = (uiUrl: string, workflowId: string): string =>
  `${uiUrl}/namespaces/default/workflows/${encodeURIComponent(workflowId)}`;

export function uiLine(
  { place, workflowId, kept }: Pick<DemoOutcome, 'place' | 'workflowId' | 'kept'>,
  { colors }: StatusView,
): string {
  if (place.uiUrl === undefined) return `workflow ${workflowId} at ${place.address}`;
  const url = workflowUrl(place.uiUrl, workflowId);
  if (kept) return `workflow ${colors.cyan(url)}`;
  return `workflow ${url}\n${colors.dim('(down with the demo; it stays up with --keep)')}`;
}

/** The same upgrade once more, which finds nothing to do; or the way back from a resize: one of the newcomers leaves. */
function nextRun(outcome: DemoOutcome): { options: string[]; input: Record<string, unknown> } {
  const { changes, toVersion, plan } = outcome;
  const { ensemble } = plan;
  if (!isResize(outcome))
    return {
      options: ['--to', toVersion],
      input: { ensemble, target: { version: toVersion } },
    };
  const leaves = changes.filter(({ before }) => before === 'spare').map(({ server }) => server);
  const remove = leaves.slice(0, 2);
  return { options: ['--remove', remove.join(',')], input: { ensemble, remove } };
}

/** What to click and type with everything left up. */
function nextSteps(outcome: DemoOutcome, view: StatusView): string {
  const { place, changes, plan } = outcome;
  const { colors, command } = view;
  // The old side is retired: what there is to look at is there, but nothing is left to be run.
  const next = isMigration(outcome) ? undefined : nextRun(outcome);
  const strategy = isResize(outcome) ? 'resize' : 'upgrade';
  const approval = JSON.stringify({ gate: 'start', approver: 'you' });
  const type = (text: string) => `    ${colors.cyan(text)}`;
  const environment = Object.entries(labEnvironment(place));
  return [
    colors.bold('everything is still up'),
    ...(place.uiUrl && next
      ? [
          `  click  ${place.uiUrl}`,
          `    Start Workflow: any workflow id, task queue zkferry, workflow type ${plan.strategy}, input`,
          type(JSON.stringify(next.input)),
          '    it waits at gate start: open the workflow, send the update or the signal approve with',
          type(approval),
        ]
      : []),
    '  type',
    ...environment.map(([name, value]) => type(`export ${name}=${shellWord(value)}`)),
    type(command(['status'])),
    type(command(['inspect', plan.migration?.target ?? plan.ensemble])),
    ...(next
      ? ['plan', 'run'].map((verb) =>
          type(command([verb, strategy, '--ensemble', plan.ensemble, ...next.options])),
        )
      : []),
    `  stop it all (${count(changes.length, 'server')}, Temporal, worker)`,
    type(command(['lab', 'down', plan.ensemble])),
  ].join('\n');
}
