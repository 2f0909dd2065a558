/** Differences found by digests are the differences there are. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { diffTrees } from '../../../src/adapters/diff/diffTrees';
import { Selection } from '../../../src/tree/copy/selection';
import { NO_STAT } from '../../../src/tree/dataTree';
import { CONTAINER_OWNER } from '../../../src/tree/nodeType';
import type { SourceNode, TreeSource } from '../../../src/tree/source';
import { randomRuns } from '../../support/randomRuns';

const directory = mkdtempSync(join(tmpdir(), 'zkferry-diff-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const node = fc.record({
  data: fc.option(fc.constantFrom('', 'x', 'y'.repeat(20_000), 'z'.repeat(20_000))),
  acl: fc.constantFrom('one', 'two'),
  owner: fc.constantFrom(0n, CONTAINER_OWNER, 5n),
  cversion: fc.integer({ min: 0, max: 2 }),
  version: fc.integer({ min: 0, max: 2 }),
});
const tree = fc.dictionary(fc.constantFrom('/a', '/ab', '/a/b', '/a/b/c', '/z', '/z/0'), node);
type Tree = Awaited<ReturnType<typeof fc.sample<Record<string, unknown>>>>[number];

const sourceOf = (some: Tree): TreeSource => ({
  shown: 'a tree',
  knowsTypes: true,
  // eslint-disable-next-line @typescript-eslint/require-await -- it stands for one that waits
  async *nodes() {
    yield [ROOT, ...Object.entries(some).map(([path, it]) => nodeOf(path, it as never))];
  },
  close: () => Promise.resolve(),
});

const nodeOf = (
  path: string,
  it: { data: string | null; acl: string; owner: bigint; cversion: number; version: number },
): SourceNode => ({
  path,
  data: it.data === null ? null : Buffer.from(it.data),
  acl: [{ perms: 31, scheme: 'digest', id: it.acl }],
  stat: { ...NO_STAT, ephemeralOwner: it.owner, cversion: it.cversion, version: it.version },
});

/** Every real tree has one. */
const ROOT = nodeOf('/', { data: '', acl: 'one', owner: 0n, cversion: 0, version: 0 });

it.each([false, true])('with versions compared: %p', async (versions) => {
  await fc.assert(
    fc.asyncProperty(tree, tree, async (left, right) => {
      const selection = new Selection({ sourceRoot: '/', targetRoot: '/' });
      const found = await diffTrees(sourceOf(left), sourceOf(right), selection, {
        directory,
        versions,
      });
      const paths: string[] = [];
      for await (const { path } of found.differences) paths.push(path);
      await found.close();
      const shown = (some: Tree, path: string) => {
        const it = some[path] as { owner: bigint; version: number } | undefined;
        if (it === undefined || it.owner === 5n) return undefined;
        return JSON.stringify({ ...it, owner: `${it.owner}`, version: versions ? it.version : 0 });
      };
      const all = [...new Set([...Object.keys(left), ...Object.keys(right)])];
      const expected = all.filter((path) => shown(left, path) !== shown(right, path));
      expect([...paths].sort()).toEqual(expected.sort());
    }),
    randomRuns(120),
  );
});

it('refuses to call nothing equal to nothing', async () => {
  const selection = new Selection({ sourceRoot: '/a', targetRoot: '/a' });
  const compared = diffTrees(sourceOf({}), sourceOf({}), selection, { directory });
  await expect(compared).rejects.toThrow('nothing to compare: neither /a of SOURCE');
});
