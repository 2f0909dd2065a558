import { join } from 'node:path';
import type { Harness } from '../../support/harness';
import type { LabServer } from '../../../src/lab/labState';
import { withForeignClients } from '../foreignClients';

/**
 * Runs `work` on an ensemble that Kafka and Curator use by `connectString`, and proves afterwards that they lost
 * nothing and work on, on `servers` (default: those that are members by then).
 */
export async function atWork(
  harness: Harness,
  connectString: string,
  work: () => Promise<void>,
  servers: () => LabServer[] = () => harness.lab.members,
): Promise<void> {
  const directory = join(harness.directory, 'foreign');
  const options = { servers: harness.lab.members, connectString, directory };
  await withForeignClients(options, async (clients) => {
    await work();
    const kept = await clients.assertKept(servers());
    process.stderr.write(`${JSON.stringify(kept)}\n`);
  });
}
