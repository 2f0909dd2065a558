/** From which time on a base counts: never from before the transaction it is usable from. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DirectoryStore } from '../../../src/adapters/repository/directoryStore';
import { createRepository } from '../../../src/adapters/repository/openRepository';
import type { Repository } from '../../../src/adapters/repository/repository';
import { chooseFrom } from '../../../src/adapters/restore/fromRepository';
import { restorableRanges } from '../../../src/planning/backup/restorable';
import { START_MS } from '../../support/logObjects';
import { attached, captured, snapshot, txn } from '../../support/toldCapture';

let directory: string;
let repository: Repository;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'zkferry-base-time-'));
  repository = await createRepository(new DirectoryStore(join(directory, 'r')), { kind: 'none' });
});
afterEach(() => rmSync(directory, { recursive: true }));

test('a base that came with its own last transaction counts from its time on', async () => {
  const { timelines } = await captured(repository, directory, [
    [snapshot(directory, 1n), txn(2n), attached(2n)],
  ]);
  expect(timelines[0]!.bases[0]!.usableFromMs).toBe(START_MS + 2);
});

test('a capture goes on after the base of one that ended before anything was committed', async () => {
  await captured(repository, directory, [[snapshot(directory, 1n), attached(1n)]]);
  const onOpen = jest.fn();
  const { timelines } = await captured(
    repository,
    directory,
    [[attached(1n, 'diff'), txn(2n), txn(3n)]],
    onOpen,
  );
  expect(onOpen).toHaveBeenCalledWith(1n);
  expect(timelines[0]).toMatchObject({ findings: [], holes: [] });
  expect(restorableRanges(timelines[0]!)).toMatchObject([{ from: '0x1', to: '0x3' }]);
});

test('a base behind a hole does not count for times in the hole', async () => {
  const began = Date.now();
  const contents = await captured(repository, directory, [
    [snapshot(directory, 1n), txn(2n), attached(2n), txn(3n)],
    [snapshot(directory, 10n, 3n), attached(10n), txn(11n)],
  ]);
  const { holes, bases } = contents.timelines[0]!;
  expect(holes).toMatchObject([{ after: '0x3', upTo: '0xa' }]);
  expect(bases[1]!.usableFromMs).toBeGreaterThanOrEqual(began);
  const inHole = { kind: 'time', timeMs: START_MS + 5 } as const;
  await expect(chooseFrom(repository, contents, inHole)).rejects.toMatchObject({
    type: 'NotRestorable',
  });
});
