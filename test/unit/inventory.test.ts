import { mkdtempSync, rmSync, utimesSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInventory } from '../../src/adapters/inventory';
import { createSecrets } from '../../src/adapters/secrets';
import { ensembleRefSchema } from '../../src/model/inventory';

const HOST_KEY = `SHA256:${'b'.repeat(43)}`;
const ORDERS = `
ensembles:
  orders:
    ssh: { user: ops, port: 2222, hostKey: "${HOST_KEY}", privateKey: "env:SSH_KEY" }
    directories: { config: /etc/zookeeper }
    service: { kind: systemd }
    package: { kind: apt, version: "{version}-1" }
    hooks: { drain: "lb drain {server}" }
    servers:
      - { name: zk1, id: 1, host: 10.0.0.1 }
      - { name: zk2, id: 2, host: 10.0.0.2, ssh: { host: jump.example, user: zk }, directories: { state: /srv/zkferry } }
      - { name: zk3, id: 3, host: 10.0.0.3, ssh: { port: 22 }, service: { kind: script, path: /opt/zk/service } }
`;

let directory: string;
beforeEach(() => void (directory = mkdtempSync(join(tmpdir(), 'zkferry-inventory-'))));
afterEach(() => rmSync(directory, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

const failure = async (promise: Promise<unknown>): Promise<{ type: string; message: string }> =>
  promise.then(
    () => {
      throw new Error('expected a rejection');
    },
    (error: { type: string; message: string }) => error,
  );

describe('the inventory', () => {
  test('gives each server the ensemble defaults beneath its own words', async () => {
    const inventory = createInventory({ path: file('orders.yaml', ORDERS) });
    const { servers, ...ensemble } = await inventory.resolve('orders');
    expect(ensemble).toMatchObject({ name: 'orders', znodeRoot: '/zkferry', margin: 0 });
    expect(Object.keys(ensemble)).not.toContain('ssh');
    const [zk1, zk2, zk3] = servers;
    expect(zk1).toMatchObject({
      ensemble: 'orders',
      clientPort: 2181,
      ssh: { host: '10.0.0.1', port: 2222, user: 'ops', become: 'none', hostKey: HOST_KEY },
      service: { kind: 'systemd', unit: 'zookeeper' },
      directories: { config: '/etc/zookeeper', state: '/var/lib/zkferry' },
    });
    expect(zk2?.ssh).toMatchObject({ host: 'jump.example', port: 2222, user: 'zk' });
    expect(zk2?.directories).toMatchObject({ config: '/etc/zookeeper', state: '/srv/zkferry' });
    // A default said aloud is a word of its own.
    expect(zk3?.ssh?.port).toBe(22);
    expect(zk3?.service).toEqual({ kind: 'script', path: '/opt/zk/service' });
  });

  test('a server without any SSH setting gets none', async () => {
    const path = file('a.yaml', 'ensembles: { a: { servers: [{ name: z, id: 1, host: h }] } }');
    const { servers } = await createInventory({ path }).resolve('a');
    expect(servers[0]?.ssh).toBeUndefined();
    expect(servers[0]?.directories).toBeUndefined();
  });

  test('a directory of files is one inventory; a name given twice is refused', async () => {
    file('orders.yaml', ORDERS);
    file('b.yml', 'ensembles: { b: { servers: [{ name: z, id: 1, host: h }] } }');
    file('.hidden.yaml', 'not: an inventory');
    file('notes.txt', 'nor this');
    expect(await createInventory({ path: directory }).names()).toEqual(['b', 'orders']);
    file('c.yaml', ORDERS);
    const error = await failure(createInventory({ path: directory }).names());
    expect(error.type).toBe('InvalidInventory');
    expect(error.message).toMatch(/orders\.yaml is.*"orders" stands in .*c\.yaml too/);
  });

  test('a change on disk counts at the next call', async () => {
    const path = file('a.yaml', 'ensembles: { a: { servers: [{ name: z, id: 1, host: h }] } }');
    const inventory = createInventory({ path });
    expect(await inventory.names()).toEqual(['a']);
    file('a.yaml', 'ensembles: { b: { servers: [{ name: z, id: 1, host: h }] } }');
    utimesSync(path, new Date(), new Date(Date.now() + 5_000));
    expect(await inventory.names()).toEqual(['b']);
    file('a.yaml', '[broken');
    expect((await failure(inventory.names())).type).toBe('InvalidInventory');
  });

  test.each([
    [
      'a wrong field',
      'ensembles: { a: { servers: [{ name: z, id: 300, host: h }] } }',
      /a\.yaml.*\n.*servers\.0\.id: .*255.*got 300/,
    ],
    ['broken YAML', 'ensembles:\n  a: [', /a\.yaml.*line \d+, column \d+/],
    ['an empty file', '', /a\.yaml/],
    [
      'ssh that never says the key',
      'ensembles: { a: { ssh: { user: x }, servers: [{ name: z, id: 1, host: h }] } }',
      /a\.yaml: ensembles\.a\.servers\.0\.ssh[^]*hostKey/,
    ],
  ])('%s is refused with file, field and value', async (_what, text, message) => {
    const error = await failure(createInventory({ path: file('a.yaml', text) }).resolve('a'));
    expect(error.type).toBe('InvalidInventory');
    expect(error.message).toMatch(message);
  });

  test('a path that is not there, and a directory with nothing in it, are said so', async () => {
    const absent = createInventory({ path: join(directory, 'absent.yaml') });
    expect((await failure(absent.names())).message).toContain('no such file');
    expect((await failure(createInventory({ path: directory }).names())).message).toContain(
      '*.yaml',
    );
  });

  test('an unknown ensemble is refused with the names there are', async () => {
    const error = await failure(
      createInventory({ path: file('o.yaml', ORDERS) }).resolve('payments'),
    );
    expect(error.type).toBe('UnknownEnsemble');
    expect(error.message).toContain('it knows: orders');
  });

  test('an inline ensemble is refused unless allowed, and then keeps its own defaults', async () => {
    const inline = ensembleRefSchema.parse({
      ssh: { port: 2222, hostKey: HOST_KEY, privateKey: 'env:K' },
      servers: [{ name: 'z', id: 1, host: 'h', ssh: { user: 'zk' } }],
    });
    const path = file('o.yaml', ORDERS);
    const refused = await failure(createInventory({ path }).resolve(inline));
    expect(refused.type).toBe('InlineEnsembleRefused');
    const { servers } = await createInventory({ path, allowInline: true }).resolve(inline);
    expect(servers[0]?.ssh).toMatchObject({ host: 'h', port: 2222, user: 'zk' });
  });
});

describe('secrets', () => {
  const secrets = createSecrets({ environment: { TOKEN: 's3cret\n', EMPTY: '' } });

  test('come from the environment and from files, without a final newline', async () => {
    const path = file('key', 'line one\nline two\n');
    chmodSync(path, 0o600);
    expect(await secrets.resolve('env:TOKEN')).toBe('s3cret');
    expect(await secrets.resolve(`file:${path}`)).toBe('line one\nline two');
  });

  test('that lead nowhere are SecretMissing with what to do', async () => {
    for (const reference of ['env:NONE', 'env:EMPTY', `file:${directory}/none`, 'plain']) {
      expect((await failure(secrets.resolve(reference))).type).toBe('SecretMissing');
    }
    expect((await failure(secrets.resolve('env:NONE'))).message).toContain('NONE');
  });

  test('in a file that everybody can read are refused with a hint', async () => {
    const path = file('key', 'hunter2');
    chmodSync(path, 0o644);
    const error = await failure(secrets.resolve(`file:${path}`));
    expect(error.message).toContain(`chmod 600 ${path}`);
    expect(error.message).not.toContain('hunter2');
  });

  test('that are public may be read by everybody, but not written', async () => {
    const path = file('certificate', 'public');
    chmodSync(path, 0o644);
    const resolve = () => secrets.resolve(`file:${path}`, { isPublic: true });
    expect(await resolve()).toBe('public');
    chmodSync(path, 0o646);
    expect((await failure(resolve())).message).toContain(`chmod 644 ${path}`);
  });
});

describe('a repository of the inventory', () => {
  const named = (name: string) => `repositories:\n  ${name}: { directory: /b, encryption: none }\n`;

  test('is found in a file that has repositories only, with its retention by default', async () => {
    const inventory = createInventory({ path: file('r.yaml', named('backups')) });
    expect(await inventory.repository('backups')).toMatchObject({
      directory: '/b',
      retention: { bases: 2, days: 7 },
    });
    expect(await inventory.names()).toEqual([]);
  });

  test('that is unknown is refused with the known ones', async () => {
    const inventory = createInventory({ path: file('r.yaml', named('backups')) });
    const { type, message } = await failure(inventory.repository('bakcups'));
    expect(type).toBe('UnknownRepository');
    expect(message).toMatch(/bakcups.*backups/);
  });

  test('in two files is refused with both', async () => {
    file('one.yaml', named('backups'));
    file('two.yaml', named('backups'));
    const { type, message } = await failure(
      createInventory({ path: directory }).repository('backups'),
    );
    expect(type).toBe('InvalidInventory');
    expect(message).toMatch(/one\.yaml/);
    expect(message).toMatch(/two\.yaml/);
  });
});
