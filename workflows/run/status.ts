/** Builds the status document, the report and the page shown in the Temporal UI from a run's state. */
import { setCurrentDetails, workflowInfo } from '@temporalio/workflow';
import { isWatched } from '../../src/planning/expectation';
import { backupText } from '../../src/planning/planText';
import { renderPlanMarkdown } from '../../src/planning/renderPlan';
import type { Finding } from '../../src/model/facts';
import type { Plan, StepActivity } from '../../src/model/plan';
import { headlineBeside } from '../../src/model/status';
import type {
  Availability,
  NextAction,
  Progress,
  StatusDocument,
  UpgradeReport,
} from '../../src/model/status';
import { migrationStatus } from './migrationStatus';
import { rulesOf } from './rules';
import { currentOutage, uncountedText } from './rules/outages';
import { sideServerLines } from './sideServers';
import { actionLine, steered } from './steering';
import { findingsOf, isEnded, isPaused, isSettled, now, statusOf, type RunState } from './state';

const SHOWN_EVENTS = 5;
const MAX_EVENT_CHARS = 200;

export const GAP_THRESHOLD_MS = 250;
/** Temporal's limit is 20,000. */
const DETAILS_LIMIT_BYTES = 19_500;

export function statusDocument(state: RunState): StatusDocument {
  const info = workflowInfo();
  const possibility = rollbackPossibility(state);
  return {
    strategy: state.identity.strategy,
    ensemble: state.opened.ensemble,
    workflowId: info.workflowId,
    runId: info.runId,
    state: shownState(state),
    phase: state.phase,
    headline: headlineOf(state),
    closed: state.closed,
    plan: state.plan && {
      ...state.plan,
      steps: state.plan.steps.map((step) => ({ ...step, ...statusOf(state, step) })),
    },
    gate: state.gate,
    gates: state.gates,
    paused: state.paused && {
      ...state.paused,
      ...(!standsStill(state) && { waits: true as const }),
    },
    throttle: { cause: state.throttleCause, soakMs: state.tuning.soakMs },
    availability: availability(state),
    migration: migrationStatus(state),
    progress: progress(state),
    findings: findingsNow(state),
    foundAt: state.foundAt,
    replans: state.replans,
    nextActions: nextActions(state, info.workflowId, possibility.possible),
    rollback: possibility,
    report: state.report,
    error: state.error,
    deliveries: state.deliveries,
    deliveriesDropped: state.deliveriesDropped,
    events: state.events,
    updatedAt: state.events.at(-1)?.at ?? state.startedAt,
  };
}

/** By code: the step that sees to it, so that once it is done the finding holds no more. */
const SEEN_TO: Readonly<Record<string, StepActivity>> = { NotCapturedYet: 'awaitCapture' };

/** What was found before the servers changed says nothing about them afterwards; the plan keeps it. */
export function findingsNow(state: RunState): Finding[] {
  const isPast =
    (isEnded(state) && state.touched.length > 0) ||
    state.state === 'completed' ||
    state.state === 'rolledBack' ||
    isStoppedAsWhole(state) ||
    state.fencedAt !== undefined;
  if (isPast) return [];
  const done = (state.forwardPlan ?? state.plan)?.steps.filter(
    (step) => state.steps[step.id]?.state === 'done',
  );
  return findingsOf(state).filter(
    ({ code }) => !done?.some(({ activity }) => activity === SEEN_TO[code]),
  );
}

/** What was asked for, and does not show yet: a way back waits for the step that is at work, a pause for the gate. */
export function headlineOf(state: RunState): string {
  const { headline, rollbackRequested } = state;
  if (state.phase === 'report' || isEnded(state)) return headline;
  if (state.state === 'rollingBack' || rollbackRequested === undefined) return withPause(state);
  const { by, atOnce } = rollbackRequested;
  const asked = `rollback asked for${by === undefined ? '' : ` by ${by}`}`;
  return atOnce ? `${asked}: begins now` : `${asked}, begins once this is done: ${headline}`;
}

function withPause(state: RunState): string {
  const { headline, paused, headlineBefore, gate } = state;
  if (paused === undefined || paused.held || headlineBefore !== undefined) return headline;
  const who = `paused${paused.by === undefined ? '' : ` by ${paused.by}`}`;
  if (gate !== undefined)
    return `${headline}; ${who}: once the gate is passed the run stops before its next step, until it is resumed`;
  if (isPaused(state)) return `${who}: stops before its next step`;
  const asked = who.replace('paused', 'pause asked for');
  return `${headline}; ${asked}: stops once no server is down by its hand`;
}

/** Nothing goes on until a person says so: it is not only asked for. */
const standsStill = ({ headlineBefore, gate, paused }: RunState): boolean =>
  headlineBefore !== undefined || gate !== undefined || paused?.held === true;

/** A restore that has begun to: nothing that was said of the ensemble before holds. */
const isStoppedAsWhole = ({ plan, touched }: RunState): boolean =>
  plan?.restore !== undefined && plan.restore.subtree === undefined && touched.length > 0;

