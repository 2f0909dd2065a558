/** A tree's name on a command line: an ensemble where the inventory knows it, addresses otherwise. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { operationError } from '../../../src/adapters/zookeeper/errors';
import { CommandContext } from '../../../src/cli/context';
import type { Io } from '../../../src/cli/io';
import { tapAccess, type QuorumOptions } from '../../../src/cli/quorumOptions';
import { placeOf } from '../../../src/cli/treePlace';
import { treePair, type PairOptions } from '../../../src/cli/treeSource';

const INVENTORY = `
ensembles:
  orders:
    auth: [{ scheme: digest, secret: 'env:ORDERS_AUTH' }]
    quorum: { sasl: 'env:ORDERS_QUORUM' }
    servers:
      - { name: zk1, id: 1, host: 10.0.0.1 }
      - { name: zk2, id: 2, host: 10.0.0.2, clientPort: 2182 }
      - { name: zk3, id: 3, host: 10.0.0.3, spare: true }
`;

const NO_IO = { env: {}, stdout: {}, stderr: {} } as Io;

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'zkferry-place-'));
  writeFileSync(join(directory, 'zkferry.yaml'), INVENTORY);
});
afterAll(() => rmSync(directory, { recursive: true }));

const inventory = (name: string) => ({ inventory: join(directory, name) });
const place = (text: string, common = inventory('zkferry.yaml')) =>
  placeOf(new CommandContext(NO_IO, common), text, 'SOURCE');

test('a name of the inventory: its members, and what it says of credentials', async () => {
  const found = await place('orders/app');
  expect(found).toEqual({
    servers: [
      { host: '10.0.0.1', clientPort: 2181 },
      { host: '10.0.0.2', clientPort: 2182 },
    ],
    path: '/app',
    shown: '10.0.0.1:2181,10.0.0.2:2182',
    ensemble: expect.objectContaining({ name: 'orders' }),
  });
  const securityOf = async (options: QuorumOptions) =>
    (await tapAccess(found.servers, options, found.ensemble)).security;
  process.env.GIVEN = 'zk:given';
  // Not looked up where an option goes before it.
  expect(await securityOf({ quorumSasl: 'env:GIVEN' })).toEqual({
    sasl: { user: 'zk', password: 'given' },
  });
  await expect(securityOf({})).rejects.toMatchObject({
    type: 'SecretMissing',
    message: expect.stringMatching(/^ensembles\.orders\.quorum\.sasl: /),
  });
  process.env.ORDERS_QUORUM = 'zk:inventory';
  expect(await securityOf({})).toEqual({ sasl: { user: 'zk', password: 'inventory' } });
  process.env.ORDERS_QUORUM = 'no-colon';
  await expect(securityOf({})).rejects.toMatchObject({ type: 'InvalidInventory' });
  process.env.ORDERS_AUTH = 'ann:secret';
  const context = new CommandContext(NO_IO, inventory('zkferry.yaml'));
  process.env.MORE = 'bob:secret';
  const options: PairOptions = { readBy: 'tap', sourcePath: '/', targetAuth: ['env:MORE'] };
  const { targetAuth } = await treePair(context, '10.0.0.9:2181', 'orders', options);
  expect(targetAuth.map(({ credential }) => credential)).toEqual(['ann:secret', 'bob:secret']);
});

test('what is to be checked where credentials do not do: the options, and the inventory only where it gave some', async () => {
  process.env.ORDERS_AUTH = 'ann:secret';
  const context = new CommandContext(NO_IO, inventory('zkferry.yaml'));
  const { source, target } = await treePair(context, '10.0.0.9:2181', 'orders', {
    ...{ readBy: 'client', sourcePath: '/' },
  });
  expect([source.authFrom, target.authFrom]).toEqual([
    '--source-auth',
    '"auth" of orders in the inventory, or --target-auth',
  ]);
  const failure = { operation: 'get', path: '/a', servers: 'zk1:2181' };
  expect(operationError('NoAuth', { ...failure, authFrom: source.authFrom }).message).toBe(
    "get /a at zk1:2181 failed: NoAuth (the znode's ACL does not allow this: check --source-auth)",
  );
  expect(operationError('AuthFailed', failure).message).toContain(
    'check "auth" of the ensemble in the inventory',
  );
});

test.each(['orders:2181/app', 'localhost/app', 'orders,others'])('%s: hosts', async (text) => {
  const { servers, ensemble } = await place(text);
  expect([servers[0]!.host, ensemble]).toEqual([/^[a-z]+/.exec(text)![0], undefined]);
});

test('a name that is neither an ensemble nor a host is told for both, whether there is an inventory or none', async () => {
  // No resolver knows names of this domain (RFC 6761).
  const text = 'oders.invalid/app';
  await expect(place(text)).rejects.toMatchObject({
    type: 'UnknownEnsemble',
    message: expect.stringMatching(
      /^SOURCE: oders\.invalid is neither .*zkferry\.yaml has no ensemble "oders\.invalid"; it knows: orders; and no host/,
    ),
  });
  await expect(placeOf(new CommandContext(NO_IO, {}), text, 'TARGET')).rejects.toMatchObject({
    type: 'UnknownEnsemble',
    message: expect.stringMatching(
      /^TARGET: .* there is no inventory zkferry\.yaml here .* and no host/,
    ),
  });
});

test('an inventory that was named and is not there is said so, and asked for by names only', async () => {
  await expect(place('orders', inventory('none.yaml'))).rejects.toMatchObject({
    type: 'InvalidInventory',
  });
  expect((await place('orders:2181', inventory('none.yaml'))).servers).toHaveLength(1);
});
