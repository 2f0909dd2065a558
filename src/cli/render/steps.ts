/** The steps of a run, grouped by server, each with a mark. */
import type { Colors } from '../output';
import type { PlannedStep, StepState } from '../../model/status';
import { duration, wrap } from './text';

export function stepMark(state: StepState, colors: Colors): string {
  const marks: Record<StepState, string> = {
    pending: colors.dim('·'),
    running: colors.cyan('▶'),
    done: colors.green('✓'),
    failed: colors.red('✗'),
    skipped: colors.dim('–'),
  };
  return marks[state];
}

interface Group {
  title: string;
  steps: PlannedStep[];
}

/** Consecutive steps on one server towards one version belong together. */
export function groupSteps(steps: readonly PlannedStep[]): Group[] {
  const groups: Group[] = [];
  for (const step of steps) {
    const title = titleOf(step);
    const last = groups.at(-1);
    if (last?.title === title) last.steps.push(step);
    else groups.push({ title, steps: [step] });
  }
  return groups;
}

function titleOf(step: PlannedStep): string {
  if (['upgrade', 'rollback', 'join', 'leave'].includes(step.phase)) {
    const role = step.role ? ` (${step.role})` : '';
    const versions =
      step.fromVersion && step.toVersion ? `: ${step.fromVersion} → ${step.toVersion}` : '';
    return `${step.server ?? 'ensemble'}${role}${versions}`;
  }
  return step.phase;
}

/** Groups that are all pending or all done take one line; the one at work is shown step by step. */
export function renderSteps(
  steps: readonly PlannedStep[],
  options: { colors: Colors; width: number; all?: boolean },
): string[] {
  const { colors, width, all = false } = options;
  return groupSteps(steps).flatMap((group) => {
    const states = new Set(group.steps.map((step) => step.state));
    const sole = states.size === 1 ? [...states][0]! : undefined;
    const spent = group.steps.reduce((sum, step) => sum + (step.durationMs ?? 0), 0);
    const took = spent > 0 ? colors.dim(` ${duration(spent)}`) : '';
    const mark = stepMark(sole ?? dominant(states), colors);
    const head = `${mark} ${colors.bold(group.title)}${took}`;
    if (!all && sole !== undefined && sole !== 'running' && sole !== 'failed') return [head];
    return [head, ...group.steps.flatMap((step) => stepLines(step, colors, width))];
  });
}

function dominant(states: Set<StepState>): StepState {
  const order: StepState[] = ['failed', 'running', 'done', 'skipped', 'pending'];
  // Part done, part pending is at work even between two steps.
  if (states.has('done') && states.has('pending') && !states.has('failed')) return 'running';
  return order.find((state) => states.has(state)) ?? 'pending';
}

function stepLines(step: PlannedStep, colors: Colors, width: number): string[] {
  const took = step.durationMs === undefined ? '' : colors.dim(` ${duration(step.durationMs)}`);
  const gate = step.gate && step.state === 'pending' ? colors.yellow(` [gate ${step.gate}]`) : '';
  const lines = [`    ${stepMark(step.state, colors)} ${step.title}${took}${gate}`];
  if (step.detail && step.state !== 'pending')
    lines.push(colors.dim(`      ${wrap(step.detail, width - 6, '      ')}`));
  return lines;
}
