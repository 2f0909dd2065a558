import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { packageSchema, type ResolvedServer } from '../../src/model/inventory';
import type { ServiceSpec } from '../../src/model/inventory';
import { context, executable, rejection, startTestHost, token, until, type TestHost } from './sshd';

let host: TestHost;
let shelf: string;

beforeAll(async () => {
  host = await startTestHost('127.71.5.1');
  shelf = join(host.directory, 'shelf');
  mkdirSync(shelf);
  for (const version of ['3.8.4', '3.9.6']) archive(version);
});
afterAll(() => host.close());

/** A release archive in miniature, with its checksum beside it. `bigMib`: incompressible ballast. */
function archive(version: string, bigMib = 0): string {
  const top = `apache-zookeeper-${version}-bin`;
  const work = join(host.directory, 'work');
  mkdirSync(join(work, top, 'lib'), { recursive: true });
  mkdirSync(join(work, top, 'conf'));
  writeFileSync(join(work, top, 'lib', `zookeeper-${version}.jar`), version);
  writeFileSync(join(work, top, 'conf', 'logback.xml'), `logging of ${version}`);
  writeFileSync(join(work, top, 'conf', 'zoo_sample.cfg'), `sample of ${version}`);
  if (bigMib > 0) {
    execFileSync(
      'dd',
      ['if=/dev/urandom', `of=${join(work, top, 'ballast')}`, 'bs=1M', `count=${bigMib}`],
      { stdio: 'ignore' },
    );
  }
  const path = join(shelf, `${top}.tar.gz`);
  execFileSync('tar', ['-czf', path, '-C', work, top]);
  rmSync(work, { recursive: true });
  return withChecksum(path);
}

function withChecksum(path: string): string {
  const hash = createHash('sha512').update(readFileSync(path)).digest('hex');
  writeFileSync(`${path}.sha512`, `${hash}  ${path.split('/').at(-1)}\n`);
  return path;
}

function tarballServer(name: string, more: object = {}, service?: ServiceSpec): ResolvedServer {
  const opt = join(host.directory, name, 'opt');
  const spec = packageSchema.parse({
    kind: 'tarball',
    root: opt,
    current: join(opt, 'current'),
    source: { directory: shelf },
    ...more,
  });
  return host.server(name, { package: spec, service });
}
const optOf = (server: ResolvedServer): string => join(host.directory, server.name, 'opt');
const stage = (
  server: ResolvedServer,
  version: string,
  sequence: number,
  attempt = 1,
  signal?: AbortSignal,
) => host.adapter.stagePackage(server, version, token(sequence, attempt), context(signal));
const install = (server: ResolvedServer, version: string, sequence: number) =>
  host.adapter.installPackage(server, version, token(sequence), context());

describe('checking', () => {
  test('finds an archive whose checksum is right', async () => {
    const server = tarballServer('check');
    const { bytes } = await host.adapter.checkPackage(server, '3.9.6', context());
    expect(bytes).toBe(readFileSync(join(shelf, 'apache-zookeeper-3.9.6-bin.tar.gz')).length);
  });

  test('tells a missing archive, a wrong checksum and no checksum apart', async () => {
    const server = tarballServer('check2');
    const missing = await rejection(host.adapter.checkPackage(server, '3.7.2', context()));
    expect(missing.type).toBe('ArtifactMissing');
    const wrong = tarballServer('check3', { sha512: { '3.9.6': 'a'.repeat(128) } });
    const mismatch = await rejection(host.adapter.checkPackage(wrong, '3.9.6', context()));
    expect(mismatch).toMatchObject({ type: 'ChecksumMismatch', retryable: false });
    rmSync(`${archive('3.6.4')}.sha512`);
    const unknown = await rejection(host.adapter.checkPackage(server, '3.6.4', context()));
    expect(unknown.type).toBe('ChecksumMismatch');
    expect(unknown.message).toContain('package.sha512.3.6.4');
  });

  test('sees a file that changed after it was hashed once', async () => {
    const server = tarballServer('check4');
    const path = archive('3.5.10');
    await host.adapter.checkPackage(server, '3.5.10', context());
    writeFileSync(path, 'something else');
    const error = await rejection(host.adapter.checkPackage(server, '3.5.10', context()));
    expect(error.type).toBe('ChecksumMismatch');
  });
});

