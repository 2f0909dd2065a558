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
import { redirectSteps } from '../../../src/planning/migrate/redirectSteps';
import { differenceIn } from '../../../workflows/run/comparison';
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

const someClients = ['app1', 'app2', 'app3'];

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

describe('who is led over', () => {
  /** Where the new side is open, and nobody has been led there. */
  function opened(): RunState {
    const state = run('physical');
    walk(state);
    const redirect = { ...inputOf('physical').redirect, batch: 2 };
    const frame = { clients: someClients, redirect, asks: false, to: 'dc2', from: 'orders' };
    const leads = redirectSteps(frame);
    state.plan = { ...state.plan!, steps: [...state.plan!.steps, ...leads] };
    state.forwardPlan = state.plan;
    return state;
  }
  const batch = (state: RunState, index: number): PlanStep =>
    state.plan!.steps.filter(({ activity }) => activity === 'redirectClients')[index]!;

  test('is counted by batches, one that is not through as not known', () => {
    const state = opened();
    const seen = () => told(state).leading;
    expect(seen()).toEqual({ to: 'target', clients: 3, led: 0 });
    begin(state, batch(state, 0));
    expect(seen()).toEqual({ to: 'target', clients: 3, led: 0, begun: true });
    end(state, batch(state, 0));
    expect(seen()).toEqual({ to: 'target', clients: 3, led: 2 });
    begin(state, batch(state, 1));
    state.steps[batch(state, 1).id]!.state = 'failed';
    expect(seen()).toEqual({ to: 'target', clients: 3, led: 2, begun: true });
    end(state, batch(state, 1));
    expect(seen()).toBeUndefined();
  });

  test('without those whose failure was accepted', () => {
    const state = opened();
    for (const index of [0, 1]) {
      begin(state, batch(state, index));
      end(state, batch(state, index));
    }
    state.steps[batch(state, 0).id]!.detail = '1 redirected, 1 failed (app2: not healthy)';
    expect(told(state).leading).toEqual({ to: 'target', clients: 3, led: 2 });
  });

  test('back again, once the old side is open', () => {
    const state = opened();
    state.state = 'rollingBack';
    const forward = state.forwardPlan!.steps.map(({ id }) => id);
    const done = { begun: forward, opened: true, redirected: someClients };
    state.plan = planPhysicalBack(facts(), inputOf('physical'), done);
    const returning = state.plan.steps.findIndex(({ activity }) => activity === 'returnClients');
    for (const step of state.plan.steps.slice(0, returning)) {
      begin(state, step);
      end(state, step);
    }
    expect(told(state)).toMatchObject({ writes: 'taken', serving: 'source' });
    expect(told(state).leading).toEqual({ to: 'source', clients: 3, led: 0 });
    begin(state, state.plan.steps[returning]!);
    end(state, state.plan.steps[returning]!);
    expect(told(state).leading).toBeUndefined();
  });
});

describe('what a comparison found', () => {
  const compares = (state: RunState): PlanStep[] =>
    state.plan!.steps.filter(({ activity }) => activity === 'compareTrees');
  function compared(detail: string): { state: RunState; later: PlanStep } {
    const state = run('logical');
    const [live, later] = compares(state);
    begin(state, live!);
    state.steps[live!.id]!.detail = 'equal';
    end(state, live!);
    expect(told(state).verified?.detail).toBe('equal');
    begin(state, later!);
    Object.assign(state.steps[later!.id]!, { state: 'failed', finishedAt: at(), detail });
    return { state, later: later! };
  }

  test('is what the last one found, and gone while that one is tried again', () => {
    const failure = { type: 'TreesDiffer', message: '/a is missing' };
    const detail = differenceIn({ activity: 'compareTrees' }, failure)!;
    const { state, later } = compared(detail);
    const { finishedAt } = state.steps[later.id]!;
    expect(told(state).verified).toEqual({ at: finishedAt, detail: 'differs: /a is missing' });
    Object.assign(state.steps[later.id]!, { state: 'running', finishedAt: undefined });
    expect(told(state).verified).toBeUndefined();
    Object.assign(state.steps[later.id]!, { detail: 'equal again' });
    end(state, later);
    expect(told(state).verified?.detail).toBe('equal again');
  });

  test('is not told where the last one failed of something else', () => {
    const failure = { type: 'WaitTimedOut', message: 'no answer' };
    expect(differenceIn({ activity: 'compareTrees' }, failure)).toBeUndefined();
    expect(told(compared('').state).verified).toBeUndefined();
  });
});

test('a run that ended before it touched anything says nothing of who serves', () => {
  const state = run('physical');
  expect(migrationStatus(state)).toBeDefined();
  for (const ended of ['failed', 'rejected', 'rolledBack'] as const)
    expect(migrationStatus(Object.assign(state, { state: ended }))).toBeUndefined();
  state.touched = [{ server: 'zk1', from: '', to: '', upgraded: false }];
  expect(told(state).serving).toBe('source');
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
