/** A status document as text: what goes on, what is asked, how far it is, what can be done. */
import { WORKFLOW_TYPES } from '../../model/contract';
import type { OutsideEnd } from '../../model/runEnd';
import { headlineBeside } from '../../model/status';
import type { NextAction, OpenGate, Progress, RunState, StatusDocument } from '../../model/status';
import { isOver } from '../../adapters/temporal/over';
import type { Colors } from '../output';
import { captureLines, drillRunLines } from './capture';
import { migrationLines, writesText } from './migration';
import { gapLines, renderReport, withUncounted } from './report';
import { renderSteps } from './steps';
import { duration, instant, timeOfDay, wrap } from './text';

export interface StatusView {
  colors: Colors;
  width: number;
  /** Turns words into the command line a person can copy. */
  command: (words: string[]) => string;
  /** Controls go through zkferry server. */
  throughServer?: boolean;
  /** Show every step, not only those at work. */
  allSteps?: boolean;
  /** To say for how long something has lasted. */
  clock?: () => Date;
}

const HASH_SHOWN = 12;
const BAR_WIDTH = 24;

export function renderStatus(status: StatusDocument, view: StatusView): string {
  const blocks = [
    headBlock(status, view),
    status.gate ? renderGate(status.workflowId, status.gate, view) : '',
    status.error ? errorBlock(status, view) : '',
    findingsBlock(status, view),
    status.plan
      ? renderSteps(status.plan.steps, {
          colors: view.colors,
          width: view.width,
          all: view.allSteps,
        }).join('\n')
      : '',
    captureOf(status, view.colors).join('\n'),
    status.migration
      ? migrationLines(status.migration, view.colors, view.clock?.()).join('\n')
      : '',
    status.report ? renderReport(status.report, view.colors) : availabilityBlock(status, view),
    actionsBlock(status, view),
  ];
  return blocks.filter((block) => block !== '').join('\n\n');
}

const captureOf = ({ strategy, capture }: StatusDocument, colors: Colors): string[] =>
  capture === undefined
    ? []
    : strategy === WORKFLOW_TYPES.verify
      ? drillRunLines(capture, colors)
      : captureLines(capture, colors);

export function stateWord(state: RunState | OutsideEnd, colors: Colors): string {
  const paint: Record<RunState | OutsideEnd, (text: string) => string> = {
    running: colors.cyan,
    waiting: colors.yellow,
    paused: colors.yellow,
    rollingBack: colors.yellow,
    completed: colors.green,
    rolledBack: colors.yellow,
    rejected: colors.yellow,
    failed: colors.red,
    terminated: colors.red,
    cancelled: colors.red,
    timedOut: colors.red,
  };
  const words: Partial<Record<RunState | OutsideEnd, string>> = {
    rollingBack: 'rolling back',
    rolledBack: 'rolled back',
    timedOut: 'timed out',
  };
  return paint[state](words[state] ?? state);
}

function headBlock(status: StatusDocument, { colors, width }: StatusView): string {
  const goal = status.plan ? `: ${status.plan.goal}` : '';
  const lines = [
    `${colors.bold(`${status.strategy} ${status.ensemble}`)}${goal}`,
    colors.dim(`${status.workflowId}  updated ${instant(status.updatedAt)}`),
    `${stateWord(status.state, colors)} · ${status.phase} · ${wrap(headlineBeside(status), width)}`,
  ];
  if (status.progress) lines.push(progressLine(status.progress, colors));
  if (status.paused)
    lines.push(
      colors.yellow(
        `${status.paused.waits ? 'pause asked for at' : 'paused since'} ${instant(status.paused.since)}${status.paused.by ? ` by ${status.paused.by}` : ''}${status.paused.comment ? `: ${status.paused.comment}` : ''}`,
      ),
    );
  if (status.throttle.cause) lines.push(colors.dim(`waits for: ${status.throttle.cause}`));
  lines.push(...retryLines(status).map((line) => colors.yellow(wrap(line, width))));
  return lines.join('\n');
}

/** `█████░░░░░ 12/34 steps · upgrade · 14.2 steps/min · 1 min 33 s left`. */
export function progressLine(progress: Progress, colors: Colors): string {
  const share = progress.total === 0 ? 1 : progress.done / progress.total;
  const full = Math.round(share * BAR_WIDTH);
  const bar = colors.green('█'.repeat(full)) + colors.dim('░'.repeat(BAR_WIDTH - full));
  const parts = [`${bar} ${progress.done}/${progress.total} steps`, progress.phase];
  if (progress.ratePerMinute !== undefined) parts.push(`${progress.ratePerMinute} steps/min`);
  if (progress.timeLeftMs !== undefined && progress.done < progress.total)
    parts.push(`${duration(progress.timeLeftMs)} left`);
  return parts.join(' · ');
}

/** What a gate asks, and the exact commands that answer it. */
export function renderGate(workflowId: string, gate: OpenGate, view: StatusView): string {
  const { colors, width, command } = view;
  const hash = gate.planHash.slice(0, HASH_SHOWN);
  const { needed = 1, approvals = [] } = gate;
  const bar = colors.yellow('│');
  const words = (verb: string) => [verb, workflowId, gate.gate, '--plan-hash', hash];
  const lines = [
    colors.bold(
      `gate ${gate.gate}: approval needed${needed > 1 ? `, ${approvals.length} of ${needed} so far` : ''}`,
    ),
    ...approvals.map(
      ({ by, expiresAt }) =>
        `approved by ${by}${expiresAt ? `, counts until ${instant(expiresAt)}` : ''}`,
    ),
    ...wrap(gate.why, width - 2).split('\n'),
    colors.dim(`plan ${hash}, asked ${instant(gate.openedAt)}`),
    ...(gate.expiresAt && gate.onTimeout !== 'wait'
      ? [
          gate.onTimeout === 'abort'
            ? `without an answer until ${instant(gate.expiresAt)} the run ends`
            : `without an answer until ${instant(gate.expiresAt)} the run rolls back`,
        ]
      : []),
    `approve  ${colors.cyan(command(words('approve')))}`,
    `reject   ${colors.cyan(command(words('reject')))}`,
  ];
  return lines.map((line) => `${bar} ${line}`).join('\n');
}

