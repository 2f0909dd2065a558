/** A Temporal that does not answer is not taken for one without workers. */
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { Client, Connection } from '@temporalio/client';
import type { Temporal } from '../../../src/adapters/temporal/connect';
import { describeRun } from '../../../src/adapters/temporal/describeRun';
import { createWorkerPresence } from '../../../src/adapters/temporal/workerPresence';
import { lookAtRun } from '../../../src/api/runEnsemble';

async function goneTemporal(mostMs = 1_000): Promise<Temporal> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  await new Promise((resolve) => server.close(resolve));
  const connection = Connection.lazy({ address });
  return {
    ...{ client: new Client({ connection }), address, namespace: 'default', sealed: false },
    within: (ms, call) => connection.withDeadline(Date.now() + Math.min(ms, mostMs), call),
    close: () => connection.close(),
  };
}

test('who asks for workers, and for a run, is told that Temporal is away', async () => {
  const temporal = await goneTemporal();
  try {
    const workers = createWorkerPresence(temporal);
    const away = { type: 'TemporalUnavailable', options: { retryable: true } };
    await expect(workers.isThere()).rejects.toMatchObject(away);
    await expect(workers.demand('no plan')).rejects.toMatchObject(away);
    await expect(describeRun(temporal, 'chg-1')).rejects.toMatchObject(away);
  } finally {
    await temporal.close();
  }
});

test('one that ends right after workers were asked for keeps whoever asks for a run no longer', async () => {
  const temporal = await goneTemporal(Infinity);
  const workers = { isThere: () => Promise.resolve(true), demand: () => Promise.resolve() };
  try {
    const began = performance.now();
    await expect(lookAtRun({ temporal, workers }, 'chg-1')).rejects.toMatchObject({
      type: 'TemporalUnavailable',
    });
    expect(performance.now() - began).toBeLessThan(4_500);
  } finally {
    await temporal.close();
  }
});
