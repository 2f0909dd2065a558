/** What a migration tells of who serves: true at every step, forth and back. */
import type { StepResult } from '../../../activities/api';
import {
  migrateDataCenterInputSchema,
  type MigrateDataCenterRequest,
} from '../../../src/model/migrationInputs';
import type { Migration, Plan, PlanStep } from '../../../src/model/plan';
import type { MigrationStatus } from '../../../src/model/status';
import { planLogical, planLogicalBack } from '../../../src/planning/migrate/logicalPlan';
import { planPhysical, planPhysicalBack } from '../../../src/planning/migrate/physicalPlan';
import { migrationStatus } from '../../../workflows/run/migrationStatus';
import { rulesOf } from '../../../workflows/run/rules';
import { newRunState, type RunInput, type RunState } from '../../../workflows/run/state';
import { findingsNow } from '../../../workflows/run/status';
import { threeServers } from '../planning/ensembles';

const identity = { workflowId: 'w', runId: 'r', strategy: 'migrateDataCenter' as const };
const migration: Migration = {
  mode: 'physical',
  source: 'orders',
  target: 'dc2',
  oldServers: ['zk1', 'zk2', 'zk3'],
  newServers: ['zk4', 'zk5', 'zk6'],
};

const facts = (findings: Plan['findings'] = []) => ({
  source: threeServers('3.8.4'),
  target: threeServers('3.8.4'),
  ...{ migration, clients: [], findings },
});

const inputOf = (mode: 'physical' | 'logical') =>
  migrateDataCenterInputSchema.parse({
    ...{ source: 'orders', target: 'dc2', mode },
  } satisfies MigrateDataCenterRequest);

function run(mode: 'physical' | 'logical', findings: Plan['findings'] = []): RunState {
  const input = inputOf(mode);
  const state = newRunState(input as unknown as RunInput, identity);
  state.plan = (mode === 'physical' ? planPhysical : planLogical)(facts(findings), input);
  state.forwardPlan = state.plan;
  return state;
}

function turnBack(state: RunState, isOpened: boolean): void {
  const begun = state.forwardPlan!.steps.map(({ id }) => id).filter((id) => state.steps[id]);
  const plan = modeOf(state) === 'physical' ? planPhysicalBack : planLogicalBack;
  const done = { begun, opened: isOpened, redirected: [] };
  state.state = 'rollingBack';
  state.plan = plan(facts(), inputOf(modeOf(state)), done);
}

const modeOf = (state: RunState) =>
  (state.input as unknown as { mode: 'physical' | 'logical' }).mode;

/** A second after whatever was before. */
function at(): string {
  jest.advanceTimersByTime(1_000);
  return new Date().toISOString();
}

const begin = (state: RunState, { id }: PlanStep): void => {
  state.steps[id] = { id, state: 'running', startedAt: at() };
};

function end(state: RunState, step: PlanStep): void {
  Object.assign(state.steps[step.id]!, { state: 'done', finishedAt: at() });
  const result: Partial<StepResult> = step.activity === 'fenceServers' ? { fencedAt: at() } : {};
  if (result.fencedAt !== undefined) state.fencedAt = result.fencedAt;
  rulesOf(state).settle(state, step);
}

const told = (state: RunState): MigrationStatus => migrationStatus(state)!;

/** Goes through all steps of the plan; what is told while each runs, and once it is done. */
function walk(state: RunState): string[] {
  const seen: string[] = [];
  const tell = (step: PlanStep) => {
    const { writes, serving } = told(state);
    const line = `${writes}${writes === 'taken' ? ` ${serving}` : ''}`;
    if (seen.at(-1)?.startsWith(`${line}:`) !== true)
      seen.push(`${line}: ${step.activity}/${step.side ?? ''}`);
  };
  for (const step of state.plan!.steps) {
    begin(state, step);
    tell(step);
    end(state, step);
    tell(step);
  }
  return seen.map((line) => line.split(':')[0]!);
}

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe.each(['physical', 'logical'] as const)('%s', (mode) => {
  const forth = ['taken source', 'closing', 'refused', 'opening', 'taken target'];

  test('forth: nobody serves from the fence until the other side is proven open', () => {
    const state = run(mode);
    expect(walk(state)).toEqual(forth);
    expect(told(state).outages).toEqual([
      {
        ...{ closed: 'source', closedAt: state.fencedAt },
        ...{ opened: 'target', openedAt: state.openedAt },
      },
    ]);
    expect(told(state)).toMatchObject({ fencedAt: state.fencedAt, openedAt: state.openedAt });
  });

  test('back again from there: a second time in which nobody serves, and no fence left to tell of', () => {
    const state = run(mode);
    walk(state);
    turnBack(state, true);
    expect(walk(state)).toEqual([
      ...['taken target', 'closing', 'refused', 'opening', 'taken source'],
    ]);
    const { outages = [], fencedAt, openedAt } = told(state);
    expect(outages.map(({ closed, opened }) => [closed, opened])).toEqual([
      ['source', 'target'],
      ['target', 'source'],
    ]);
    expect([fencedAt, openedAt]).toEqual([undefined, undefined]);
    expect(rulesOf(state).outcomeLines(state).join()).toMatch(/dc2 closed .*orders proven open/);
  });

  test('turned back before the other side has opened: the old one serves, and is closed no more', () => {
    const state = run(mode);
    for (const step of state.plan!.steps) {
      begin(state, step);
      end(state, step);
      if (step.activity === 'fenceServers') break;
    }
    expect(told(state)).toMatchObject({ writes: 'refused', fencedAt: state.fencedAt });
    turnBack(state, false);
    expect(walk(state)).toEqual(['opening', 'taken source']);
    expect(told(state).fencedAt).toBeUndefined();
  });

  test('a fence that could not be proven may have closed some, until the way back has lifted it', () => {
    const state = run(mode);
    const fence = state.plan!.steps.find(({ activity }) => activity === 'fenceServers')!;
    begin(state, fence);
    state.steps[fence.id]!.state = 'failed';
    expect(told(state).writes).toBe('closing');
    turnBack(state, false);
    expect(walk(state).at(-1)).toBe('taken source');
  });
});

describe('findings', () => {
  const found: Plan['findings'] = [
    { severity: 'warning', code: 'NotCapturedYet', message: 'nothing yet' },
    { severity: 'info', code: 'Other', message: 'stays' },
  ];
  const codes = (state: RunState) => findingsNow(state).map(({ code }) => code);

  test('that nothing is captured holds no more once the capture has caught up', () => {
    const state = run('physical', found);
    const step = state.plan!.steps.find(({ activity }) => activity === 'awaitCapture')!;
    begin(state, step);
    expect(codes(state)).toEqual(['NotCapturedYet', 'Other']);
    end(state, step);
    expect(codes(state)).toEqual(['Other']);
  });

  test('of before say nothing of the ensemble that a run has left, and all of one it has not touched', () => {
    const state = run('physical', found);
    state.touched = [{ server: 'zk1', from: '', to: '', upgraded: false }];
    for (const ended of ['completed', 'rolledBack', 'failed'] as const)
      expect(codes(Object.assign(state, { state: ended }))).toEqual([]);
    state.touched = [];
    expect(codes(Object.assign(state, { state: 'failed' }))).toEqual(['NotCapturedYet', 'Other']);
  });
});
