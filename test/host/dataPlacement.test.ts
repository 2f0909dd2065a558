import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { startNewcomerHost, type Newcomer } from './newcomer';
import { context, executable, rejection, token } from './sshd';

const MIB = 1024 * 1024;
const stubs = mkdtempSync(join(tmpdir(), 'zkferry-stubs-'));
let at: Awaited<ReturnType<typeof startNewcomerHost>>;

beforeAll(async () => void (at = await startNewcomerHost('127.71.22.1', stubs)));
afterEach(() => at.clearStubs());
afterAll(() => at.close());

interface Placed extends Newcomer {
  log: string;
}

/** A server that was provisioned and never started; `apart`: with a directory for logs of its own. */
async function server(name: string, options: { apart?: boolean } = {}): Promise<Placed> {
  const newcomer = at.newcomer(name);
  const log = options.apart ? join(newcomer.home, 'log') : newcomer.data;
  await at.provision(newcomer, 1, {
    zooCfg: `dataDir=${newcomer.data}\n${options.apart ? `dataLogDir=${log}\n` : ''}`,
    ...(options.apart && { dataLogDir: log }),
  });
  return { ...newcomer, log };
}

/** As if it had run: a snapshot and a log that hold `content`. */
function withData(of: Placed, content: string): Placed {
  for (const [dir, file] of [
    [of.data, 'snapshot.1'],
    [of.log, 'log.1'],
  ] as const) {
    mkdirSync(join(dir, 'version-2'), { recursive: true });
    writeFileSync(join(dir, 'version-2', file), content);
  }
  return of;
}

function local(files: Record<string, string | Buffer>): string {
  const directory = mkdtempSync(join(at.host.directory, 'local-'));
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(directory, name), content);
  return directory;
}

const setAside = (of: Placed, sequence: number, label = 'before') =>
  at.host.adapter.setAsideData(of, label, token(sequence), context());
const bringBack = (of: Placed, sequence: number, label = 'before') =>
  at.host.adapter.bringBackData(of, label, token(sequence), context());
const place = (of: Placed, directory: string, sequence: number, attempt = 1, where = context()) =>
  at.host.adapter.placeData(of, directory, token(sequence, attempt), where);

const snapshotOf = (of: Placed): string =>
  readFileSync(join(of.data, 'version-2', 'snapshot.1'), 'utf8');
const namesIn = (dir: string): string[] => readdirSync(dir).sort();

/** A command of that name that ends the whole remote program when its arguments fit the pattern. */
function killAt(command: string, pattern: string): void {
  executable(
    join(stubs, command),
    `#!/bin/sh\ncase "$*" in ${pattern}) kill -KILL $PPID; exit 1 ;; esac\nexec /bin/${command} "$@"\n`,
  );
}

/** How each operation is refused on a server that is not at rest. */
const operations: [string, (of: Placed, sequence: number) => Promise<unknown>][] = [
  ['setting aside', (of, sequence) => setAside(of, sequence)],
  ['bringing back', (of, sequence) => bringBack(of, sequence)],
  ['placing', (of, sequence) => place(of, local({ 'snapshot.2': 'new' }), sequence)],
];