const shownState = (state: RunState): StatusDocument['state'] =>
  state.state === 'running' && isPaused(state) ? 'paused' : state.state;

/** Whether the way back is open now, and what a person should know about it. */
export function rollbackPossibility(state: RunState): { possible: boolean; reason: string } {
  if (state.touched.length === 0 && !state.finalized)
    return { possible: true, reason: 'nothing has been changed yet: a rollback just ends the run' };
  return rulesOf(state).wayBack(state);
}

export function availability(state: RunState): Availability {
  const { writeGaps, ...probe } = state.probe;
  return {
    ...probe,
    writeGaps,
    thresholdMs: GAP_THRESHOLD_MS,
    totalGapMs: writeGaps.reduce((sum, gap) => sum + gap.gapMs, 0),
    longestGapMs: writeGaps.reduce((longest, gap) => Math.max(longest, gap.gapMs), 0),
    ...unwatched(state),
  };
}

/** What happens to writes while nobody looks is in no gap: that is said. */
function unwatched(state: RunState): Pick<Availability, 'unwatched'> {
  if (isEnded(state) || state.generation === undefined) return {};
  const { gate, paused, plan, startedAt } = state;
  if (plan && rulesOf(state).generationOf?.(plan, startedAt) !== undefined)
    return { unwatched: { since: startedAt, why: 'the servers are stopped, all of them' } };
  if (gate)
    return { unwatched: { since: gate.openedAt, why: `the run waits at gate ${gate.gate}` } };
  if (paused && isPaused(state))
    return { unwatched: { since: paused.since, why: 'the run stands still' } };
  return {};
}

function progress(state: RunState): Progress | undefined {
  if (!state.plan) return undefined;
  const statuses = state.plan.steps.map((step) => statusOf(state, step));
  const finished = statuses.filter((status) => status.durationMs !== undefined);
  const done = statuses.filter(isSettled).length;
  const total = statuses.length;
  // Waiting for people is no work: the rate is that of the steps themselves.
  const busyMs = finished.reduce((sum, status) => sum + (status.durationMs ?? 0), 0);
  const perStepMs = finished.length > 0 ? busyMs / finished.length : undefined;
  return {
    phase: state.phase,
    done,
    total,
    ratePerMinute: perStepMs ? Math.round((60_000 / perStepMs) * 10) / 10 : undefined,
    timeLeftMs:
      perStepMs === undefined || standsStill(state)
        ? undefined
        : Math.round(perStepMs * (total - done)),
  };
}

function nextActions(state: RunState, workflowId: string, canRollback: boolean): NextAction[] {
  if (isEnded(state)) return [];
  const actions: NextAction[] = [];
  if (state.gate) {
    const { gate, planHash } = state.gate;
    // The beginning is enough to tell plans apart, and short enough to be read and copied.
    const decision = { gate, approver: 'your name', planHash: planHash.slice(0, 12) };
    actions.push(
      { action: 'approve', input: decision, description: `pass gate ${state.gate.gate}` },
      { action: 'reject', input: decision, description: `refuse gate ${state.gate.gate}` },
    );
  }
  if (state.paused)
    actions.push({
      action: 'resume',
      input: {},
      description: state.paused.held ? 'try the failed step again' : 'go on',
    });
  else if (!state.gate)
    actions.push({ action: 'pause', input: {}, description: 'stop before the next step' });
  if (canRollback && state.state !== 'rollingBack' && state.rollbackRequested === undefined)
    actions.push({ action: 'rollback', input: {}, description: 'take back what was changed' });
  return actions.map((action) => steered(state, workflowId, action));
}

export function buildReport(state: RunState, outcome: UpgradeReport['outcome']): UpgradeReport {
  const forward = state.forwardPlan ?? state.plan;
  const aside = forward === undefined ? [] : asideOf(state, forward);
  const report: UpgradeReport = {
    outcome,
    fromVersions: forward?.fromVersions ?? {},
    toVersions: state.observation?.versions ?? {},
    serverRestarts: state.serverRestarts,
    leaderRestarts: state.leaderRestarts,
    leaderChanges: state.leaderChanges,
    availability: availability(state),
    planned: forward?.expectation ?? {
      serverRestarts: 0,
      leaderRestarts: 0,
      longestWriteGapMs: 0,
      durationMs: 0,
    },
    durationMs: Date.now() - Date.parse(state.startedAt),
    backup: state.backup,
    membersAgree: state.membersAgree,
    ...(forward?.members && {
      members: { before: forward.members.before, after: state.observation?.members },
    }),
    ...(forward?.migration && { mode: forward.migration.mode }),
    ...(state.outages && { outages: state.outages }),
    ...(state.clients && { clients: state.clients }),
    ...(aside.length > 0 && { aside }),
    text: '',
  };
  return { ...report, text: reportText(state, report) };
}

