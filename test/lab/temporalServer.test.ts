import { Client, Connection } from '@temporalio/client';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { becomesTrue, isAlive } from '../../src/lab/processes';
import { startTemporal, type TemporalServer } from '../../src/lab/temporalServer';

/** Opens a connection for one piece of work: a restart breaks those that were open. */
async function withClient<T>(address: string, work: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await work(new Client({ connection }));
  } finally {
    await connection.close();
  }
}

describe('the Temporal server of a lab', () => {
  let directory: string;
  let server: TemporalServer;

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'zkferry-temporal-'));
    server = await startTemporal({ dbFile: join(directory, 'temporal.db') });
  });
  afterAll(async () => {
    await server?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  test('shows its UI on loopback', async () => {
    expect(server.uiUrl).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const response = await fetch(server.uiUrl);
    expect(response.status).toBe(200);
  });

  test('keeps a started workflow, with the search attributes, over a kill and a restart', async () => {
    const { address, pid } = server;
    await withClient(address, (client) =>
      client.workflow.start('nobodyRunsThis', {
        taskQueue: 'none',
        workflowId: 'survivor',
        searchAttributes: { ZkferryEnsemble: ['orders'], ZkferryPhase: ['stage'] },
      }),
    );
    await server.kill();
    await server.restart();
    expect(server.address).toBe(address);
    expect(server.pid).not.toBe(pid);
    await withClient(address, async (client) => {
      const described = await client.workflow.getHandle('survivor').describe();
      expect(described.status.name).toBe('RUNNING');
      expect(described.searchAttributes.ZkferryEnsemble).toEqual(['orders']);
    });
  });

  test('stopped, it is gone', async () => {
    const { process } = server;
    await server.stop();
    expect(await becomesTrue(() => !isAlive(process), 1_000)).toBe(true);
    await expect(
      Connection.connect({ address: server.address, connectTimeout: 500 }),
    ).rejects.toThrow();
  });
});