describe.each(operations)('%s is refused', (what, act) => {
  const name = what.replace(' ', '-');

  test('while the server runs, or one with another configuration on its data', async () => {
    const of = withData(await server(`${name}-running`, { apart: true }), 'old');
    for (const cfg of [join(of.config, 'zoo.cfg'), join(of.home, 'other.cfg')]) {
      writeFileSync(cfg, `dataDir=${of.data}\ndataLogDir=${of.log}\n`);
      const { end } = await at.jvm(of.home, cfg);
      const error = await rejection(act(of, 2));
      expect(error).toMatchObject({ type: 'GuardRefused', retryable: false });
      expect(error.message).toContain('while no server uses it');
      await end();
    }
    expect(namesIn(of.data)).toEqual(['myid', 'version-2']);
  });

  test('while its service is not masked', async () => {
    const path = join(at.host.directory, `${name}-service`);
    const of = withData(await server(`${name}-unmasked`), 'old');
    executable(
      path,
      `#!/bin/sh\n[ ! -e ${of.home}/masked ] || echo masked\necho stopped; exit 3\n`,
    );
    const managed = { ...of, service: { kind: 'script' as const, path } };
    const error = await rejection(act(managed, 2));
    expect(error).toMatchObject({ type: 'GuardRefused', retryable: false });
    expect(error.message).toContain('not masked');
    expect(namesIn(of.data)).toEqual(['myid', 'version-2']);
  });

  test('with a token older than one that acted', async () => {
    const of = withData(await server(`${name}-stale`), 'old');
    await setAside(of, 9, 'newer');
    expect(await rejection(act(of, 8))).toMatchObject({ type: 'StaleFence', retryable: false });
    expect(namesIn(of.data)).toEqual(['myid', 'version-2.aside-newer']);
  });

  test('where the data directory is relative', async () => {
    const of = await server(`${name}-relative`);
    writeFileSync(join(of.config, 'zoo.cfg'), 'dataDir=data\n');
    const { config, state, backup } = of.directories!;
    const vague = { ...of, directories: { config, state, backup } };
    expect(await rejection(act(vague, 2))).toMatchObject({ type: 'Unsupported' });
  });
});

describe('setting data aside', () => {
  test('renames version-2 of both directories, keeps myid, and run again says that it was done', async () => {
    const of = withData(await server('aside', { apart: true }), 'old');
    const inode = statSync(join(of.data, 'version-2')).ino;
    const done = await setAside(of, 2);
    expect(done).toEqual({
      alreadyAside: false,
      directories: [`${of.data}/version-2.aside-before`, `${of.log}/version-2.aside-before`],
      bytes: expect.any(Number),
    });
    expect(done.bytes).toBeGreaterThan(5);
    expect(namesIn(of.data)).toEqual(['myid', 'version-2.aside-before']);
    expect(namesIn(of.log)).toEqual(['version-2.aside-before']);
    expect(statSync(join(of.data, 'version-2.aside-before')).ino).toBe(inode);
    expect(await setAside(of, 2)).toEqual({ ...done, alreadyAside: true });
  });

  test('is refused where others took their place, and touches neither directory', async () => {
    const of = withData(await server('aside-both', { apart: true }), 'old');
    await setAside(of, 2);
    mkdirSync(join(of.log, 'version-2'));
    const error = await rejection(setAside(of, 3));
    expect(error).toMatchObject({ type: 'GuardRefused', retryable: false });
    expect(error.message).toContain('version-2.aside-before');
    expect(namesIn(of.log)).toEqual(['version-2', 'version-2.aside-before']);
    await setAside(withData(of, 'other'), 4, 'another');
    expect(namesIn(of.data)).toEqual(['myid', 'version-2.aside-another', 'version-2.aside-before']);
  });

  test('cut off between the two directories, it goes on when it is run again', async () => {
    const of = withData(await server('aside-cut', { apart: true }), 'old');
    killAt('mv', '*log/version-2*');
    await rejection(setAside(of, 2));
    expect(namesIn(of.data)).toEqual(['myid', 'version-2.aside-before']);
    expect(namesIn(of.log)).toEqual(['version-2']);
    at.clearStubs();
    expect((await setAside(of, 2)).alreadyAside).toBe(false);
    expect(namesIn(of.log)).toEqual(['version-2.aside-before']);
  });

  test('is refused under a label that is a path, and of a version-2 that is a link', async () => {
    const of = await server('aside-link');
    expect(await rejection(setAside(of, 2, '../x'))).toMatchObject({ type: 'InvalidInput' });
    mkdirSync(join(of.home, 'disk'));
    symlinkSync(join(of.home, 'disk'), join(of.data, 'version-2'));
    expect(await rejection(setAside(of, 2))).toMatchObject({ type: 'Unsupported' });
  });
});