/** Data that a restore has set aside and not put back. */
function asideOf(state: RunState, { steps }: Plan): { server: string; detail: string }[] {
  const broughtBack = (state.plan?.steps ?? [])
    .filter(({ activity }) => activity === 'bringBackData')
    .filter((step) => statusOf(state, step).state === 'done')
    .map(({ server }) => server);
  return steps
    .filter(({ activity, server }) => activity === 'setAsideData' && !broughtBack.includes(server))
    .flatMap((step) => {
      const { state: done, detail } = statusOf(state, step);
      return done === 'done' ? [{ server: step.server ?? '', detail: detail ?? '' }] : [];
    });
}

const restartsText = (report: UpgradeReport): string =>
  `server restarts ${report.serverRestarts} (planned ${report.planned.serverRestarts}), of the leader ${report.leaderRestarts} (planned ${report.planned.leaderRestarts}), leader changes ${report.leaderChanges}`;

function reportText(state: RunState, report: UpgradeReport): string {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
  const gaps = report.availability.writeGaps.map(
    (gap) => `${Math.round(gap.gapMs)} ms${gap.during ? ` (${gap.during})` : ''}`,
  );
  const unseen = uncountedText(report);
  const gapsText = [
    ...(gaps.length === 0 && unseen !== '' ? [] : [gaps.join(', ') || 'none']),
    ...(unseen === '' ? [] : [unseen]),
  ].join('; ');
  return [
    `${state.opened.ensemble}: ${rulesOf(state).title} ${report.outcome} in ${seconds(report.durationMs)}`,
    ...rulesOf(state).outcomeLines(state),
    ...(report.mode === 'physical' || report.mode === 'logical' ? [] : [restartsText(report)]),
    ...(isWatched(report)
      ? [
          `write gaps over ${report.availability.thresholdMs} ms: ${gapsText}; longest expected ${report.planned.longestWriteGapMs} ms`,
          `probe: ${report.availability.acknowledgedWrites} writes acknowledged, ${report.availability.sessionsLost} sessions lost, ${seconds(report.availability.unobservedMs)} not watched`,
        ]
      : [`write gaps not measured; longest expected ${report.planned.longestWriteGapMs} ms`]),
    ...(report.aside ?? []).map(({ server, detail }) => `old data of ${server}: ${detail}`),
    ...(report.backup ? [`backup: ${backupText(report.backup)}`] : []),
    ...(report.membersAgree ? [`members: ${report.membersAgree.detail}`] : []),
  ].join('\n');
}

/** The plan's own rendering leaves room for the lines above it. */
export function showDetails(state: RunState): void {
  const { workflowId } = workflowInfo();
  const actions = nextActions(state, workflowId, rollbackPossibility(state).possible)
    .map(actionLine)
    .join('\n');
  const lines = [
    `**${shownState(state)}** · ${state.phase} · ${headlineBeside(state)}`,
    state.error ? `**${state.error.type}**: ${state.error.message}` : '',
    actions ? `### What you can do\n${actions}` : '',
    outageLine(state),
    besideLines(state),
    serverLines(state),
    state.report ? `### Report\n\`\`\`\n${state.report.text}\n\`\`\`` : '',
    state.events.length > 0 ? `### Latest\n${latestEvents(state)}` : '',
    state.plan
      ? renderPlanMarkdown({ ...state.plan, findings: findingsNow(state) }, state.steps)
      : '',
    `_${now()}_`,
  ];
  setCurrentDetails(
    firstBytes(lines.filter((line) => line !== '').join('\n\n'), DETAILS_LIMIT_BYTES),
  );
}

/** Said as long as it lasts. */
function outageLine(state: RunState): string {
  const outage = currentOutage(state);
  return outage === undefined ? '' : `**Nobody is proven to serve since ${outage.closedAt}**`;
}

/** What a migration does beside its steps, and who is still where. */
function besideLines({ beside = {} }: RunState): string {
  const lines = Object.entries(beside).map(
    ([name, { detail, lagMs }]) =>
      `- ${name}: ${detail}${lagMs === undefined ? '' : `, lag ${lagMs} ms (p99)`}`,
  );
  return lines.length === 0 ? '' : `### Beside the steps\n${lines.join('\n')}`;
}

/** What a person may have to do on hosts; a report says it by itself. */
function serverLines(state: RunState): string {
  const lines = state.report === undefined ? sideServerLines(state) : [];
  return lines.length === 0
    ? ''
    : `### Servers\n${lines.map((line) => `- ${line.trim()}`).join('\n')}`;
}

/** A refused signal is answered nowhere else on the page. */
function latestEvents(state: RunState): string {
  const text = (event: string) =>
    event
      .replace(/\s+/g, ' ')
      .slice(0, MAX_EVENT_CHARS)
      .replace(/[<>`*_[\]]/g, (character) => `\\${character}`);
  return state.events
    .slice(-SHOWN_EVENTS)
    .map(({ at, text: event }) => `- ${at.slice(11, 19)} ${text(event)}`)
    .join('\n');
}

/** Cut at whole characters. UTF-8 takes at most 3 bytes for a UTF-16 unit. */
function firstBytes(text: string, limit: number): string {
  let bytes = 0;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    bytes += unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
    if (bytes > limit) return text.slice(0, index);
  }
  return text;
}
