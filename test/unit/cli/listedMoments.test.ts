/** Every moment that `backup list` prints is one that `--at` takes, by its zxid and by its time. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DirectoryStore } from '../../../src/adapters/repository/directoryStore';
import { createRepository } from '../../../src/adapters/repository/openRepository';
import { attached, captured, snapshot, txn } from '../../support/toldCapture';
import { ran } from './testIo';

const directory = mkdtempSync(join(tmpdir(), 'zkferry-listed-'));
afterAll(() => rmSync(directory, { recursive: true }));

test('beside a hole as anywhere', async () => {
  const place = join(directory, 'r');
  const repository = await createRepository(new DirectoryStore(place), { kind: 'none' });
  await captured(repository, directory, [
    [snapshot(directory, 1n), txn(2n), attached(2n), txn(3n), txn(4n)],
    [snapshot(directory, 10n, 4n), attached(10n), txn(11n)],
  ]);
  const listed = await ran(['backup', 'list', place]);
  const restorable = listed.out.split('\n').filter((line) => line.includes('restorable: '));
  const moments = restorable.flatMap((line) => [...line.matchAll(/(0x\w+) \((\S+)\)/g)]);
  expect(moments.map(([, zxid]) => zxid)).toEqual(['0x2', '0x4', '0xa', '0xb']);
  for (const [, zxid = '', time = ''] of moments)
    for (const at of [zxid, time]) {
      const to = join(directory, 'restored');
      const { code, out } = await ran([
        ...['backup', 'extract', place, 'orders', '--at', at, '--to', to],
      ]);
      expect({ at, code }).toEqual({ at, code: 0 });
      // Transactions here are of 2023, and the base behind the hole is of now: both ends of its range are.
      const same = time === moments[2]![2] ? /as of 0x[ab]:/ : new RegExp(`as of ${zxid}:`);
      expect(out).toMatch(same);
    }
});
