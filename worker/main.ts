/** The worker process: reads its environment, builds adapters and activities, polls Temporal until told to stop. */
import { join } from 'node:path';
import { NativeConnection, Worker } from '@temporalio/worker';
import { createActivities } from '../activities';
import { readVerifier } from '../src/adapters/approvals/verifier';
import { createHostAdapter } from '../src/adapters/host';
import { createInventory } from '../src/adapters/inventory';
import { createRedirectAdapter } from '../src/adapters/redirect';
import { openNamedRepository } from '../src/adapters/repository/inventoryRepository';
import { createSecrets } from '../src/adapters/secrets';
import { createTreeAdapter } from '../src/adapters/source/lookAtTree';
import { SharedTaps } from '../src/adapters/tap';
import { readCodecKeys } from '../src/adapters/temporal/codecKeys';
import { untilListening } from '../src/adapters/temporal/connect';
import { tlsOf } from '../src/adapters/temporal/address';
import { connectFailure } from '../src/adapters/temporal/connectFailure';
import { dataConverterOf } from '../src/adapters/temporal/dataConverter';
import { temporalFromEnvironment } from '../src/adapters/temporal/environment';
import { createZooKeeperAdapter } from '../src/adapters/zookeeper';
import { TASK_QUEUE, taskQueueOf } from '../src/model/contract';
import { isZkferryError, ZkferryError, type ErrorType } from '../src/model/errors';
import { workflowSource } from './bundle';
import { checkConfiguration } from './check';
import { settleConfiguration, type SettledConfiguration } from './configuration';
import { measureActivities } from './measureActivities';
import { ownerCredential } from './ownerCredential';
import { ensureSearchAttributes } from './searchAttributes';
import { installRuntime } from './telemetry';
import { startTracing } from './tracing';
import { untilFree } from './untilFree';
import { versioningOf } from './versioning';

/** What a worker that can't run tells the command that started it. */
export interface WorkerFailure {
  type: ErrorType;
  message: string;
}

/** A worker is often started beside its Temporal server. */
const TEMPORAL_DEADLINE_MS = 30_000;
/** Beyond the grace of the worker before it. */
const METRICS_SLACK_MS = 5_000;

/** Runs until SIGINT or SIGTERM; running activities get the configured grace to finish. */
export async function runWorker(settled: SettledConfiguration): Promise<void> {
  const { values: configuration, environment } = settled;
  const { ZKFERRY_METRICS: metrics, ZKFERRY_SHUTDOWN_GRACE_MS: graceMs } = configuration;
  if (metrics !== undefined) await untilFree(metrics, graceMs + METRICS_SLACK_MS);
  installRuntime(configuration);
  const { address, apiKey, tls } = temporalFromEnvironment(environment);
  const codecKeys = await readCodecKeys(environment);
  const sealed = codecKeys.length > 0;
  await untilListening(address, TEMPORAL_DEADLINE_MS);
  const asked = { address, apiKey, tls };
  const connection = await NativeConnection.connect({ ...asked, tls: tlsOf(asked) }).catch(
    async (error: unknown) => {
      throw await connectFailure(asked, error);
    },
  );
  const tracing = await startTracing(configuration);
  const secrets = createSecrets();
  const host = createHostAdapter({ secrets });
  const redirect = createRedirectAdapter({ secrets });
  const inventory = createInventory({
    path: configuration.ZKFERRY_INVENTORY,
    allowInline: configuration.ZKFERRY_ALLOW_INLINE,
  });
  const { ZKFERRY_APPROVALS: approvalMode, ZKFERRY_APPROVAL_KEYS: approvalKeys } = configuration;
  const spoolDirectory = join(configuration.ZKFERRY_STATE, 'spool');
  try {
    const activities = createActivities({
      inventory,
      secrets,
      zookeeper: createZooKeeperAdapter(),
      host,
      redirect,
      tree: createTreeAdapter({ directory: spoolDirectory, secrets }),
      backup: {
        openRepository: (name) => openNamedRepository({ inventory, secrets }, name),
        taps: new SharedTaps(),
        spoolDirectory,
      },
      ownerCredential: await ownerCredential(configuration.ZKFERRY_SECRET_FILE),
      ...(approvalMode === 'signed' && { approvals: await readVerifier(approvalKeys!) }),
      sealed,
      // They are not encrypted, and one of them names the ensemble.
      searchAttributes:
        !sealed && (await ensureSearchAttributes(connection, configuration.TEMPORAL_NAMESPACE)),
    });
    const common = {
      connection,
      namespace: configuration.TEMPORAL_NAMESPACE,
      activities,
      dataConverter: dataConverterOf(codecKeys),
      ...(tracing && { sinks: tracing.sinks }),
      ...versioningOf(configuration),
      maxConcurrentActivityTaskExecutions: configuration.ZKFERRY_MAX_ACTIVITIES,
      shutdownGraceTime: configuration.ZKFERRY_SHUTDOWN_GRACE_MS,
      // Cancellation reaches an activity in the answer to a heartbeat: don't hold those back.
      maxHeartbeatThrottleInterval: '1s',
    } as const;
    const activityInterceptors = [...(tracing ? [tracing.activity] : []), measureActivities];
    const source = workflowSource({ sealed, tracing: tracing?.workflowModules });
    const workers = [
      await Worker.create({
        ...common,
        ...source,
        taskQueue: TASK_QUEUE,
        interceptors: { ...source.interceptors, activity: activityInterceptors },
      }),
      ...(configuration.ZKFERRY_SITE === undefined
        ? []
        : [
            await Worker.create({
              ...common,
              taskQueue: taskQueueOf(configuration.ZKFERRY_SITE),
              interceptors: { activity: activityInterceptors },
            }),
          ]),
    ];
    const running = workers.map((worker) => worker.run());
    process.stdout.write(
      `${JSON.stringify({ ready: true, pid: process.pid, address: configuration.TEMPORAL_ADDRESS, namespace: configuration.TEMPORAL_NAMESPACE, taskQueues: workers.map((worker) => worker.options.taskQueue) })}\n`,
    );
    await Promise.all(running);
  } finally {
    await host.close();
    await redirect.close();
    await connection.close();
    await tracing?.end();
  }
}

/** Prints what a worker would run with. @returns the exit code */
async function printCheck(settled: SettledConfiguration): Promise<number> {
  const checked = await checkConfiguration(settled);
  process.stdout.write(`${JSON.stringify(checked)}\n`);
  return checked.ok ? 0 : 1;
}

async function main(): Promise<number> {
  const settled = settleConfiguration(process.env);
  if (process.argv.includes('--check')) return printCheck(settled);
  const { problems, problemType } = await checkConfiguration(settled);
  if (problems.length > 0)
    throw new ZkferryError(
      problemType as ErrorType,
      `the worker does not start:\n${problems.join('\n')}\nWhat it would run with: zkferry worker --check; every setting: docs/configuration.md`,
      { details: problems },
    );
  await runWorker(settled);
  return 0;
}

if (require.main === module) {
  // Started by a command: without it nobody would stop this worker any more.
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  main().then(
    (code) => process.exit(code),
    (error: unknown) => {
      const message = error instanceof Error ? error.message : String(error);
      process.stderr.write(`${message}\n`);
      const end = (): never => process.exit(1);
      if (process.send === undefined || !process.connected || !isZkferryError(error)) return end();
      // Whoever started this worker ends with the same type.
      process.send({ type: error.type, message } satisfies WorkerFailure, end);
    },
  );
}
