import { createServer, type AddressInfo } from 'node:net';
import { whileWaiting } from '../../../src/api/waiting';
import { until } from '../../support/until';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

test('who waits says so, to the log and to whoever asks, and leaves the port free afterwards', async () => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const say = jest.fn();
  let come: () => void = () => undefined;
  const began = Date.now();
  const waiting = whileWaiting(
    { ...{ host: '127.0.0.1', port, version: '1' }, say },
    () => new Promise<void>((resolve) => (come = resolve)),
  );
  const answer = await until(
    'an answer',
    () => fetch(`${url}/healthz`).catch(() => undefined),
    3_000,
    50,
  );
  expect(Date.now() - began).toBeLessThan(3_000);
  expect(say).toHaveBeenCalledTimes(1);
  expect(await answer.json()).toEqual({ ok: true, version: '1', waitsFor: 'temporal' });
  const other = await fetch(`${url}/v1/runs`);
  expect([other.status, await other.json()]).toEqual([
    503,
    expect.objectContaining({ type: 'urn:zkferry:error:TemporalUnavailable' }),
  ]);
  come();
  await waiting;
  await expect(fetch(`${url}/healthz`)).rejects.toThrow();
});

test('where Temporal answers at once nothing is said', async () => {
  const say = jest.fn();
  const options = { host: '127.0.0.1', port: await freePort(), version: '1', say };
  expect(await whileWaiting(options, () => Promise.resolve(7))).toBe(7);
  expect(say).not.toHaveBeenCalled();
});
