/** `zkferry backup extract` from a repository that is there. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storeBase } from '../../../src/adapters/capture/storeBase';
import { createRepository } from '../../../src/adapters/repository/openRepository';
import { E, putEnsemble, putState } from '../../support/backedUp';
import { History } from '../../support/history';
import { directoryPlace } from '../../support/stores';
import { ran } from './testIo';

const place = directoryPlace();
const directory = mkdtempSync(join(tmpdir(), 'zkferry-extract-'));
const target = join(directory, 'data');
const words = ['backup', 'extract', place.root, E, '--at', 'latest', '--to', target];
const env = { ZKFERRY_STATE: join(directory, 'state') };
const here = () => readdirSync(directory).filter((name) => name.startsWith('data'));

beforeAll(async () => {
  const history = new History(join(directory, 'history'));
  history.create('/app');
  const { snapshotFile } = await history.input(history.last, history.last);
  const repository = await createRepository(place.store, { kind: 'none' });
  await putEnsemble(repository);
  const at = { snapshotZxid: history.last, usableFrom: history.last, usableFromMs: 1 };
  const { stored } = await storeBase(
    repository,
    { ensemble: E, timeline: 1 },
    { file: snapshotFile, ...at, source: 'stream' },
    { members: [] },
  );
  await putState(repository, 1, [], [stored], `0x${history.last.toString(16)}`);
});
afterAll(() => {
  rmSync(directory, { recursive: true });
  return place.close();
});

test('that is interrupted ends as such, and leaves nothing', async () => {
  const { code, err } = await ran([...words, '--execute'], { env, interrupted: true });
  expect(err).toMatch(/interrupted before it was done \[Interrupted\]/);
  expect(code).toBe(130);
  expect(here()).toEqual([]);
});

test('says what a killed one has left, before and after it writes', async () => {
  const left = `${target}.partial-0123456789ab`;
  mkdirSync(left);
  expect((await ran(words, { env })).out).toContain(`warning: ${left} is what`);
  const { code, out } = await ran([...words, '--execute'], { env });
  expect(out).toContain(`warning: ${left} is what`);
  expect(code).toBe(0);
  expect(here()).toEqual(['data', 'data.partial-0123456789ab']);
});
