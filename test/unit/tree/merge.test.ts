/** What a copy does to a target that holds something: its plan, carried out on a model of the target. */
import fc from 'fast-check';
import {
  ACTION,
  mergeLines,
  sourceLine,
  targetLine,
  type MergePlan,
} from '../../../src/tree/copy/merge';
import { NO_STAT } from '../../../src/tree/dataTree';
import { LineWriter } from '../../../src/tree/diff/line';
import { CONTAINER_OWNER } from '../../../src/tree/nodeType';
import { parentOf } from '../../../src/tree/paths';
import { randomRuns } from '../../support/randomRuns';

interface Node {
  data: string;
  acl: string;
  container: boolean;
  /** Next sequence number. */
  next: number;
}
type Tree = Map<string, Node>;
type Policy = 'skip' | 'overwrite' | 'mirror';

/** Names on both sides of the slash in the order of characters, and prefixes of each other. */
const NAMES = ['a', 'a!', 'a0', 'b', '~'];

const node = fc.record({
  data: fc.constantFrom('x', 'y'),
  acl: fc.constantFrom('one', 'two'),
  container: fc.boolean(),
  next: fc.integer({ min: 0, max: 3 }),
});

/** The root, and nodes at most three deep, each with its parents; a parent has given a number to each child. */
const tree = fc
  .dictionary(
    fc
      .array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 3 })
      .map((names) => `/${names.join('/')}`),
    node,
    { maxKeys: 14 },
  )
  .map((some): Tree => {
    const plain = { data: 'x', acl: 'one', container: false, next: 0 };
    const all: Tree = new Map([['/', { ...plain }]]);
    for (const [path, value] of Object.entries(some)) {
      for (let at = parentOf(path); at !== '/'; at = parentOf(at))
        if (!all.has(at)) all.set(at, { ...plain, ...some[at] });
      all.set(path, { ...value });
    }
    for (const path of all.keys()) if (path !== '/') all.get(parentOf(path))!.next += 1;
    const depth = (path: string) => (path === '/' ? 0 : path.split('/').length);
    return new Map([...all].sort(([one], [other]) => depth(one) - depth(other)));
  });

const writer = new LineWriter({ types: true, versions: false, times: false });

const lineOf = (path: string, { data, acl, container, next }: Node): string =>
  writer.line(path, {
    path,
    data: Buffer.from(data),
    acl: [{ perms: 31, scheme: 'digest', id: acl }],
    stat: { ...NO_STAT, cversion: next, ephemeralOwner: container ? CONTAINER_OWNER : 0n },
  });

async function merge(source: Tree, target: Tree, policy: Policy): Promise<MergePlan> {
  const ours = [...source].map(([path, it], index) => sourceLine(lineOf(path, it), index));
  const theirs = [...target].map(([path, it]) =>
    targetLine(lineOf(path, it), { mayWork: true, ephemeral: false, excluded: false }),
  );
  return mergeLines(ours.sort().values(), theirs.sort().values(), source.size, policy);
}

/** As the copy's steps do it; throws where a server would refuse. */
function carryOut(plan: MergePlan, source: Tree, target: Tree): Tree {
  const result: Tree = new Map([...target].map(([path, it]) => [path, { ...it }]));
  const hasChildren = (path: string) =>
    [...result.keys()].some((at) => at !== '/' && parentOf(at) === path);
  for (const path of plan.deletions) {
    if (!result.has(path)) throw new Error(`delete ${path}: NoNode`);
    if (hasChildren(path)) throw new Error(`delete ${path}: NotEmpty`);
    result.delete(path);
  }
  for (const [index, [path, it]] of [...source].entries()) {
    const action = plan.actions[index]!;
    if (action === ACTION.create) {
      if (result.has(path)) throw new Error(`create ${path}: NodeExists`);
      const parent = result.get(parentOf(path));
      if (parent === undefined) throw new Error(`create ${path}: NoNode`);
      parent.next += 1;
      result.set(path, { ...it, next: 0 });
      continue;
    }
    if ((action & ACTION.setData) !== 0) result.get(path)!.data = it.data;
    if ((action & ACTION.setAcl) !== 0) result.get(path)!.acl = it.acl;
  }
  return result;
}

const refusals = ({ refused }: MergePlan) =>
  Object.values(refused).reduce((sum, { count }) => sum + count, 0);

