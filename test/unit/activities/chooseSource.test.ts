/** By what `auto` reads an ensemble whose quorum port cannot be had: what loses least comes first, and it is said why. */
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { chosenSource } from '../../../activities/backup/chooseSource';
import type { Dependencies } from '../../../activities/dependencies';
import { createZooKeeperAdapter } from '../../../src/adapters/zookeeper';
import { ensembleSchema, type ResolvedEnsemble } from '../../../src/model/inventory';

/** One that says that it stands alone: it has no quorum port. */
const SRVR = readFileSync(
  join(__dirname, '../../fixtures/fourLetterWord/3.9.6/srvr.leader.txt'),
  'utf8',
).replace('Mode: leader', 'Mode: standalone');

let server: Server;
let says = SRVR;
beforeAll(async () => {
  server = createServer((socket) => socket.once('data', () => socket.end(says)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());

const adminServer = { port: 8080, auth: 'env:NOBODY_ASKS' };

async function chosen(spec: Partial<ResolvedEnsemble>, hasSsh = false) {
  const { port } = server.address() as AddressInfo;
  const ensemble = ensembleSchema.parse({ servers: [{ name: 'zk1', id: 1, host: '127.0.0.1' }] });
  const resolved = {
    ...{ ...ensemble, name: 'orders', ...spec },
    servers: [
      { ...ensemble.servers[0]!, clientPort: port, ...(hasSsh ? { ssh: {} } : { ssh: undefined }) },
    ],
  };
  const dependencies = {
    inventory: { resolve: () => Promise.resolve(resolved) },
    zookeeper: createZooKeeperAdapter(),
  } as unknown as Dependencies;
  return chosenSource(
    dependencies,
    { ensemble: 'orders', repository: 'backups', source: 'auto' },
    new AbortController().signal,
  );
}

test('files where there is a way to them', async () => {
  expect(await chosen({ adminServer }, true)).toMatchObject({
    ...{ source: 'files', why: expect.stringContaining('standalone') as string },
  });
});

test('else an AdminServer, where one is known and of 3.9', async () => {
  expect(await chosen({ adminServer })).toMatchObject({
    ...{ source: 'admin', why: expect.stringContaining('no way to the files (ssh)') as string },
  });
  says = SRVR.replace(/3\.9\.6/g, '3.8.4');
  expect(await chosen({ adminServer })).toMatchObject({
    ...{ source: 'logical', why: expect.stringContaining('3.9.0 or later') as string },
  });
  says = SRVR;
});

test('else the client port', async () => {
  expect(await chosen({})).toMatchObject({
    ...{ source: 'logical', why: expect.stringContaining('nor an adminServer') as string },
  });
});
