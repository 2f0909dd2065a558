/** The tree that benches copy: a server takes it as it comes, and it grows without changing. */
import { deletesOf, multisOf, sampleNodes, znodesIn } from '../../bench/sampleTree';

const parentOf = (path: string) => path.slice(0, path.lastIndexOf('/'));
const paths = (count: number, from?: number) =>
  Array.from(sampleNodes('/bench', count, from), ({ path }) => path);

test('every parent is created before its children, and nothing twice', () => {
  const seen = new Set(['']);
  const wrong = paths(21_500).filter((path) => {
    const isWrong = !seen.has(parentOf(path)) || seen.has(path);
    seen.add(path);
    return isWrong;
  });
  expect(wrong).toEqual([]);
  expect(seen.size - 1).toBe(znodesIn(21_500));
});

test.each([1, 999, 1_000, 1_001, 10_000, 12_345])(
  'a tree grown from %d nodes is the tree made at once',
  (from) => {
    expect([...paths(from), ...paths(20_001, from)]).toEqual(paths(20_001));
  },
);

test('deletes take children first, and leave nothing', () => {
  const left = new Set(paths(2_500));
  for (const { path } of deletesOf('/bench', 2_500)) {
    expect([...left].some((other) => parentOf(other) === path)).toBe(false);
    left.delete(path);
  }
  expect(left.size).toBe(0);
});

test('multis hold 500 operations each, the last one the rest', () => {
  const frames = [...multisOf(sampleNodes('/bench', 1_200))];
  expect(frames).toHaveLength(Math.ceil(znodesIn(1_200) / 500));
  for (const frame of frames) expect(frame.readInt32BE(0)).toBe(frame.length - 4);
});
