/** Waits for the address where metrics are to be served: a worker that was cut off goes on for its grace, and holds it. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { ZkferryError } from '../src/model/errors';

const LOOK_EVERY_MS = 250;

/**
 * @param address `host:port`, the host of IPv6 in brackets
 * @throws InvalidInput naming the setting, where another process holds it for longer than `deadlineMs`, or it is none of this host
 */
export async function untilFree(address: string, deadlineMs: number): Promise<void> {
  const until = performance.now() + deadlineMs;
  for (;;) {
    const error = await failureToListen(address);
    if (error === undefined) return;
    const isHeld = error.code === 'EADDRINUSE';
    if (isHeld && performance.now() < until) {
      await delay(LOOK_EVERY_MS);
      continue;
    }
    const waited = isHeld
      ? `another process has held it for ${deadlineMs / 1_000} s, such as a worker that is still at work: end that one, or name another address`
      : 'name an address of this host';
    throw new ZkferryError(
      'InvalidInput',
      `ZKFERRY_METRICS (metrics in the configuration file) is ${address}, where nothing can be served (${error.message}): ${waited}`,
      { cause: error },
    );
  }
}

async function failureToListen(address: string): Promise<NodeJS.ErrnoException | undefined> {
  const { hostname, port } = new URL(`tcp://${address}`);
  const server = createServer();
  try {
    server.listen(Number(port), hostname.replace(/^\[|\]$/g, ''));
    await once(server, 'listening');
    return undefined;
  } catch (error) {
    return error as NodeJS.ErrnoException;
  } finally {
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  }
}