describe('bringing data back', () => {
  test('puts the old in place of what is there, which is kept under another name each time', async () => {
    const of = withData(await server('back', { apart: true }), 'old');
    for (const round of [1, 2]) {
      await setAside(of, round * 10);
      withData(of, `new ${round}`);
      const done = await bringBack(of, round * 10 + 1);
      expect(done).toEqual({
        broughtBack: true,
        directories: [`${of.data}/version-2`, `${of.log}/version-2`],
        failed: [
          `${of.data}/version-2.failed-before-${round}`,
          `${of.log}/version-2.failed-before-${round}`,
        ],
      });
      expect(snapshotOf(of)).toBe('old');
      const failed = join(of.data, `version-2.failed-before-${round}`, 'snapshot.1');
      expect(readFileSync(failed, 'utf8')).toBe(`new ${round}`);
    }
    const again = { broughtBack: false, directories: [], failed: [] };
    expect(await bringBack(of, 30)).toEqual(again);
    expect(snapshotOf(of)).toBe('old');
  });

  test('cut off after the new were moved, it goes on when it is run again', async () => {
    const of = withData(await server('back-cut'), 'old');
    await setAside(of, 2);
    withData(of, 'new');
    killAt('mv', '*aside-before*');
    await rejection(bringBack(of, 3));
    expect(existsSync(join(of.data, 'version-2'))).toBe(false);
    at.clearStubs();
    expect(await bringBack(of, 3)).toMatchObject({ broughtBack: true, failed: [] });
    expect(snapshotOf(of)).toBe('old');
  });

  test('that led in an earlier epoch than the new, they go on after it, also when it was cut off before', async () => {
    const of = withData(await server('back-epoch', { apart: true }), 'old');
    const epoch = join(of.data, 'version-2', 'acceptedEpoch');
    writeFileSync(epoch, '4', { mode: 0o640 });
    await setAside(of, 2);
    withData(of, 'new');
    writeFileSync(epoch, '6\n');
    killAt('mv', '*acceptedEpoch*');
    await rejection(bringBack(of, 3));
    at.clearStubs();
    expect(await bringBack(of, 3)).toMatchObject({ broughtBack: true, afterEpoch: 6 });
    expect(readFileSync(epoch, 'utf8')).toBe('6');
    expect(statSync(epoch).mode & 0o777).toBe(0o640);
    expect(namesIn(join(of.data, 'version-2'))).toEqual(['acceptedEpoch', 'snapshot.1']);
  });

  test('that led in a later epoch, or in none, they keep what they had', async () => {
    for (const [name, had, got] of [
      ['later', '7', '6'],
      ['none', undefined, '6'],
      ['new-never-led', '7', undefined],
    ] as const) {
      const of = withData(await server(`back-epoch-${name}`), 'old');
      const epoch = join(of.data, 'version-2', 'acceptedEpoch');
      if (had !== undefined) writeFileSync(epoch, had);
      await setAside(of, 2);
      withData(of, 'new');
      if (got !== undefined) writeFileSync(epoch, got);
      expect(await bringBack(of, 3)).not.toHaveProperty('afterEpoch');
      expect(existsSync(epoch) ? readFileSync(epoch, 'utf8') : undefined).toBe(had);
    }
  });

  test('where there had been none leaves none of the new either', async () => {
    const of = await server('back-none');
    await setAside(of, 2);
    withData(of, 'new');
    await bringBack(of, 3);
    expect(namesIn(join(of.data, 'version-2'))).toEqual([]);
    expect(namesIn(of.data)).toEqual(['myid', 'version-2', 'version-2.failed-before-1']);
  });
});

