/** The worker process: reads its environment, builds adapters and activities, polls Temporal until told to stop. */
import { join } from 'node:path';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createActivities } from '../activities';
import { createHostAdapter } from '../src/adapters/host';
import { createInventory } from '../src/adapters/inventory';
import { createRedirectAdapter } from '../src/adapters/redirect';
import { openNamedRepository } from '../src/adapters/repository/inventoryRepository';
import { createSecrets } from '../src/adapters/secrets';
import { createTreeAdapter } from '../src/adapters/source/lookAtTree';
import { SharedTaps } from '../src/adapters/tap';
import { untilListening } from '../src/adapters/temporal/connect';
import { temporalFromEnvironment } from '../src/adapters/temporal/environment';
import { createZooKeeperAdapter } from '../src/adapters/zookeeper';
import { TASK_QUEUE, taskQueueOf } from '../src/model/contract';
import { workflowSource } from './bundle';
import { checkConfiguration } from './check';
import { settleConfiguration, type SettledConfiguration } from './configuration';
import { createLogger } from './logger';
import { ownerCredential } from './ownerCredential';
import { ensureSearchAttributes } from './searchAttributes';

/** A worker is often started beside its Temporal server. */
const TEMPORAL_DEADLINE_MS = 30_000;

/** Runs until SIGINT or SIGTERM; running activities get the configured grace to finish. */
export async function runWorker(settled: SettledConfiguration): Promise<void> {
  const { values: configuration, environment } = settled;
  const logger = createLogger(configuration.ZKFERRY_LOG_LEVEL);
  Runtime.install({ logger, shutdownSignals: ['SIGINT', 'SIGTERM'] });
  const { address, apiKey, tls } = temporalFromEnvironment(environment);
  await untilListening(address, TEMPORAL_DEADLINE_MS);
  const connection = await NativeConnection.connect({
    address,
    apiKey,
    tls: tls ?? (apiKey === undefined ? undefined : true),
  });
  const secrets = createSecrets();
  const host = createHostAdapter({ secrets });
  const redirect = createRedirectAdapter({ secrets });
  const inventory = createInventory({
    path: configuration.ZKFERRY_INVENTORY,
    allowInline: configuration.ZKFERRY_ALLOW_INLINE,
  });
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
      searchAttributes: await ensureSearchAttributes(connection, configuration.TEMPORAL_NAMESPACE),
    });
    const common = {
      connection,
      namespace: configuration.TEMPORAL_NAMESPACE,
      activities,
      maxConcurrentActivityTaskExecutions: configuration.ZKFERRY_MAX_ACTIVITIES,
      shutdownGraceTime: configuration.ZKFERRY_SHUTDOWN_GRACE_MS,
      // Cancellation reaches an activity in the answer to a heartbeat: don't hold those back.
      maxHeartbeatThrottleInterval: '1s',
    } as const;
    const workers = [
      await Worker.create({ ...common, taskQueue: TASK_QUEUE, ...workflowSource() }),
      ...(configuration.ZKFERRY_SITE === undefined
        ? []
        : [await Worker.create({ ...common, taskQueue: taskQueueOf(configuration.ZKFERRY_SITE) })]),
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
  await runWorker(settled);
  return 0;
}

if (require.main === module) {
  // Started by a command: without it nobody would stop this worker any more.
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  main().then(
    (code) => process.exit(code),
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exit(1);
    },
  );
}