describe('staging', () => {
  test('unpacks beside the others and leaves nothing else; again is no change', async () => {
    const server = tarballServer('stage');
    expect(await stage(server, '3.9.6', 1)).toEqual({ alreadyStaged: false });
    expect(readdirSync(optOf(server))).toEqual(['apache-zookeeper-3.9.6-bin']);
    expect(await stage(server, '3.9.6', 2)).toEqual({ alreadyStaged: true });
  });

  test('a directory that looks like the version, but that nobody has checked, does not count as it', async () => {
    const server = tarballServer('unchecked');
    mkdirSync(join(optOf(server), 'by-hand', 'lib'), { recursive: true });
    writeFileSync(join(optOf(server), 'by-hand', 'lib', 'zookeeper-3.9.6.jar'), '');
    expect(await stage(server, '3.9.6', 1)).toEqual({ alreadyStaged: false });
    await install(server, '3.9.6', 2);
    expect(readlinkSync(join(optOf(server), 'current'))).toMatch(/apache-zookeeper-3\.9\.6-bin$/);
  });

  test('what is in use when it is staged is found again for the way back', async () => {
    const server = tarballServer('inuse');
    mkdirSync(join(optOf(server), 'zookeeper-old', 'lib'), { recursive: true });
    writeFileSync(join(optOf(server), 'zookeeper-old', 'lib', 'zookeeper-3.8.4.jar'), '');
    symlinkSync(join(optOf(server), 'zookeeper-old'), join(optOf(server), 'current'));
    expect(await stage(server, '3.8.4', 1)).toEqual({ alreadyStaged: true });
    await stage(server, '3.9.6', 2);
    await install(server, '3.9.6', 3);
    expect(await install(server, '3.8.4', 4)).toEqual({ previous: '3.9.6', installed: '3.8.4' });
    expect(readlinkSync(join(optOf(server), 'current'))).toMatch(/zookeeper-old$/);
  });

  test('an archive that changed under way is refused on the host', async () => {
    const server = tarballServer('lying', { sha512: {} });
    // The worker believes the checksum; the host computes its own over what arrived.
    const { stageTarball } = await import('../../src/adapters/host/tarball');
    const { createHostRunner } = await import('../../src/adapters/host/runner');
    const { SshPool } = await import('../../src/adapters/ssh/pool');
    const { createSecrets } = await import('../../src/adapters/secrets');
    const pool = new SshPool({ secrets: createSecrets() });
    const path = join(shelf, 'apache-zookeeper-3.9.6-bin.tar.gz');
    const believed = { path, bytes: readFileSync(path).length, sha512: 'b'.repeat(128) };
    const credulous = { find: () => Promise.resolve(believed) };
    const error = await rejection(
      stageTarball(
        createHostRunner(pool, { lockWaitMs: 1_000 }),
        credulous as never,
        server,
        server.package as never,
        '3.9.6',
        token(1),
        context(),
      ),
    );
    await pool.close();
    expect(error).toMatchObject({ type: 'ChecksumMismatch', retryable: false });
    expect(readdirSync(optOf(server))).toEqual([]);
  });

  test.each([
    ['../climber', 'climbing'],
    ['/tmp/zkferry-absolute', 'absolute'],
  ])('an archive with the member %s is refused', async (member, name) => {
    const version = name === 'climbing' ? '3.9.1' : '3.9.2';
    const file = join(host.directory, 'harmless');
    writeFileSync(file, 'x');
    const path = join(shelf, `apache-zookeeper-${version}-bin.tar.gz`);
    execFileSync('tar', ['-czPf', path, `--transform=s,${file},${member},`, file]);
    withChecksum(path);
    const server = tarballServer(name);
    const error = await rejection(stage(server, version, 1));
    expect(error).toMatchObject({ type: 'ChecksumMismatch', retryable: false });
    expect(error.message).toContain(member);
    expect(readdirSync(optOf(server))).toEqual([]);
    expect(existsSync('/tmp/zkferry-absolute')).toBe(false);
  });

  test('an archive of another version than its name says is refused', async () => {
    const server = tarballServer('misnamed');
    const path = join(shelf, 'apache-zookeeper-3.9.5-bin.tar.gz');
    writeFileSync(path, readFileSync(join(shelf, 'apache-zookeeper-3.8.4-bin.tar.gz')));
    withChecksum(path);
    const error = await rejection(stage(server, '3.9.5', 1));
    expect(error.message).toContain('holds ZooKeeper 3.8.4');
    expect(readdirSync(optOf(server))).toEqual([]);
  });

  test('killed in the middle of the upload, the next attempt clears up and finishes', async () => {
    archive('3.7.1', 48);
    const server = tarballServer('killed');
    const abort = new AbortController();
    const first = rejection(stage(server, '3.7.1', 1, 1, abort.signal));
    await until('the upload runs', () =>
      readdirSync(optOf(server)).some((name) => name.startsWith('.zkferry-upload-')),
    );
    abort.abort(new Error('worker lost'));
    await first;
    expect(existsSync(join(optOf(server), 'apache-zookeeper-3.7.1-bin'))).toBe(false);
    expect(await stage(server, '3.7.1', 1, 2)).toEqual({ alreadyStaged: false });
    expect(readdirSync(optOf(server))).toEqual(['apache-zookeeper-3.7.1-bin']);
  });

  test('killed while unpacking, the next attempt clears up and finishes', async () => {
    const unpacked = 'apache-zookeeper-3.7.0-bin';
    // The host may be done before the kill reaches it: then once more, with more to unpack.
    for (let size = 96; ; size *= 2) {
      archive('3.7.0', size);
      const server = tarballServer(`killed-${size}`);
      const abort = new AbortController();
      const first = rejection(stage(server, '3.7.0', 1, 1, abort.signal));
      await until('it unpacks', () =>
        readdirSync(optOf(server)).some((name) => name.startsWith('.incoming-')),
      );
      abort.abort(new Error('worker lost'));
      await first;
      const { alreadyStaged } = await stage(server, '3.7.0', 1, 2);
      expect(readdirSync(optOf(server))).toEqual([unpacked]);
      if (!alreadyStaged) return;
      expect(size).toBeLessThan(1_000);
    }
  });

  test('the host can fetch the archive itself, with its checksum', async () => {
    const web = createServer((request, response) => {
      try {
        const body = readFileSync(join(shelf, request.url!.slice(1)));
        response.setHeader('content-length', body.length);
        response.end(request.method === 'HEAD' ? undefined : body);
      } catch {
        response.statusCode = 404;
        response.end();
      }
    });
    await new Promise<void>((resolve) => web.listen(0, '127.71.5.2', resolve));
    const url = `http://127.71.5.2:${(web.address() as AddressInfo).port}/apache-zookeeper-{version}-bin.tar.gz`;
    const server = tarballServer('fetch', { source: { url } });
    expect((await host.adapter.checkPackage(server, '3.9.6', context())).bytes).toBeGreaterThan(
      100,
    );
    expect((await rejection(host.adapter.checkPackage(server, '3.9.9', context()))).type).toBe(
      'ArtifactMissing',
    );
    expect(await stage(server, '3.9.6', 1)).toEqual({ alreadyStaged: false });
    expect(readdirSync(optOf(server))).toEqual(['apache-zookeeper-3.9.6-bin']);
    await new Promise((resolve) => web.close(resolve));
  });
});