describe('placing data', () => {
  const files = { 'snapshot.100000007': 'tree', 'log.100000001': 'one', 'log.100000008': 'two' };

  test('puts snapshots and logs where the server looks, as its data directory is owned; run again sends nothing', async () => {
    const of = await server('place', { apart: true });
    chmodSync(of.data, 0o750);
    chmodSync(of.log, 0o2700);
    const root = userInfo().uid === 0;
    if (root) for (const dir of [of.data, of.log]) chownSync(dir, 65534, 65533);
    const directory = local(files);
    expect(await place(of, directory, 2)).toEqual({
      alreadyPlaced: false,
      directories: [`${of.data}/version-2`, `${of.log}/version-2`],
      files: 3,
      bytes: 10,
      sentBytes: 10,
    });
    expect(namesIn(of.data)).toEqual(['myid', 'version-2']);
    expect(namesIn(join(of.data, 'version-2'))).toEqual(['.zkferry-placed', 'snapshot.100000007']);
    const logs = join(of.log, 'version-2');
    expect(namesIn(logs)).toEqual(['.zkferry-placed', 'log.100000001', 'log.100000008']);
    expect(readFileSync(join(logs, 'log.100000008'), 'utf8')).toBe('two');
    const looks = (path: string) => {
      const { mode, uid, gid } = statSync(path);
      return [(mode & 0o7777).toString(8), ...(root ? [uid, gid] : [])];
    };
    const owner = root ? [65534, 65533] : [];
    expect(looks(join(of.data, 'version-2'))).toEqual(['750', ...owner]);
    expect(looks(join(of.data, 'version-2', 'snapshot.100000007'))).toEqual(['640', ...owner]);
    expect(looks(logs)).toEqual(['2700', ...owner]);
    expect(looks(join(logs, 'log.100000001'))).toEqual(['600', ...owner]);

    // Once it has been started, and writes, it is still what this step has placed.
    appendFileSync(join(logs, 'log.100000008'), 'more');
    expect(await place(of, directory, 2, 2)).toMatchObject({ alreadyPlaced: true, sentBytes: 0 });
    const other = local({ 'snapshot.5': 'x' });
    const error = await rejection(place(of, other, 3));
    expect(error).toMatchObject({ type: 'GuardRefused', retryable: false });
    expect(error.message).toContain('is there already');
    expect((await at.wipe(of, 4)).removed).toContain(`${of.log}/version-2`);
    expect(existsSync(logs)).toBe(false);
  });

  test.each<[string, Record<string, string>, (dir: string) => void]>([
    ['a file of another name', { 'snapshot.1': 'x', 'zoo.cfg': 'x' }, () => undefined],
    ['a name with a line in it', { 'log.1\nx': 'x' }, () => undefined],
    ['a directory', {}, (dir) => mkdirSync(join(dir, 'snapshot.1'))],
    ['a link', {}, (dir) => symlinkSync('/etc/passwd', join(dir, 'snapshot.1'))],
    ['nothing', {}, () => undefined],
  ])('is refused where the local directory holds %s', async (_what, content, more) => {
    const of = at.newcomer('place-local');
    const directory = local(content);
    more(directory);
    const error = await rejection(place({ ...of, log: of.data }, directory, 2));
    expect(error).toMatchObject({ type: 'InvalidInput', retryable: false });
    expect(error.message).toContain('nothing was sent');
  });

  test('is refused where there is no such local directory, no data directory, or no space, before anything is sent', async () => {
    const of = await server('place-refused');
    expect(await rejection(place(of, join(of.home, 'none'), 2))).toMatchObject({
      type: 'InvalidInput',
    });
    const directory = local({ 'snapshot.1': 'x'.repeat(1000) });
    const elsewhere = { ...of.directories!, data: join(of.home, 'nowhere') };
    const missing = await rejection(place({ ...of, directories: elsewhere }, directory, 2));
    expect(missing).toMatchObject({ type: 'RemoteCommandFailed', retryable: false });
    expect(missing.message).toContain('provision the server first');

    executable(join(stubs, 'df'), `#!/bin/sh\necho head\necho "disk 9 9 1024 9 /"\n`);
    const full = await rejection(place(of, directory, 2));
    expect(full).toMatchObject({ type: 'NoDiskSpace', retryable: false });
    expect(full.message).toContain(
      `has 1048576 bytes free, the data need about ${1000 + 80 * MIB}`,
    );
    expect(existsSync(join(of.data, 'version-2'))).toBe(false);
  });

  test('what comes changed is refused, and right the next time', async () => {
    const of = await server('place-changed');
    const directory = local({ 'snapshot.1': 'right' });
    executable(
      join(stubs, 'cat'),
      '#!/bin/sh\nif [ $# -gt 0 ]; then exec /bin/cat "$@"; fi\n/bin/cat | tr r l\n',
    );
    const error = await rejection(place(of, directory, 2));
    expect(error).toMatchObject({ type: 'ChecksumMismatch', retryable: true });
    expect(existsSync(join(of.data, 'version-2'))).toBe(false);
    at.clearStubs();
    expect(await place(of, directory, 2)).toMatchObject({ sentBytes: 5 });
    expect(snapshotOf(of)).toBe('right');
  });

  test('cut off between logs and snapshots, it goes on without sending anything again', async () => {
    const of = await server('place-cut', { apart: true });
    const directory = local(files);
    killAt('mv', '*data/version-2');
    await rejection(place(of, directory, 2));
    expect(existsSync(join(of.log, 'version-2'))).toBe(true);
    expect(existsSync(join(of.data, 'version-2'))).toBe(false);
    at.clearStubs();
    expect(await place(of, directory, 2, 2)).toMatchObject({ alreadyPlaced: false, sentBytes: 0 });
    expect(namesIn(of.data)).toEqual(['myid', 'version-2']);
    expect(namesIn(of.log)).toEqual(['version-2']);
  });

  test('200 MiB killed half-way are not sent again as far as they had come, in bounded memory; a dead step leaves nothing', async () => {
    const of = await server('place-large');
    const directory = local({
      'log.1': randomBytes(20 * MIB),
      'snapshot.1': randomBytes(200 * MIB),
    });
    mkdirSync(join(of.data, 'version-2.incoming-0000000100000001-1'));
    const holder = join(of.home, 'state', 'orders', of.name, 'holder');
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const watched = (onBytes: (doneBytes: number) => void) => ({
      ...context(),
      heartbeat: (detail?: unknown) => {
        most = Math.max(most, process.memoryUsage().arrayBuffers - before);
        const { what, doneBytes } = detail as { what: string; doneBytes?: number };
        if (what === 'send the data' && doneBytes !== undefined) onBytes(doneBytes);
      },
    });
    let killed = false;
    const killing = watched((doneBytes) => {
      if (killed || doneBytes < 100 * MIB) return;
      killed = true;
      const pid = Number(
        /pid (\d+), send the data, snapshot/.exec(readFileSync(holder, 'utf8'))![1],
      );
      process.kill(pid, 'SIGKILL');
    });
    const at2 = { ...killing, beats: [] };
    expect(await rejection(place(of, directory, 2, 1, at2))).toMatchObject({ retryable: true });
    expect(killed).toBe(true);
    expect(namesIn(of.data)).toEqual(['myid', 'version-2.incoming-0000000100000001-2']);

    const seen: number[] = [];
    const placed = await place(of, directory, 2, 2, {
      ...watched((doneBytes) => seen.push(doneBytes)),
      beats: [],
    });
    expect(placed).toMatchObject({ bytes: 220 * MIB, sentBytes: 200 * MIB });
    expect(seen.every((bytes) => bytes >= 20 * MIB)).toBe(true);
    expect(seen.at(-1)).toBe(220 * MIB);
    expect(most).toBeLessThan(80 * MIB);
    for (const name of ['log.1', 'snapshot.1']) {
      execFileSync('cmp', [join(directory, name), join(of.data, 'version-2', name)]);
    }
    rmSync(directory, { recursive: true });
  }, 60_000);

  test('of an attempt that a newer one has overtaken is refused in the middle', async () => {
    const of = await server('place-zombie');
    const directory = local({ 'log.1': 'a', 'snapshot.1': 'b' });
    const stop = new AbortController();
    const where = {
      ...context(),
      signal: stop.signal,
      heartbeat: (detail?: unknown) => {
        const { what, doneBytes } = detail as { what?: string; doneBytes?: number };
        if (what === 'send the data' && doneBytes === 1) stop.abort(new Error('held up'));
      },
    };
    await rejection(place(of, directory, 2, 1, where));
    await setAside(of, 3);
    expect((await rejection(place(of, directory, 2))).type).toBe('StaleFence');
    expect(existsSync(join(of.data, 'version-2'))).toBe(false);
  });
});