function errorBlock(status: StatusDocument, { colors, width }: StatusView): string {
  const { type, message } = status.error!;
  return `${colors.red(type)}: ${wrap(message, width)}`;
}

function findingsBlock(status: StatusDocument, { colors, width }: StatusView): string {
  const paint = { error: colors.red, warning: colors.yellow, info: colors.dim };
  const shown = status.findings
    .filter(({ severity }) => severity !== 'info')
    .map(({ severity, code, server, message, hint }) => {
      const text = `${code}${server ? ` (${server})` : ''}: ${message}${hint ? `; ${hint}` : ''}`;
      return `${paint[severity](severity)} ${wrap(text, width - 8, '  ')}`;
    });
  if (shown.length > 0 && status.foundAt !== undefined)
    shown.push(colors.dim(`found ${instant(status.foundAt)}, when the plan in force was made`));
  return shown.join('\n');
}

function availabilityBlock(
  { availability, plan, migration }: StatusDocument,
  { colors }: StatusView,
): string {
  if (!availability) return '';
  const { acknowledgedWrites, failedWrites, unobservedMs, unwatched } = availability;
  if (acknowledgedWrites + failedWrites === 0) return '';
  const gaps = withUncounted(
    gapLines(availability.writeGaps, availability.thresholdMs, plan?.expectation.longestWriteGapMs),
    availability,
    migration?.outages,
  );
  const blind = [
    ...(unobservedMs > 0 ? [`${duration(unobservedMs)} in which no probe wrote`] : []),
    ...(unwatched ? [`now, since ${timeOfDay(unwatched.since)}: ${unwatched.why}`] : []),
  ];
  return [...titled('write gaps', gaps), ...titled('not watched', blind)]
    .map(([title, text]) => `${colors.dim(title.padEnd(12))}${text}`)
    .join('\n');
}

const titled = (title: string, lines: readonly string[]): [string, string][] =>
  lines.map((text, index) => [index === 0 ? title : '', text]);

function actionsBlock(status: StatusDocument, view: StatusView): string {
  const { colors, command } = view;
  // A gate's own answers stand on its card already.
  const actions = status.nextActions.filter(
    ({ action }) => !status.gate || (action !== 'approve' && action !== 'reject'),
  );
  const lines = actions.map(
    (action) =>
      `  ${colors.cyan(command(wordsOf(status.workflowId, action)))}  ${colors.dim(action.description)}`,
  );
  lines.push(...throughServerLines(status, view));
  if (!isOver(status.state) && !status.rollback.possible)
    lines.push(
      `  ${colors.dim(wrap(`no rollback: ${status.rollback.reason}`, view.width - 4, '  '))}`,
    );
  return lines.length === 0 ? '' : [colors.bold('next'), ...lines].join('\n');
}

/** Where this command alone would be refused. */
function throughServerLines({ nextActions }: StatusDocument, view: StatusView): string[] {
  const people = nextActions.flatMap(({ action, through }) =>
    through === undefined ? [] : [`${action}: ${through.by}`],
  );
  if (people.length === 0) return [];
  const how =
    view.throughServer === true
      ? 'sent through the server, and counted by whose token it is'
      : 'counted only through zkferry server: set ZKFERRY_SERVER and ZKFERRY_TOKEN, or use its console';
  const { colors, width } = view;
  return [`  ${colors.dim(wrap(`${how} (${people.join('; ')})`, width - 4, '  '))}`];
}

function wordsOf(workflowId: string, { action, input }: NextAction): string[] {
  const words: string[] = [action, workflowId];
  if (typeof input.gate === 'string') words.push(input.gate);
  if (typeof input.planHash === 'string')
    words.push('--plan-hash', input.planHash.slice(0, HASH_SHOWN));
  return words;
}

/** The block that is redrawn while a run is followed. */
export function renderLive(status: StatusDocument, view: StatusView): string[] {
  const { colors } = view;
  const lines = [
    '',
    `${stateWord(status.state, colors)} · ${status.phase} · ${status.headline.split('\n')[0]}`,
  ];
  if (status.progress) lines.push(progressLine(status.progress, colors));
  if (status.migration && (status.migration.writes ?? 'taken') !== 'taken')
    lines.push(colors.yellow(`clients: ${writesText(status.migration, view.clock?.())}`));
  lines.push(...captureOf(status, colors).slice(0, 2));
  if (status.throttle.cause) lines.push(colors.dim(`waits for: ${status.throttle.cause}`));
  lines.push(...retryLines(status).map((line) => colors.yellow(line.split('\n')[0])));
  return lines;
}

/** Why it takes longer than it should. */
const retryLines = ({ retrying = [] }: StatusDocument): string[] =>
  retrying.map(
    ({ what, attempt, reason }) => `tried again (attempt ${attempt}): ${what}: ${reason}`,
  );

/** One line for an event of a run: `18:17:15 [12/34 upgrade] zk2: …`. */
export function renderEvent(
  event: { at: string; text: string },
  progress: Progress | undefined,
  colors: Colors,
): string {
  const place = progress ? ` [${progress.done}/${progress.total} ${progress.phase}]` : '';
  return `${colors.dim(`${timeOfDay(event.at)}${place}`)} ${event.text}`;
}
