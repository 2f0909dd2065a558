/** A worker inside the test, with the real adapters, so that a test can stand between activity and host. */
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createActivities } from '../../../activities';
import { createHostAdapter } from '../../../src/adapters/host';
import { createInventory } from '../../../src/adapters/inventory';
import { createSecrets } from '../../../src/adapters/secrets';
import { createZooKeeperAdapter } from '../../../src/adapters/zookeeper';
import { TASK_QUEUE } from '../../../src/model/contract';
import type { HostPort } from '../../../src/model/ports';
import { workflowSource } from '../../../worker/bundle';
import type { Harness } from '../../support/harness';

/** Polls until the returned function has ended it. `wrap` may change any method of the real host adapter. */
export async function startInProcessWorker(
  harness: Harness,
  wrap: (host: HostPort) => HostPort,
): Promise<() => Promise<void>> {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const connection = await NativeConnection.connect({ address: harness.temporal.address });
  const secrets = createSecrets();
  const host = createHostAdapter({ secrets });
  const worker = await Worker.create({
    connection,
    taskQueue: TASK_QUEUE,
    ...workflowSource(),
    activities: createActivities({
      inventory: createInventory({ path: harness.lab.inventoryPath }),
      secrets,
      zookeeper: createZooKeeperAdapter(),
      host: wrap(host),
      ownerCredential: 'zkferry:in-process',
      searchAttributes: false,
    }),
    shutdownGraceTime: 2_000,
    maxHeartbeatThrottleInterval: '1s',
  });
  const working = worker.run();
  return async () => {
    worker.shutdown();
    await working;
    await host.close();
    await connection.close();
  };
}
