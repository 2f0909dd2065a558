/** Which software uses an ensemble, told from paths that exist. */
import type { ClientUse } from '../../../model/migrationAdvice';
import { CURATOR, isCuratorChild, KNOWN_SOFTWARE } from './knownSoftware';

const MAX_PATHS = 3;
const MAX_USES = 32;

/** `paths`: of znodes that exist; known software is found at the root and below one level of chroot. */
export function usersIn(paths: readonly string[]): ClientUse[] {
  const known = KNOWN_SOFTWARE.flatMap(({ software, tells, also = [], means, harmedBy }) => {
    const beside = paths.flatMap((path) => placesOf(path, also));
    return grouped(paths.flatMap((path) => placesOf(path, tells))).map(([root, found]) => {
      const more = beside.filter((one) => one.root === root).map(({ path }) => path);
      const shown = [...found, ...more].slice(0, MAX_PATHS);
      return { ...{ software, root, paths: shown, means }, harmedBy: [...harmedBy] };
    });
  });
  const recipes = [...new Set(paths.filter((path) => isCuratorChild(lastName(path))).map(parentOf))]
    .sort()
    .slice(0, MAX_PATHS);
  const curator: ClientUse[] =
    recipes.length === 0 ? [] : [{ ...CURATOR, root: '/', paths: recipes, harmedBy: [] }];
  return [...known, ...curator].slice(0, MAX_USES);
}

const lastName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/')) || '/';

/** Where something with such a path would have its root: `/`, or one name. */
function placesOf(path: string, tells: readonly string[]): { root: string; path: string }[] {
  return tells.flatMap((tell) => {
    if (path === tell) return [{ root: '/', path }];
    const root = path.endsWith(tell) ? path.slice(0, -tell.length) : '';
    return /^\/[^/]+$/.test(root) && root !== '/zookeeper' ? [{ root, path }] : [];
  });
}

function grouped(found: readonly { root: string; path: string }[]): [string, string[]][] {
  const byRoot = new Map<string, string[]>();
  for (const { root, path } of found) {
    const paths = byRoot.get(root) ?? [];
    if (paths.length < MAX_PATHS && !paths.includes(path)) paths.push(path);
    byRoot.set(root, paths);
  }
  return [...byRoot].sort(([a], [b]) => (a < b ? -1 : 1));
}
