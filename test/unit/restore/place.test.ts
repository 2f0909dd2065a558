/** Where a data directory is put: nothing that is there is touched, and nothing is written before that is known. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  writeDataDirectory,
  type RestoreInput,
  type WriteOptions,
} from '../../../src/adapters/restore';
import { History } from '../../support/history';

const EXACT: WriteOptions = { way: 'exact' };

describe('a data directory', () => {
  let directory: string;
  let target: string;
  let history: History;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'zkferry-place-'));
    target = join(directory, 'data');
    history = new History(join(directory, 'history'));
    history.create('/app');
  });
  afterEach(() => rmSync(directory, { recursive: true, force: true }));

  describe('is refused, and nothing is written,', () => {
    const refuses = async (path: string, message: RegExp, input?: RestoreInput) => {
      const before = readdirSync(directory, { recursive: true }).length;
      const given = input ?? (await history.input());
      const inputs = readdirSync(directory, { recursive: true }).length - before;
      await expect(writeDataDirectory(given, path, EXACT)).rejects.toThrow(message);
      expect(readdirSync(directory, { recursive: true }).length).toBe(before + inputs);
    };

    test('where something is there already', async () => {
      mkdirSync(target);
      writeFileSync(join(target, 'notes'), 'x');
      await refuses(target, /is not empty \(notes\)/);
      mkdirSync(join(target, 'version-2'));
      await refuses(target, /holds files of a ZooKeeper server \(version-2\): set it aside/);
      writeFileSync(join(target, 'zookeeper_server.pid'), `${process.pid}\n`);
      await refuses(target, new RegExp(`of a server that runs, process ${process.pid}`));
      writeFileSync(join(directory, 'file'), '');
      await refuses(join(directory, 'file'), /is there and is no directory/);
      await refuses(join(directory, 'version-2'), /name the directory above it/);
    });

    test('where its parent is missing, or no directory, or a link leads nowhere', async () => {
      await refuses(join(directory, 'no', 'data'), /\/no, where .* is not there \(ENOENT\)/);
      mkdirSync(join(directory, 'backups', 'orders'), { recursive: true });
      writeFileSync(join(directory, 'backups', 'repository.json'), '{}');
      await refuses(
        join(directory, 'backups', 'orders', 'x'),
        /would lie in the backup repository/,
      );
      writeFileSync(join(directory, 'file'), '');
      await refuses(join(directory, 'file', 'data'), /cannot be looked at \(ENOTDIR\)/);
      symlinkSync(join(directory, 'nowhere'), join(directory, 'link'));
      await refuses(join(directory, 'link'), /is a link that leads nowhere/);
      await refuses('/proc/zkferry-data', /cannot be made \(ENOENT\)/);
    });

    test('where the disk is too small', async () => {
      const input = { ...(await history.input()), logBytes: 2 ** 60 };
      await refuses(target, /will take up to \d+ MiB, and \d+ MiB are free/, input);
    });
  });

  test('what a killed attempt has left is told and left, and nothing else is taken for it', async () => {
    const left = `${target}.partial-0123456789ab`;
    for (const path of [left, `${target}.partial-mine`, `${target}2.partial-0123456789ab`])
      mkdirSync(path);
    const { warnings } = await writeDataDirectory(await history.input(), target, EXACT);
    expect(warnings).toEqual([expect.stringMatching(`^${left} is what .* killed has left`)]);
    expect(existsSync(left)).toBe(true);
  });

  test('an empty directory is taken, through a link too, with its mode', async () => {
    mkdirSync(target);
    chmodSync(target, 0o710);
    symlinkSync(target, join(directory, 'link'));
    const written = await writeDataDirectory(await history.input(), join(directory, 'link'), EXACT);
    expect(written.directory).toBe(target);
    expect(statSync(target).mode & 0o777).toBe(0o710);
    expect(existsSync(join(target, 'version-2', 'snapshot.100000000'))).toBe(true);
  });
});
