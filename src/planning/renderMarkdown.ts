/** A plan and how far it is, as Markdown for the current details of a workflow in the Temporal UI. */
import type { Plan, PlanStep } from '../model/plan';
import type { StepState, StepStatus } from '../model/status';
import { adviceInShort } from './adviceText';
import {
  durationText,
  expectationText,
  pathText,
  shortName,
  turnsOf,
  turnText,
  utf8Bytes,
  wayBackText,
  type TurnView,
} from './planText';

/** Temporal takes 20,000 bytes of current details; the caller writes lines of its own above the plan. */
const MAX_BYTES = 17_500;
const MAX_FINDINGS_BYTES = 6_000;
const MAX_ADVICE_BYTES = 3_000;
const MAX_TEXT_CHARS = 300;

const MARK: Record<StepState, string> = {
  pending: '·',
  running: '▶',
  done: '✓',
  failed: '✗',
  skipped: '–',
};

/** Under 18,000 bytes whatever the plan: turns far from the present one are counted instead of shown. */
export function renderPlanMarkdown(
  plan: Plan,
  statuses: Readonly<Record<string, StepStatus>> = {},
): string {
  const head = headLines(plan, statuses);
  const foot = ['', `plan \`${plan.hash}\``];
  const turns = turnsOf(plan.steps);
  const room = MAX_BYTES - utf8Bytes([...head, '### Steps', ...foot].join('\n')) - 200;
  const steps =
    turns.length === 0 ? ['No steps.'] : ['### Steps', ...shownTurns(turns, statuses, room)];
  return [...head, ...steps, ...foot].join('\n');
}

function headLines(plan: Plan, statuses: Readonly<Record<string, StepStatus>>): string[] {
  const path = pathText(plan);
  const settled = plan.steps.filter(({ id }) => isSettled(statuses[id])).length;
  const findings = plan.findings.map(
    ({ severity, code, server, message, hint }) =>
      `- **${severity}** ${code}${server ? ` (${server})` : ''}: ${plain(message)}${hint ? `; *${plain(hint)}*` : ''}`,
  );
  const shown = firstThatFit(findings, MAX_FINDINGS_BYTES);
  const hidden = findings.length - shown.length;
  return [
    `### ${plan.direction === 'rollback' ? 'Way back' : 'Plan'}: ${plain(plan.goal)}`,
    `- ${path === undefined ? '' : `${path} · `}${settled} of ${plan.steps.length} steps done`,
    `- Expected: ${expectationText(plan)}`,
    ...(plan.direction === 'rollback' ? [] : [`- Way back: ${plain(wayBackText(plan))}`]),
    ...shown,
    ...(hidden > 0 ? [`- … and ${hidden} more finding(s): see the status document`] : []),
    ...adviceLines(plan),
    '',
  ];
}

/** How the modes compare, and what is left to people. */
function adviceLines({ advice }: Plan): string[] {
  if (advice === undefined) return [];
  const lines = adviceInShort(advice).map(
    ({ label, text }) => `- **${plain(label)}**: ${plain(text)}`,
  );
  const shown = firstThatFit(lines, MAX_ADVICE_BYTES);
  const hidden = lines.length - shown.length;
  return [
    '',
    ...shown,
    ...(hidden > 0 ? [`- … and ${hidden} more of the advice: see the status document`] : []),
  ];
}

function firstThatFit(lines: readonly string[], roomBytes: number): string[] {
  let used = 0;
  const after = lines.findIndex((line) => {
    used += utf8Bytes(line) + 1;
    return used > roomBytes;
  });
  return after === -1 ? [...lines] : lines.slice(0, after);
}

const isSettled = (status: StepStatus | undefined): boolean =>
  status !== undefined && ['done', 'skipped'].includes(status.state);

/** The turn in progress and as many around it as fit, the coming ones before the past ones. */
function shownTurns(
  turns: readonly TurnView[],
  statuses: Readonly<Record<string, StepStatus>>,
  roomBytes: number,
): string[] {
  const texts = turns.map((turn) => turnLine(turn, statuses));
  const sizes = texts.map((text) => utf8Bytes(text) + 1);
  const unfinished = turns.findIndex(
    ({ steps }) => !steps.every(({ id }) => isSettled(statuses[id])),
  );
  const present = unfinished === -1 ? turns.length - 1 : unfinished;
  let [first, last] = [present, present];
  let used = sizes[present]!;
  for (let grew = true; grew;) {
    grew = false;
    if (last + 1 < texts.length && used + sizes[last + 1]! <= roomBytes) {
      last += 1;
      used += sizes[last]!;
      grew = true;
    } else if (first > 0 && used + sizes[first - 1]! <= roomBytes) {
      first -= 1;
      used += sizes[first]!;
      grew = true;
    }
  }
  return [
    ...(first > 0 ? [`- … ${first} earlier turn(s) done`] : []),
    ...texts.slice(first, last + 1),
    ...(last + 1 < texts.length ? [`- … ${texts.length - last - 1} more turn(s) to come`] : []),
  ];
}

function turnLine(turn: TurnView, statuses: Readonly<Record<string, StepStatus>>): string {
  const gated = turn.steps.find(({ gate }) => gate !== undefined);
  const gate = gated
    ? `- ⏸ gate **${gated.gate}**${gated.pointOfNoReturn ? ' (point of no return)' : ''}\n`
    : '';
  const steps = turn.steps.map((step) => stepText(step, statuses[step.id])).join(', ');
  if (turn.steps.length === 1) {
    const [step] = turn.steps;
    const where = step!.server === undefined ? '' : `**${step!.server}** `;
    return `${gate}- ${where}${steps}`;
  }
  return `${gate}- **${turn.server}**${turnText({ ...turn, server: '' })}: ${steps}`;
}

function stepText(step: PlanStep, status: StepStatus | undefined): string {
  const took = status?.durationMs === undefined ? '' : ` ${durationText(status.durationMs)}`;
  return `${MARK[status?.state ?? 'pending']} ${shortName(step)}${took}`;
}

/** Texts may hold what a server or a person wrote: kept from being read as markup, and short. */
function plain(text: string): string {
  const flat = text.replace(/\s+/g, ' ').replace(/[<>`*_[\]]/g, (character) => `\\${character}`);
  return flat.length > MAX_TEXT_CHARS ? `${flat.slice(0, MAX_TEXT_CHARS)}…` : flat;
}
