/** What people have approved is what is done: a plan that became another meanwhile is asked about again, by its own hash. */
import { ApplicationFailure } from '@temporalio/common';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { PlanResult, ReplanArgs } from '../../activities/api';
import { observationOf } from '../../activities/observation';
import { connectTemporal, type Temporal } from '../../src/adapters/temporal/connect';
import { runEnd } from '../../src/adapters/temporal/describeRun';
import { startStrategy } from '../../src/adapters/temporal/startRun';
import { getStatus, sendControl } from '../../src/adapters/temporal/steerRun';
import { startTemporal, type TemporalServer } from '../../src/lab/temporalServer';
import { TASK_QUEUE } from '../../src/model/contract';
import type { EnsembleFacts } from '../../src/model/facts';
import type { RollingUpgradeInput } from '../../src/model/inputs';
import { replanRemaining } from '../../src/planning/replan';
import { planRollingUpgrade } from '../../src/planning/upgradePlan';
import { workflowSource } from '../../worker/bundle';
import { until } from '../support/until';
import { parseEnsemble } from '../unit/planning/ensembles';

const BEFORE = parseEnsemble('zk1 follower 3.8.4, zk2 leader 3.8.4, zk3 follower 3.8.4');
const AFTER = parseEnsemble('zk1 leader 3.8.4, zk2 follower 3.8.4, zk3 follower 3.8.4');

let server: TemporalServer;
let temporal: Temporal;
let connection: NativeConnection;
let worker: Worker;
let working: Promise<void>;
/** How the ensemble is now. */
let facts: EnsembleFacts = BEFORE;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  server = await startTemporal();
  temporal = await connectTemporal({ address: server.address, namespace: 'default' });
  connection = await NativeConnection.connect({ address: server.address });
  worker = await Worker.create({
    ...{ connection, taskQueue: TASK_QUEUE, ...workflowSource() },
    activities: {
      openRun: () =>
        Promise.resolve({ ensemble: 'orders', requiredGates: [], searchAttributes: false }),
      planUpgrade: ({ input }: { input: RollingUpgradeInput }): PlanResult => ({
        plan: planRollingUpgrade(facts, input),
        observation: observationOf(facts),
      }),
      replanUpgrade: ({ input, plan, done }: ReplanArgs) => ({
        ...replanRemaining(plan, facts, done, { input }),
        nothingDone: done.length === 0,
        observation: observationOf(facts),
      }),
      acquireLock: () => {
        throw ApplicationFailure.nonRetryable('far enough', 'EnsembleLocked');
      },
    },
  });
  working = worker.run();
}, 120_000);

afterAll(async () => {
  worker?.shutdown();
  await working;
  await connection?.close();
  await temporal?.close();
  await server?.stop();
}, 60_000);

beforeEach(() => {
  facts = BEFORE;
});

const started = async (workflowId: string, start: 'ask' | 'auto'): Promise<void> => {
  const input = {
    ensemble: 'orders',
    target: { version: '3.9.6' },
    gates: { start: { mode: start } },
  };
  await startStrategy(temporal, { workflowType: 'rollingUpgrade', workflowId, input });
};
const gateOf = (workflowId: string, notHash = '') =>
  until(
    'gate start',
    async () => {
      const { gate } = await getStatus(temporal, workflowId);
      return gate && gate.planHash !== notHash ? gate : undefined;
    },
    30_000,
  );
const approve = (workflowId: string, planHash: string) =>
  sendControl(temporal, workflowId, 'approve', { gate: 'start', approver: 'ada', planHash });

test('another leader, and with it another order: the plan in its place is approved by its own hash', async () => {
  await started('moved', 'ask');
  const { planHash } = await gateOf('moved');
  facts = AFTER;
  await approve('moved', planHash);
  const second = await gateOf('moved', planHash);
  expect(second.why).toContain('approve the plan as it is now');
  const { replans } = await getStatus(temporal, 'moved');
  expect(replans).toMatchObject([{ fromHash: planHash, toHash: second.planHash, asksAgain: true }]);
  await expect(approve('moved', planHash)).rejects.toThrow('the plan in force is');
  await approve('moved', second.planHash);
  expect(await runEnd(temporal, 'moved')).toMatchObject({ failure: { type: 'EnsembleLocked' } });
}, 60_000);

test('what changes by itself asks nobody again', async () => {
  await started('same', 'ask');
  const { planHash } = await gateOf('same');
  facts = {
    ...BEFORE,
    servers: BEFORE.servers.map((seen) => ({
      ...seen,
      zxid: `0x3000000${seen.id}`,
      host: {
        ...seen.host!,
        data: { ...seen.host!.data!, freeBytes: 40_000_000_000 + seen.id },
      },
    })),
  };
  await approve('same', planHash);
  expect(await runEnd(temporal, 'same')).toMatchObject({ failure: { type: 'EnsembleLocked' } });
  expect((await getStatus(temporal, 'same')).replans).toEqual([]);
}, 60_000);

test('where nobody was asked, another order is no question', async () => {
  await started('unasked', 'auto');
  expect(await runEnd(temporal, 'unasked')).toMatchObject({ failure: { type: 'EnsembleLocked' } });
}, 60_000);
