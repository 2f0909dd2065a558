/** Addresses in messages are such as a connection string takes. */
import { parseConnectString } from '../../../src/adapters/zookeeper/connectString';
import { askWord } from '../../../src/adapters/zookeeper/fourLetterClient';
import { hostPort } from '../../../src/model/hostPort';

test.each([
  ['zk1', 'zk1:2181'],
  ['10.0.0.1', '10.0.0.1:2181'],
  ['::1', '[::1]:2181'],
  ['fe80::1%eth0', '[fe80::1%eth0]:2181'],
])('%s is shown as %s, and read back from it', (host, shown) => {
  expect(hostPort(host, 2181)).toBe(shown);
  expect(parseConnectString(shown, 'SOURCE').servers).toEqual([{ host, clientPort: 2181 }]);
});

test('a host that stands in brackets already gets no second pair', () => {
  expect(hostPort('[::1]', 2888)).toBe('[::1]:2888');
});

test('an IPv6 address that nobody listens on is named in brackets', async () => {
  // Nothing binds port 1; a machine without IPv6 says so in another word.
  const result = await askWord({ host: '::1', clientPort: 1 }, 'srvr', { timeoutMs: 5_000 });
  expect(result).toMatchObject({ detail: expect.stringContaining('[::1]:1 ') });
});
