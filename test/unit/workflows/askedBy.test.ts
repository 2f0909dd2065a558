/** Every plan of a run says whose it is: the lock that the run holds itself stands against none. */
import type { Activities } from '../../../activities/api';
import type { WorkflowType } from '../../../src/model/contract';
import type { Plan } from '../../../src/model/plan';
import { rulesOf } from '../../../workflows/run/rules';
import { newRunState } from '../../../workflows/run/state';

test.each<[WorkflowType, object]>([
  ['rollingUpgrade', {}],
  ['resizeEnsemble', {}],
  ['restoreBackup', { to: { ensemble: 'orders' } }],
  ['migrateDataCenter', { mode: 'stretch', source: 'orders', target: 'dc2' }],
  ['migrateDataCenter', { mode: 'physical', source: 'orders', target: 'dc2' }],
])('%s %j', async (strategy, input) => {
  const identity = { workflowId: 'w', runId: 'r', strategy };
  const state = newRunState({ ensemble: 'orders', ...input } as never, identity);
  const asked: unknown[] = [];
  const answer = (args: unknown) => {
    asked.push(args);
    return Promise.resolve({ plan: {} });
  };
  const activities = new Proxy({}, { get: () => answer }) as Activities;
  await rulesOf(state).plan(state, activities);
  await rulesOf(state).replan(state, activities, {} as Plan, []);
  expect(asked).toMatchObject([{ run: identity }, { run: identity }]);
});
