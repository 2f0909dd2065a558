/** A worker as it is deployed: what it logs, measures and traces of a run, and which version runs stay with. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { trace } from '@opentelemetry/api';
import { sendSpans } from '../../src/adapters/spans';
import { connectTemporal, type Temporal } from '../../src/adapters/temporal/connect';
import { tracedCalls } from '../../src/adapters/temporal/traced';
import { projectRoot } from '../../src/lab/projectRoot';
import { startTemporal, type TemporalServer } from '../../src/lab/temporalServer';
import { DURATION_BUCKETS, WORKER_METRICS } from '../../src/model/metricNames';
import { TASK_QUEUE } from '../../src/model/contract';
import { startCollector, type Collector } from '../support/collector';
import { until } from '../support/until';
import { startWorker, type WorkerProcess } from '../support/workerProcess';

let directory: string;
let server: TemporalServer;
let temporal: Temporal;
let collector: Collector;
let worker: WorkerProcess;
let metrics: string;

async function freePort(): Promise<number> {
  const holder = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => holder.once('listening', resolve));
  const { port } = holder.address() as AddressInfo;
  await new Promise((resolve) => holder.close(resolve));
  return port;
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'zkferry-observed-'));
  server = await startTemporal();
  temporal = await connectTemporal({ address: server.address, namespace: 'default' });
  collector = await startCollector();
  const inventory = join(directory, 'inventory.yaml');
  writeFileSync(inventory, 'ensembles: {}\n');
  const metricsPort = await freePort();
  metrics = `http://127.0.0.1:${metricsPort}/metrics`;
  worker = await startWorker({
    address: server.address,
    inventory,
    secretFile: join(directory, 'secret'),
    logFile: join(directory, 'worker.log'),
    extra: {
      ZKFERRY_METRICS: `127.0.0.1:${metricsPort}`,
      ZKFERRY_DEPLOYMENT: 'ferry',
      ZKFERRY_BUILD_ID: '1.2.3',
      ZKFERRY_VERSIONING: 'pinned',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
      OTEL_BSP_SCHEDULE_DELAY: '200',
    },
  });
  await until(
    () => 'the deployment version to be known and made current',
    () =>
      temporal.client.connection.workflowService
        .setWorkerDeploymentCurrentVersion({
          namespace: 'default',
          deploymentName: 'ferry',
          buildId: '1.2.3',
          ignoreMissingTaskQueues: true,
        })
        .then(
          () => true,
          () => undefined,
        ),
    30_000,
  );
}, 120_000);

afterAll(async () => {
  await worker.end();
  await temporal.close();
  await server.stop();
  collector.close();
  rmSync(directory, { recursive: true, force: true });
});

const ID = 'change-1234';

beforeAll(async () => {
  const handle = await temporal.client.workflow.start('rollingUpgrade', {
    taskQueue: TASK_QUEUE,
    workflowId: ID,
    args: [{ ensemble: 'nobody', target: { version: '3.9.6' } }],
  });
  await handle.result().then(
    () => Promise.reject(new Error('was done')),
    () => undefined,
  );
}, 60_000);

test('its lines are JSON and name the run and the attempt of an activity', () => {
  const lines = worker
    .log()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  const ofActivity = lines.find(({ activityType }) => activityType === 'openRun');
  expect(ofActivity).toMatchObject({
    ...{ workflowId: ID, workflowType: 'rollingUpgrade', attempt: 1, sdkComponent: 'worker' },
    error: { type: 'UnknownEnsemble' },
  });
  const ofWorkflow = lines.find(
    ({ workflowId, activityType }) => workflowId === ID && activityType === undefined,
  );
  expect(ofWorkflow).toMatchObject({ workflowType: 'rollingUpgrade' });
});

test('its metrics count the run and its activities under the names that are documented', async () => {
  const text = await until(
    () => 'the end of the run to be counted',
    async () => {
      const page = await (await fetch(metrics)).text();
      return page.includes('zkferry_runs_ended_total') ? page : undefined;
    },
    10_000,
  );
  const sample = (name: string, ...labels: string[]) =>
    text
      .split('\n')
      .find((line) => line.startsWith(name) && labels.every((label) => line.includes(label)));
  expect(sample('zkferry_runs_started_total{', 'strategy="rollingUpgrade"')).toMatch(/ 1$/);
  expect(sample('zkferry_runs_ended_total{', 'outcome="failed"')).toMatch(/ 1$/);
  expect(sample('zkferry_activities_total{', 'activity="openRun"', 'outcome="failed"')).toMatch(
    / 1$/,
  );
  for (const le of DURATION_BUCKETS)
    expect([le, sample('zkferry_activity_duration_seconds_bucket{', `le="${le}"`)]).not.toEqual([
      le,
      undefined,
    ]);
  for (const name of text.match(/^zkferry_\w+(?=\{)/gm)!)
    expect(Object.keys(WORKER_METRICS)).toContain(name.replace(/_(bucket|sum|count)$/, ''));
  expect(sample('temporal_workflow_failed')).toBeDefined();
});

test('the health check of the image tells a worker that polls from none', async () => {
  const check = (env: Record<string, string>) =>
    new Promise<number | null>((resolve) => {
      const script = join(projectRoot(), 'deploy', 'docker', 'healthcheck.js');
      spawn(process.execPath, [script], { env: { ZKFERRY_HEALTH_ROLE: 'worker', ...env } }).once(
        'exit',
        resolve,
      );
    });
  const { host } = new URL(metrics);
  await until(
    () => 'the pollers to be counted',
    async () => (await check({ ZKFERRY_METRICS: host })) === 0 || undefined,
    10_000,
  );
  const { port } = collector;
  expect(await check({ ZKFERRY_METRICS: `127.0.0.1:${port}` })).toBe(1);
  expect(await check({ ZKFERRY_METRICS: '127.0.0.1:1' })).toBe(1);
  expect(await check({ ZKFERRY_HEALTH_ROLE: 'server', ZKFERRY_SERVER_PORT: '1' })).toBe(1);
  expect(await check({ ZKFERRY_HEALTH_ROLE: 'server', ZKFERRY_SERVER_PORT: String(port) })).toBe(0);
});

test('spans of the run and of its activity reach the collector', async () => {
  await collector.untilSent('RunWorkflow:rollingUpgrade', 'zkferry-worker');
  await collector.untilSent('RunActivity:openRun', 'zkferry-worker');
});

test('the run hangs below the span of whoever started it', async () => {
  const spans = await sendSpans(collector.endpoint, 'zkferry-server');
  const client = await connectTemporal({
    ...{ address: server.address, namespace: 'default' },
    interceptors: await tracedCalls(),
  });
  const traceId = await trace.getTracer('test').startActiveSpan('the request', async (span) => {
    const handle = await client.client.workflow.start('rollingUpgrade', {
      taskQueue: TASK_QUEUE,
      workflowId: 'change-traced',
      args: [{ ensemble: 'nobody', target: { version: '3.9.6' } }],
    });
    await handle.result().catch(() => undefined);
    span.end();
    return span.spanContext().traceId;
  });
  await client.close();
  await spans.end();
  const bytes = Buffer.from(traceId, 'hex').toString('latin1');
  await collector.untilSent('StartWorkflow:rollingUpgrade', bytes);
  await collector.untilSent('RunWorkflow:rollingUpgrade', bytes);
});

test('the run is pinned to the version that it began on', async () => {
  const { raw } = await temporal.client.workflow.getHandle(ID).describe();
  const info = raw.workflowExecutionInfo?.versioningInfo;
  expect(info?.deploymentVersion ?? info?.version).toMatchObject({
    deploymentName: 'ferry',
    buildId: '1.2.3',
  });
  expect(info?.behavior).toBe(1); // VERSIONING_BEHAVIOR_PINNED
});
