/** A plan for people: as text for terminals and approvals, as Markdown for the Temporal UI. */
import type { Plan } from '../model/plan';
import { adviceBlocks } from './adviceText';
import {
  changeText,
  expectationText,
  pathText,
  shortName,
  turnsOf,
  turnText,
  wayBackText,
  type TurnView,
} from './planText';
import { wrap } from './wrap';

export { renderPlanMarkdown } from './renderMarkdown';

/** Plain text, at most 100 columns, without colours; ends without a line break. */
export function renderPlanText(plan: Plan): string {
  const blocks = [
    heading(plan),
    findingLines(plan),
    ...(plan.advice === undefined ? [] : adviceBlocks(plan.advice)),
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
  const path = pathText(plan);
  const now = Object.entries(plan.fromVersions).map(([server, version]) => `${server} ${version}`);
  return [
    ...wrap(`${plan.direction === 'rollback' ? 'Way back' : 'Plan'}: ${plan.goal}`, '', '  '),
    ...(path === undefined ? [] : wrap(`path      ${path}`, '  ', '            ')),
    ...wrap(`now       ${now.join(', ') || 'unknown'}`, '  ', '            '),
    ...(plan.notServing?.length
      ? wrap(`down      ${plan.notServing.join(', ')}`, '  ', '            ')
      : []),
    ...(plan.steps.length === 0 ? [] : costLines(plan)),
  ];
}

const costLines = (plan: Plan): string[] => [
  ...wrap(`expected  ${expectationText(plan)}`, '  ', '            '),
  ...wrap(
    `way back  ${plan.direction === 'rollback' ? 'this is it' : wayBackText(plan)}`,
    '  ',
    '            ',
  ),
];

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
  const lines: string[] = [];
  const said = new Map<string, string>();
  let hop: string | undefined;
  for (const turn of alikeTogether(turnsOf(plan.steps))) {
    const isTurn = turn.steps.length > 1 || plan.strategy === 'resizeEnsemble';
    if (isTurn && turn.toVersion !== hop) {
      hop = turn.toVersion;
      lines.push(...gap(lines), headingOf(plan, hop), ...proofLines(turn));
    } else if (!isTurn && hop !== undefined) {
      hop = undefined;
      lines.push(...gap(lines), 'In the end');
    } else if (lines.length === 0) lines.push(startOf(plan));
    lines.push(...gateLines(turn), ...(isTurn ? turnLines(turn, said) : singleLines(turn)));
  }
  return lines;
}

const headingOf = (plan: Plan, version: string | undefined): string =>
  plan.strategy === 'resizeEnsemble' ||
  (plan.strategy === 'migrateDataCenter' && pathText(plan) === undefined)
    ? 'One server at a time'
    : `Servers to ${version}`;

const startOf = ({ strategy }: Plan): string =>
  strategy === 'restoreBackup' ? 'Steps' : 'Before any server is touched';

const gap = (lines: readonly string[]): string[] => (lines.length === 0 ? [] : ['']);

interface ShownTurn extends TurnView {
  /** Servers that have the same single step one after the other. */
  servers: string[];
}

/** The same preparation on several servers is said once. */
function alikeTogether(turns: readonly TurnView[]): ShownTurn[] {
  const shown: ShownTurn[] = [];
  for (const turn of turns) {
    const [last, step] = [shown.at(-1), turn.steps[0]!];
    const before = last?.steps[0];
    const servers = turn.server === undefined ? [] : [turn.server];
    if (
      last?.steps.length === 1 &&
      turn.steps.length === 1 &&
      step.gate === undefined &&
      before?.activity === step.activity &&
      String(before.versions) === String(step.versions)
    )
      last.servers.push(...servers);
    else shown.push({ ...turn, servers });
  }
  return shown;
}

function gateLines({ steps }: TurnView): string[] {
  const gated = steps.find(({ gate }) => gate !== undefined);
  if (!gated) return [];
  const mark = gated.pointOfNoReturn ? 'GATE, POINT OF NO RETURN' : 'GATE';
  return wrap(`${mark} ${gated.gate}: ${gated.gateReason ?? ''}`, '  == ', '     ');
}

/** What is waited for is the same for every server of a hop. */
function proofLines({ steps, server }: TurnView): string[] {
  const proof = steps
    .filter(({ activity }) => activity === 'verifyQuorum' || activity === 'soak')
    .map(({ waitsFor }) => waitsFor.replace(/; then .* is taken out again$/, ''));
  return proof.length === 0 || server === undefined
    ? []
    : wrap(`after each, until: ${proof.join('; ')}`, '  ', '    ');
}

function turnLines(turn: TurnView, said: Map<string, string>): string[] {
  const { steps } = turn;
  const main =
    steps.find(({ activity }) => activity === 'changeMembers') ??
    steps.find(({ activity }) => activity === 'stopServer') ??
    steps[0]!;
  return [
    ...wrap(`${turnText(turn)}: ${steps.map(shortName).join(', ')}`, '  ', '    '),
    ...settingLines(turn, said),
    ...wrap(`why   ${main.why}`, '    ', '          '),
    ...wrap(`undo  ${main.undo}`, '    ', '          '),
  ];
}

/** A change that was said in full is repeated by name only. */
function settingLines(
  { server = '', toVersion, steps }: TurnView,
  said: Map<string, string>,
): string[] {
  const changes = steps
    .filter(({ activity }) => activity === 'migrateConfiguration')
    .flatMap((step) => step.changes ?? []);
  return changes.flatMap((change) => {
    const text = `${changeText(change)}: ${change.why}`;
    const key = `${toVersion} ${text}`;
    const before = said.get(key);
    if (before === undefined) said.set(key, server);
    return wrap(
      `set   ${before === undefined ? text : `${change.file}: ${change.setting} as on ${before}`}`,
      '    ',
      '          ',
    );
  });
}

function singleLines({ steps, servers }: ShownTurn): string[] {
  const step = steps[0]!;
  const title =
    servers.length > 1
      ? step.title.replace(new RegExp(`\\b${servers[0]}\\b`), servers.join(', '))
      : step.title;
  return [
    ...wrap(title, '  ', '    '),
    ...wrap(`then  ${step.waitsFor}`, '    ', '          '),
    ...(step.changes ?? []).flatMap((change) =>
      wrap(`set   ${changeText(change)}`, '    ', '          '),
    ),
  ];
}

const closing = ({ hash }: Plan): string[] => [`plan ${hash}`];
