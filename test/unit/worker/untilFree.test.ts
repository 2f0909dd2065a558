/** The address of metrics, which a worker that was cut off may still hold. */
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { untilFree } from '../../../worker/untilFree';

let holder: Server;
let address: string;

beforeEach(async () => {
  holder = createServer().listen(0, '127.0.0.1');
  await once(holder, 'listening');
  address = `127.0.0.1:${(holder.address() as AddressInfo).port}`;
});
afterEach(() => void holder.close());

test('is waited for until whoever holds it has ended', async () => {
  let isFree = false;
  const waiting = untilFree(address, 30_000).then(() => (isFree = true));
  await expect(untilFree(address, 0)).rejects.toThrow();
  expect(isFree).toBe(false);
  holder.close();
  await waiting;
});

test('held for longer it is named, with the setting and what to do', () =>
  expect(untilFree(address, 0)).rejects.toMatchObject({
    type: 'InvalidInput',
    message: expect.stringMatching(
      new RegExp(`^ZKFERRY_METRICS .* is ${address}, .*in use.*end that one, or name another`),
    ) as string,
  }));

test('one that is none of this host is not waited for', () =>
  expect(untilFree('192.0.2.1:9464', 30_000)).rejects.toMatchObject({
    message: expect.stringContaining('name an address of this host') as string,
  }));
