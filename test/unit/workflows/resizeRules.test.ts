/** Rules of a resize: when another plan is due, and what a way back is told. */
import type { Activities, Observation, ResizeBackArgs } from '../../../activities/api';
import { resizeEnsembleInputSchema } from '../../../src/model/inputs';
import type { MembershipNames, Plan, PlanStep } from '../../../src/model/plan';
import type { StepStatus } from '../../../src/model/status';
import { resizeRules } from '../../../workflows/run/rules/resize';
import { newRunState, type RunState } from '../../../workflows/run/state';

type Statuses = Record<string, StepStatus['state']>;

function run(
  direction: Plan['direction'],
  steps: readonly PlanStep[],
  statuses: Statuses,
): RunState {
  const input = resizeEnsembleInputSchema.parse({ ensemble: 'orders', add: ['zk6'] });
  const of = { workflowId: 'w', runId: 'r', strategy: 'resizeEnsemble' } as const;
  const state = newRunState(input, of);
  state.plan = { steps, direction } as unknown as Plan;
  for (const [id, value] of Object.entries(statuses)) state.steps[id] = { id, state: value };
  return state;
}

const stepOf = (id: string): PlanStep => {
  const [server, activity] = id.split('/').slice(-2);
  return { id, server, activity, role: 'follower' } as PlanStep;
};

async function stoppedAsTold(
  direction: Plan['direction'],
  statuses: Statuses,
  stopped: string[] = [],
): Promise<string[] | undefined> {
  const state = { ...run(direction, Object.keys(statuses).map(stepOf), statuses), stopped };
  let told: ResizeBackArgs | undefined;
  const activities = {
    planResizeBack: (args: ResizeBackArgs) => {
      told = args;
      return Promise.resolve({ possible: false, reason: 'only what it is told is of interest' });
    },
  };
  const forward = { steps: [] } as unknown as Plan;
  await resizeRules.planBack(state, activities as unknown as Activities, forward);
  return told?.stopped;
}

describe('the way back may start again what the run has stopped itself', () => {
  test('one that is stopped in the middle of its turn', async () => {
    const turn = 'add/zk6/roll/zk2';
    const begun = { [`${turn}/stopServer`]: 'done', [`${turn}/startServer`]: 'pending' } as const;
    expect(await stoppedAsTold('forward', begun, ['zk2'])).toEqual(['zk2']);
  });

  test('one that a way back was to start, and did not, though it has not stopped it', async () => {
    const turn = 'rollback/add/zk2/bringBack/zk2';
    const failed = { [`${turn}/writeMembers`]: 'done', [`${turn}/startServer`]: 'failed' } as const;
    expect(await stoppedAsTold('rollback', failed)).toEqual(['zk2']);
    const started = { ...failed, [`${turn}/startServer`]: 'done' } as const;
    expect(await stoppedAsTold('rollback', started)).toEqual([]);
  });
});

describe('one that is to leave, and still votes, while the list of the leader is the one without it', () => {
  const before: MembershipNames = { voters: ['zk1', 'zk2', 'zk3', 'zk6'], observers: [] };
  const after: MembershipNames = { voters: ['zk1', 'zk2', 'zk3'], observers: [] };
  const [roll, leave] = ['remove/zk6/roll/zk3/stopServer', 'remove/zk6/stopServer'] as const;

  const whyReplan = (version: string, members: MembershipNames, left: StepStatus['state']) => {
    const steps = [roll, leave].map((id): PlanStep => {
      const server = id === roll ? 'zk3' : 'zk6';
      const guard = { kind: 'serverMayStop', server } as const;
      return { ...stepOf(id), server, guard, toVersion: version, membership: { before, after } };
    });
    const state = run('forward', steps, { [leave]: left });
    const seen = { leader: 'zk2', members } as Observation;
    return resizeRules.whyReplan(state, state.plan!, steps[0]!, seen);
  };

  test('on 3.4 another order is due: it stops before the next follower restarts', () => {
    expect(whyReplan('3.4.14', after, 'pending')).toContain('zk2 leads by the list without zk6');
  });

  test.each([
    ['it has stopped', '3.4.14', after, 'done'],
    ['the leader lists it', '3.4.14', before, 'pending'],
    ['a leader counts listed servers only', '3.5.10', after, 'pending'],
  ] as const)('not where %s', (_, version, members, left) => {
    expect(whyReplan(version, members, left)).toBeUndefined();
  });
});
