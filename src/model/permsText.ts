/** Permissions of an ACL entry as ZooKeeper's own tools write them: `cdrwa`. */
const PERMS: readonly (readonly [number, string])[] = [
  [4, 'c'],
  [8, 'd'],
  [1, 'r'],
  [2, 'w'],
  [16, 'a'],
];

export const permsText = (perms: number): string =>
  PERMS.map(([bit, letter]) => ((perms & bit) !== 0 ? letter : '')).join('');
