import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInventory } from '../../src/adapters/inventory';
import { clientSchema, formatOf, locatorOf, type ClientSpecInput } from '../../src/model/client';

const ssh = {
  host: '10.0.1.5',
  hostKey: `SHA256:${'b'.repeat(43)}`,
  privateKey: 'env:SSH_KEY',
};
const file = { path: '/etc/app/app.yml', key: 'zk.connect' };

const problemsOf = (spec: unknown): string =>
  (clientSchema.safeParse(spec).error?.issues ?? [])
    .map(({ path, message }) => `${path.join('.')}: ${message}`)
    .join('\n');

test('a client needs no more than a host and a file', () => {
  const client = clientSchema.parse({ ssh, files: [file] });
  expect(client).toMatchObject({ proof: 'session', state: '/var/lib/zkferry', timeoutMs: 60_000 });
  expect(client.ssh).toMatchObject({ user: 'root', port: 22 });
});

test.each([
  ['/a/server.properties', 'properties'],
  ['/a/application.YML', 'yaml'],
  ['/a/x.yaml', 'yaml'],
  ['/a/x.json', 'json'],
  ['/a/.env', 'env'],
  ['/a/prod.env', 'env'],
  ['/a/solr.in.sh', 'env'],
  ['/a/hbase-site.xml', 'hadoopXml'],
])('the format of %s is %s', (path, format) => {
  const { files } = clientSchema.parse({ ssh, files: [{ path, key: 'k' }] });
  expect(formatOf(files![0]!)).toBe(format);
});

test('keys with dots are paths where the format has paths, and keys where it has keys', () => {
  const locator = (more: object) =>
    locatorOf(clientSchema.parse({ ssh, files: [{ ...file, ...more }] }).files![0]!);
  expect(locator({ key: 'servers.0.zk', document: 1 })).toEqual({
    path: ['servers', 0, 'zk'],
    document: 1,
  });
  expect(locator({ key: ['a.b', 0] })).toEqual({ path: ['a.b', 0] });
  expect(locator({ path: '/a/hbase-site.xml', key: 'a.b', portKey: 'c.d' })).toEqual({
    key: 'a.b',
    portKey: 'c.d',
  });
});

test.each<[string, unknown, RegExp]>([
  ['no way', { ssh }, /^files: nothing says.*expected one of files, redirect, webhook$/],
  ['two ways', { ssh, files: [file], redirect: 'x' }, /^redirect: files and redirect say/],
  ['no host', { files: [file] }, /^ssh: .*expected ssh with host/m],
  ['no address', { webhook: { url: 'https://h/' } }, /^addresses: proof "session" needs them/],
  ['back alone', { ssh, files: [file], back: 'x' }, /^back: .*expected redirect beside it/],
  ['reload of nothing', { ssh, redirect: 'x', reload: 'y' }, /^reload: .*expected files/],
  ['health without one', { ssh, files: [file], proof: 'health' }, /^proof: .*expected health/],
  [
    'an unknown format',
    { ssh, files: [{ path: '/etc/default/app', key: 'k' }] },
    /^files\.0\.format: .*\/etc\/default\/app; expected one of properties, yaml/,
  ],
  [
    'a path where keys are',
    { ssh, files: [{ path: '/a.properties', key: ['a', 'b'] }] },
    /^files\.0\.key: \["a","b"\] is a path; properties takes a key/,
  ],
  [
    'two formats',
    { ssh, files: [file, { ...file, format: 'env', key: 'K' }] },
    /^files: \/etc\/app\/app\.yml is given two formats/,
  ],
  [
    'a password in a URL',
    { webhook: { url: 'https://me:pw@h/' }, proof: 'none' },
    /^webhook\.url: a URL holds no password/,
  ],
  ['a file URL', { webhook: { url: 'file:///x' }, proof: 'none' }, /^webhook\.url: .*http/],
])('%s is refused, naming the field and what is accepted', (_, spec, expected) => {
  expect(problemsOf(spec)).toMatch(expected);
});

describe('in the inventory', () => {
  let directory: string;
  beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'zkferry-clients-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  const write = (name: string, clients: Record<string, ClientSpecInput>): void =>
    writeFileSync(join(directory, name), JSON.stringify({ clients }));

  test('clients may have a file of their own; one is in one file only, and unknown ones are named', async () => {
    writeFileSync(
      join(directory, 'a.yaml'),
      'ensembles: { a: { clients: [app], servers: [{ name: z, id: 1, host: h }] } }',
    );
    write('b.yaml', { app: { ssh, files: [file] } });
    const inventory = createInventory({ path: directory });
    expect((await inventory.resolve('a')).clients).toEqual(['app']);
    expect(await inventory.client('app')).toMatchObject({ name: 'app', files: [file] });
    await expect(inventory.client('other')).rejects.toMatchObject({
      type: 'UnknownClient',
      message: expect.stringMatching(/no client "other"; it knows: app/),
    });
    write('c.yaml', { app: { ssh, files: [file] } });
    await expect(inventory.client('app')).rejects.toMatchObject({ type: 'InvalidInventory' });
  });
});
