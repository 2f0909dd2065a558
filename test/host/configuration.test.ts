import { createHash } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { ResolvedServer } from '../../src/model/inventory';
import { context, rejection, startTestHost, token, type TestHost } from './sshd';

let host: TestHost;
beforeAll(async () => void (host = await startTestHost('127.71.4.1')));
afterAll(() => host.close());

const asRoot = userInfo().uid === 0;
const configOf = (server: ResolvedServer): string => server.directories!.config;
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

function configured(name: string): ResolvedServer {
  const server = host.server(name);
  const at = (file: string): string => join(configOf(server), file);
  writeFileSync(at('zoo.cfg'), `tickTime=2000\r\ndataDir=${server.directories!.data}\n# ünï\n`);
  writeFileSync(at('java.env'), `SERVER_JVMFLAGS="-Xmx256m $(true)"\n`);
  writeFileSync(at('bytes.bin'), Buffer.from([0, 255, 10, 13, 39, 36]));
  chmodSync(at('zoo.cfg'), 0o640);
  if (asRoot) chownSync(at('zoo.cfg'), 1234, 4321);
  mkdirSync(at('ssl'), { recursive: true });
  writeFileSync(at('ssl/key.pem'), 'key', { mode: 0o400 });
  symlinkSync('bytes.bin', at('link'));
  return server;
}

/** Every file below `directory`: its bytes, mode, owner; a link's target. */
function picture(directory: string): Record<string, string> {
  const entries = readdirSync(directory, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => {
        const path = join(entry.parentPath, entry.name);
        if (entry.isSymbolicLink()) return [path, `-> ${readlinkSync(path)}`];
        const { mode, uid, gid } = statSync(path);
        return [path, `${mode.toString(8)} ${uid}:${gid} ${readFileSync(path).toString('hex')}`];
      }),
  );
}

describe('reading and writing', () => {
  test('a file is replaced with its owner and mode kept, and again is no change', async () => {
    const server = configured('write');
    const read = await host.adapter.readConfiguration(server, context());
    expect(read.zooCfg.text).toBe(readFileSync(read.zooCfg.path, 'utf8'));
    expect(read.javaEnv?.path).toBe(join(configOf(server), 'java.env'));
    const before = statSync(read.zooCfg.path);
    const text = `${read.zooCfg.text}it's=$HOME \`id\` \\n\n`;
    for (const sequence of [1, 2]) {
      await host.adapter.writeConfigurationFile(
        server,
        read.zooCfg.path,
        text,
        read.zooCfg.sha256,
        token(sequence),
        context(),
      );
      expect(readFileSync(read.zooCfg.path, 'utf8')).toBe(text);
    }
    const after = statSync(read.zooCfg.path);
    expect([after.mode, after.uid, after.gid]).toEqual([before.mode, before.uid, before.gid]);
    expect(readdirSync(configOf(server)).filter((name) => name.includes('zkferry'))).toEqual([]);
  });

  test('a file that somebody changed meanwhile is left alone', async () => {
    const server = configured('changed');
    const { zooCfg } = await host.adapter.readConfiguration(server, context());
    writeFileSync(zooCfg.path, 'theirs=1\n');
    const error = await rejection(
      host.adapter.writeConfigurationFile(
        server,
        zooCfg.path,
        'ours=1\n',
        zooCfg.sha256,
        token(1),
        context(),
      ),
    );
    expect(error).toMatchObject({ type: 'GuardRefused', retryable: false });
    expect(readFileSync(zooCfg.path, 'utf8')).toBe('theirs=1\n');
  });

  test('nothing outside the configuration directory is written', async () => {
    const server = configured('outside');
    const path = `${configOf(server)}/../data/myid`;
    const error = await rejection(
      host.adapter.writeConfigurationFile(server, path, '1', sha256(''), token(1), context()),
    );
    expect(error.type).toBe('InvalidInput');
  });

  test('a linked zoo.cfg stays a link', async () => {
    const server = host.server('linked');
    const real = join(server.directories!.data!, 'real.cfg');
    writeFileSync(real, 'a=1\n');
    symlinkSync(real, join(configOf(server), 'zoo.cfg'));
    const { zooCfg } = await host.adapter.readConfiguration(server, context());
    await host.adapter.writeConfigurationFile(
      server,
      zooCfg.path,
      'a=2\n',
      zooCfg.sha256,
      token(1),
      context(),
    );
    expect(readFileSync(real, 'utf8')).toBe('a=2\n');
    expect(readlinkSync(zooCfg.path)).toBe(real);
  });
});

describe('saving and restoring', () => {
  test('brings back every byte, mode and owner, and removes what came since', async () => {
    const server = configured('restore');
    const config = configOf(server);
    const before = picture(config);
    const saved = await host.adapter.saveConfiguration(server, 'run-1', token(1), context());
    expect(saved.files).toBe(5);
    expect(statSync(saved.directory).mode & 0o077).toBe(0);

    writeFileSync(join(config, 'zoo.cfg'), 'dynamicConfigFile=zoo.cfg.dynamic.100000000\n');
    chmodSync(join(config, 'zoo.cfg'), 0o600);
    writeFileSync(join(config, 'zoo.cfg.dynamic.100000000'), 'server.1=a:1:2\n');
    writeFileSync(join(config, 'zoo.cfg.bak'), 'old\n');
    // The save that comes after the change, as a retry would, keeps the first copy.
    await host.adapter.saveConfiguration(server, 'run-1', token(2), context());
    for (const sequence of [3, 4]) {
      const restored = await host.adapter.restoreConfiguration(
        server,
        'run-1',
        token(sequence),
        context(),
      );
      expect(restored).toEqual({ restored: true });
      expect(picture(config)).toEqual(before);
    }
  });

  test('without a copy changes nothing and says so', async () => {
    const server = configured('never-saved');
    const before = picture(configOf(server));
    const result = await host.adapter.restoreConfiguration(server, 'none', token(1), context());
    expect(result).toEqual({ restored: false });
    expect(picture(configOf(server))).toEqual(before);
  });

  test('never touches data that lies in the configuration directory itself', async () => {
    const server = host.server('mixed');
    const config = configOf(server);
    writeFileSync(join(config, 'zoo.cfg'), `dataDir=${config}\n`);
    mkdirSync(join(config, 'version-2'));
    writeFileSync(join(config, 'version-2/log.1'), 'one');
    await host.adapter.saveConfiguration(server, 'a', token(1), context());
    writeFileSync(join(config, 'version-2/log.1'), 'one and more');
    writeFileSync(join(config, 'version-2/log.2'), 'two');
    writeFileSync(join(config, 'myid'), '1');
    await host.adapter.restoreConfiguration(server, 'a', token(2), context());
    expect(readFileSync(join(config, 'version-2/log.1'), 'utf8')).toBe('one and more');
    expect(existsSync(join(config, 'version-2/log.2'))).toBe(true);
    expect(existsSync(join(config, 'myid'))).toBe(true);
  });

  test('a label cannot climb out of the state directory', async () => {
    const server = configured('label');
    const error = await rejection(
      host.adapter.saveConfiguration(server, '../../etc', token(1), context()),
    );
    expect(error.type).toBe('InvalidInput');
  });
});
