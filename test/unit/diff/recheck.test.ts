/** A difference is told only if it is still there when the nodes are looked at again. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diffTrees } from '../../../src/adapters/diff/diffTrees';
import { NO_STAT } from '../../../src/tree/dataTree';
import { Selection } from '../../../src/tree/copy/selection';
import type { SourceNode, TreeSource } from '../../../src/tree/source';

const OPEN = [{ perms: 31, scheme: 'world', id: 'anyone' }];

const nodeOf = (path: string, data: string): SourceNode => ({
  ...{ path, data: Buffer.from(data), acl: OPEN, stat: NO_STAT },
});

/** Read node by node: `first` is what the walk finds, `later` what a second look does. */
const moving = (first: Record<string, string>, later = first): TreeSource => ({
  shown: 'a tree',
  knowsTypes: false,
  // eslint-disable-next-line @typescript-eslint/require-await -- it stands for one that waits
  async *nodes() {
    yield Object.entries(first).map(([path, data]) => nodeOf(path, data));
  },
  node: (path) =>
    Promise.resolve(later[path] === undefined ? undefined : nodeOf(path, later[path])),
  close: () => Promise.resolve(),
});

async function paths(source: TreeSource, target: TreeSource): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), 'zkferry-recheck-'));
  const selection = new Selection({ sourceRoot: '/', targetRoot: '/' });
  const found = await diffTrees(source, target, selection, { directory });
  const all: string[] = [];
  for await (const { path } of found.differences) all.push(path);
  await found.close();
  rmSync(directory, { recursive: true, force: true });
  return all;
}

it('what both sides agree on by then is no difference; what they do not, is', async () => {
  const source = { '/': '', '/same': 'x', '/written': 'new', '/other': 'a', '/gone': 'x' };
  const target = { '/': '', '/same': 'x', '/written': 'old', '/other': 'b' };
  const later = { '/': '', '/same': 'x', '/written': 'new', '/other': 'a' };
  expect(
    await paths(moving(source, later), moving(target, { ...target, '/written': 'new' })),
  ).toEqual(['/other']);
});

it('where one side can’t be asked again, every difference is told', async () => {
  const snapshot = { ...moving({ '/': '', '/a': 'x' }), node: undefined };
  expect(await paths(snapshot, moving({ '/': '', '/a': 'y' }, { '/': '', '/a': 'x' }))).toEqual([
    '/a',
  ]);
});
