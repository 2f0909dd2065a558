/** A plan for people: as text for terminals and approvals, as Markdown for the Temporal UI. */
import type { Plan, PlanStep } from '../model/plan';
import {
  changeText,
  expectationText,
  pathText,
  shortName,
  turnsOf,
  type TurnView,
} from './planText';

export { renderPlanMarkdown } from './renderMarkdown';

const COLUMNS = 100;

/** Plain text, at most 100 columns, without colours; ends without a line break. */
export function renderPlanText(plan: Plan): string {
  const blocks = [
    heading(plan),
    findingLines(plan),
    cautionLines(plan),
    stepLines(plan),
    closing(plan),
  ];
  return blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n');
}

function heading(plan: Plan): string[] {
  const now = Object.entries(plan.fromVersions).map(([server, version]) => `${server} ${version}`);
  return [
    ...wrap(`${plan.direction === 'rollback' ? 'Way back' : 'Plan'}: ${plan.goal}`, '', '  '),
    ...wrap(`path      ${pathText(plan)}`, '  ', '            '),
    ...wrap(`now       ${now.join(', ') || 'unknown'}`, '  ', '            '),
    ...(plan.notServing?.length
      ? wrap(`down      ${plan.notServing.join(', ')}`, '  ', '            ')
      : []),
    ...wrap(`expected  ${expectationText(plan)}`, '  ', '            '),
    ...wrap(
      `way back  ${plan.direction === 'rollback' ? 'this is it' : (plan.rollbackLimit ?? 'possible until gate finalize')}`,
      '  ',
      '            ',
    ),
  ];
}

function findingLines({ findings }: Plan): string[] {
  if (findings.length === 0) return [];
  return [
    'Findings',
    ...findings.flatMap(({ severity, code, server, message, hint }) => [
      ...wrap(
        `${severity.padEnd(7)}  ${code}${server ? ` (${server})` : ''}: ${message}`,
        '  ',
        '           ',
      ),
      ...(hint ? wrap(`→ ${hint}`, '           ', '             ') : []),
    ]),
  ];
}

function cautionLines({ hops }: Plan): string[] {
  const lines = hops
    .filter(({ cautions }) => cautions.length > 0)
    .flatMap(({ from, to, cautions }) => [
      `  ${from} → ${to}`,
      ...cautions.flatMap((caution) => wrap(`- ${caution}`, '    ', '      ')),
    ]);
  return lines.length === 0 ? [] : ['What the path brings', ...lines];
}

function stepLines(plan: Plan): string[] {
  if (plan.steps.length === 0) return ['Steps', '  none'];
  const turns = turnsOf(plan.steps);
  return ['Steps', ...turns.flatMap((turn) => [...gateLines(turn), ...turnLines(turn)])];
}

function gateLines({ steps }: TurnView): string[] {
  const gated = steps.find(({ gate }) => gate !== undefined);
  if (!gated) return [];
  const mark = gated.pointOfNoReturn ? 'GATE, POINT OF NO RETURN' : 'GATE';
  return wrap(`${mark} ${gated.gate}: ${gated.gateReason ?? ''}`, '  == ', '     ');
}

const isTurn = ({ steps }: TurnView): boolean => steps.length > 1;

function turnLines(turn: TurnView): string[] {
  if (!isTurn(turn)) return singleLines(turn.steps[0]!);
  const { server, role, fromVersion, toVersion, steps } = turn;
  const main = steps.find(({ activity }) => activity === 'stopServer') ?? steps[0]!;
  const settings = steps
    .filter(({ activity }) => activity === 'migrateConfiguration')
    .flatMap(({ changes = [] }) => changes);
  return [
    `  ${server} (${role}) ${fromVersion} → ${toVersion}`,
    ...wrap(`do    ${steps.map(shortName).join(', ')}`, '    ', '          '),
    ...settings.flatMap((change) =>
      wrap(`set   ${changeText(change)}: ${change.why}`, '    ', '          '),
    ),
    ...wrap(`why   ${main.why}`, '    ', '          '),
    ...wrap(`then  ${proofOf(steps)}`, '    ', '          '),
    ...wrap(`undo  ${main.undo}`, '    ', '          '),
  ];
}

const proofOf = (steps: readonly PlanStep[]): string =>
  steps
    .filter(({ activity }) => activity === 'verifyQuorum' || activity === 'soak')
    .map(({ waitsFor }) => waitsFor)
    .join('; ');

function singleLines(step: PlanStep): string[] {
  return [
    ...wrap(step.title, '  ', '    '),
    ...wrap(`then  ${step.waitsFor}`, '    ', '          '),
    ...(step.changes ?? []).flatMap((change) => wrap(`set   ${changeText(change)}`, '    ', '          ')),
  ];
}

const closing = ({ hash }: Plan): string[] => [`plan ${hash}`];

/** Breaks at blanks; a word longer than a line stays whole. Line breaks in the text become blanks. */
function wrap(text: string, first: string, next: string): string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of splitKeepingColumns(text)) {
    if (!empty && line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = next;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
}

/** Words; the blanks that align a label with its text stay with the label. */
function splitKeepingColumns(text: string): string[] {
  const flat = text.replace(/[\r\n\t]+/g, ' ');
  const label = /^\S+( \S+)? {2,}/.exec(flat)?.[0] ?? '';
  const [head = '', ...rest] = flat.slice(label.length).split(' ');
  return [label + head, ...rest];
}