const shape = ({ data, acl, container }: Node) => ({ data, acl, container });

/** The root's own type never differs: it is always there. */
const withRoot = (source: Tree, target: Tree) => {
  target.get('/')!.container = source.get('/')!.container;
  return target;
};

const property = (policy: Policy, check: (source: Tree, target: Tree, plan: MergePlan) => void) =>
  fc.assert(
    fc.asyncProperty(tree, tree, async (source, theirs) => {
      const target = withRoot(source, theirs);
      check(source, target, await merge(source, target, policy));
    }),
    randomRuns(200),
  );

describe('the plan of a copy over what is there', () => {
  it('mirror: the target has the nodes of the source, and no others', () =>
    property('mirror', (source, target, plan) => {
      const result = carryOut(plan, source, target);
      const plain = (some: Tree) =>
        [...some].map(([path, it]) => [path, shape(it)] as const).sort();
      expect(plain(result)).toEqual(plain(source));
    }));

  it('overwrite: nodes of the source are as there, all others as they were, or it is refused', () =>
    property('overwrite', (source, target, plan) => {
      if (plan.refused.otherType.count > 0) return;
      const result = carryOut(plan, source, target);
      for (const [path, it] of result)
        expect(shape(it)).toEqual(shape(source.get(path) ?? target.get(path)!));
      expect(result.size).toBe(new Set([...source.keys(), ...target.keys()]).size);
    }));

  it('overwrite: is refused exactly where a node of another type has children', () =>
    property('overwrite', (source, target, plan) => {
      const inTheWay = [...target].filter(
        ([path, it]) =>
          source.has(path) &&
          source.get(path)!.container !== it.container &&
          [...target.keys()].some((at) => at !== '/' && parentOf(at) === path),
      );
      expect(plan.refused.otherType.count > 0).toBe(inTheWay.length > 0);
    }));

  it('skip: whatever was there is as it was, and the rest is created', () =>
    property('skip', (source, target, plan) => {
      expect(plan.deletions).toEqual([]);
      expect(refusals(plan)).toBe(0);
      const result = carryOut(plan, source, target);
      for (const [path, it] of result)
        expect(shape(it)).toEqual(shape(target.get(path) ?? source.get(path)!));
    }));

  it('says of each parent what it has, so that its counter can be raised to the source’s', () =>
    property('mirror', (source, target, plan) => {
      const result = carryOut(plan, source, target);
      for (const [path] of source) {
        const children = [...source.keys()].filter((at) => at !== '/' && parentOf(at) === path);
        const there = plan.existing.get(path) ?? { next: 0, children: 0 };
        expect(there.next + children.length - there.children).toBe(result.get(path)!.next);
      }
    }));

  it('equal trees need nothing', () =>
    fc.assert(
      fc.asyncProperty(tree, async (source) => {
        const plan = await merge(source, source, 'mirror');
        expect([...plan.actions]).toEqual([...source].map(() => ACTION.leave));
        expect(plan.deletions).toEqual([]);
      }),
      randomRuns(100),
    ));

  it('names what it may not touch: foreign ACLs, ephemerals, what was excluded', async () => {
    const at = (path: string, it: Partial<Node> = {}) =>
      lineOf(path, { data: 'x', acl: 'one', container: false, next: 0, ...it });
    const plan = await mergeLines(
      ['/', '/closed', '/eph', '/under/new']
        .map((path, index) => sourceLine(at(path), index))
        .values(),
      [
        targetLine(at('/'), { mayWork: true, ephemeral: false, excluded: false }),
        targetLine(at('/closed', { data: 'y' }), {
          mayWork: false,
          ephemeral: false,
          excluded: false,
        }),
        targetLine(at('/eph'), { mayWork: true, ephemeral: true, excluded: false }),
        targetLine(at('/goes'), { mayWork: true, ephemeral: false, excluded: false }),
        targetLine(at('/goes/kept'), { mayWork: true, ephemeral: false, excluded: true }),
        targetLine(at('/under'), { mayWork: false, ephemeral: false, excluded: false }),
      ].values(),
      4,
      'mirror',
    );
    expect(plan.refused.forbidden.listed).toContain('/closed');
    expect(plan.refused.ephemerals.listed).toEqual(['/eph']);
    expect(plan.refused.excluded.listed).toEqual(['/goes/kept']);
  });
});
