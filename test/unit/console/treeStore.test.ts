/** Rows of a tree that is fetched page by page. */
import { PAGE_SIZE, TreeStore, type FetchPage } from '../../../src/console/pages/tree/treeStore';

const MANY = 1_300;

/** `/` has a, b and c; b has 1,300 children; nothing else has any. */
function treeOf(asked: string[] = []): FetchPage {
  const childrenOf: Record<string, string[]> = {
    '/': ['a', 'b', 'c'],
    '/b': Array.from({ length: MANY }, (_, index) => `n${index}`),
    '/b/n3': ['leaf'],
  };
  return ({ path, limit, cursor = '0', contains = '' }) => {
    asked.push(`${path} ${cursor}`);
    const names = (childrenOf[path] ?? []).filter((name) => name.includes(contains));
    const to = Number(cursor) + limit;
    return Promise.resolve({
      path,
      total: names.length,
      items: names.slice(Number(cursor), to).map((name) => ({ name })),
      ...(to < names.length ? { nextCursor: String(to) } : {}),
    });
  };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

async function opened(paths: readonly string[], asked: string[] = []): Promise<TreeStore> {
  const store = new TreeStore(treeOf(asked));
  for (const path of paths) {
    store.open(path);
    await settle();
  }
  return store;
}

const namesOf = (store: TreeStore, from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => store.row(from + index).path);

test('children stand below their parent, in front of its next sibling', async () => {
  const store = await opened(['/', '/b', '/b/n3']);
  expect(namesOf(store, 0, 8)).toEqual([
    '/',
    '/a',
    '/b',
    '/b/n0',
    '/b/n1',
    '/b/n2',
    '/b/n3',
    '/b/n3/leaf',
  ]);
  expect(store.row(8)).toMatchObject({ path: '/b/n4', depth: 2, position: 5, siblings: MANY });
  expect(store.rowCount).toBe(1 + 3 + MANY + 1);
  expect(store.row(store.rowCount - 1).path).toBe('/c');
});

test('there is a row for each child, but only pages that are looked at are fetched', async () => {
  const asked: string[] = [];
  const store = await opened(['/', '/b'], asked);
  expect(asked).toEqual(['/ 0', '/b 0']);
  expect(store.row(3 + PAGE_SIZE)).toMatchObject({ name: undefined, isLoading: true });
  store.look(PAGE_SIZE, PAGE_SIZE + 20);
  await settle();
  expect(store.row(3 + PAGE_SIZE)).toMatchObject({ name: `n${PAGE_SIZE}` });
  expect(asked).toEqual(['/ 0', '/b 0', `/b ${PAGE_SIZE}`]);
  store.look(store.rowCount - 10, store.rowCount - 1);
  await settle();
  expect(store.row(2 + MANY).path).toBe(`/b/n${MANY - 1}`);
});

test('who looks away from what is missing has no more of it fetched', async () => {
  const asked: string[] = [];
  const store = await opened(['/', '/b'], asked);
  store.look(store.rowCount - 10, store.rowCount - 1);
  store.look(0, 20);
  await settle();
  expect(asked).toEqual(['/ 0', '/b 0', `/b ${PAGE_SIZE}`]);
});

test('closing hides what is below, and opening again asks nobody', async () => {
  const asked: string[] = [];
  const store = await opened(['/', '/b'], asked);
  store.close('/b');
  expect(store.rowCount).toBe(4);
  store.open('/b');
  expect(store.rowCount).toBe(4 + MANY);
  expect(asked).toHaveLength(2);
});

test('a filter leaves those whose name contains it, and what was on its way before is for nothing', async () => {
  const store = await opened(['/', '/b']);
  store.look(0, store.rowCount - 1);
  store.filter('/b', 'n129');
  await settle();
  expect(store.totalOf('/b')).toBe(11);
  expect(namesOf(store, 3, 5)).toEqual(['/b/n129', '/b/n1290']);
});

test('a failure stands at its znode, and is asked again', async () => {
  let isBroken = true;
  const fetchPage = treeOf();
  const store = new TreeStore((query) =>
    isBroken ? Promise.reject(new Error('no quorum')) : fetchPage(query),
  );
  store.open('/');
  await settle();
  expect(store.errorAt('/')).toEqual(new Error('no quorum'));
  isBroken = false;
  store.retry();
  await settle();
  expect(store.errorAt('/')).toBeUndefined();
  expect(store.rowCount).toBe(4);
});