describe('installing', () => {
  async function staged(name: string, service?: ServiceSpec): Promise<ResolvedServer> {
    const server = tarballServer(name, {}, service);
    await stage(server, '3.8.4', 1);
    await stage(server, '3.9.6', 2);
    return server;
  }
  const currentOf = (server: ResolvedServer): string =>
    readlinkSync(join(optOf(server), 'current'));

  test('switches the link there and back', async () => {
    const server = await staged('install');
    expect(await install(server, '3.8.4', 3)).toEqual({ installed: '3.8.4' });
    expect(await install(server, '3.9.6', 4)).toEqual({ previous: '3.8.4', installed: '3.9.6' });
    expect(currentOf(server)).toBe(join(optOf(server), 'apache-zookeeper-3.9.6-bin'));
    expect(await install(server, '3.9.6', 5)).toEqual({ previous: '3.9.6', installed: '3.9.6' });
    expect((await install(server, '3.8.4', 6)).installed).toBe('3.8.4');
    const facts = await host.adapter.observe(server, context());
    expect(facts.package).toMatchObject({
      kind: 'tarball',
      installedVersion: '3.8.4',
      stagedVersions: ['3.8.4', '3.9.6'],
    });
  });

  test('two at once have one effect', async () => {
    const server = await staged('both');
    const results = await Promise.allSettled([
      install(server, '3.9.6', 3),
      install(server, '3.9.6', 3),
    ]);
    expect(results.map((result) => result.status)).toEqual(['fulfilled', 'fulfilled']);
    expect(readdirSync(optOf(server)).sort()).toEqual([
      'apache-zookeeper-3.8.4-bin',
      'apache-zookeeper-3.9.6-bin',
      'current',
    ]);
  });

  test('is refused while the server runs', async () => {
    const home = join(host.directory, 'running');
    mkdirSync(home, { recursive: true });
    const path = executable(join(home, 'service'), `#!/bin/sh\necho "pid ${process.pid}"\n`);
    const server = await staged('running', { kind: 'script', path });
    const error = await rejection(install(server, '3.9.6', 3));
    expect(error).toMatchObject({ type: 'GuardRefused', retryable: false });
  });

  test('of a version that was not staged is refused', async () => {
    const server = await staged('unstaged');
    expect((await rejection(install(server, '3.7.2', 3))).type).toBe('ArtifactMissing');
  });

  test('carries over a configuration that lies inside the version, not what each version ships for logging', async () => {
    const server = await staged('inside');
    const opt = optOf(server);
    symlinkSync(join(opt, 'apache-zookeeper-3.8.4-bin'), join(opt, 'current'));
    const directories = { ...server.directories!, config: join(opt, 'current', 'conf') };
    const inside = { ...server, directories };
    const old = join(opt, 'apache-zookeeper-3.8.4-bin', 'conf');
    writeFileSync(join(old, 'zoo.cfg'), 'dataDir=/var/lib/zookeeper\n', { mode: 0o640 });
    writeFileSync(join(old, 'java.env'), 'JAVA\n');
    await install(inside, '3.9.6', 3);
    const conf = join(opt, 'current', 'conf');
    expect(readFileSync(join(conf, 'zoo.cfg'), 'utf8')).toBe('dataDir=/var/lib/zookeeper\n');
    expect(readFileSync(join(conf, 'java.env'), 'utf8')).toBe('JAVA\n');
    expect(readFileSync(join(conf, 'logback.xml'), 'utf8')).toBe('logging of 3.9.6');
    expect(readdirSync(conf).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  test('is refused where the data would be left behind in the old version', async () => {
    const server = await staged('datainside');
    const opt = optOf(server);
    const old = join(opt, 'apache-zookeeper-3.8.4-bin');
    symlinkSync(old, join(opt, 'current'));
    mkdirSync(join(old, 'data'));
    const directories = { ...server.directories!, data: join(opt, 'current', 'data') };
    const error = await rejection(install({ ...server, directories }, '3.9.6', 3));
    expect(error).toMatchObject({ type: 'Unsupported', retryable: false });
    expect(currentOf(server)).toBe(old);
  });
});
