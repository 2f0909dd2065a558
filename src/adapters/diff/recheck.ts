/** Differences of two trees that move while they are read: only what differs still when it is looked at again. */
import type { Selection } from '../../tree/copy/selection';
import type { Difference } from '../../tree/diff/compare';
import { differingFields, type LineWriter } from '../../tree/diff/line';
import { nodeType } from '../../tree/nodeType';
import type { SourceNode, TreeSource } from '../../tree/source';

const LOOKS = 3;
/** For what was written to one side to reach the other. */
const PAUSE_MS = 100;
const AT_ONCE = 256;
/** Trees with more differences than this do not differ by what was just written. */
const MOST_RECHECKED = 20_000;

interface Sides {
  source: TreeSource;
  target: TreeSource;
  selection: Selection;
  writer: LineWriter;
}

/** As they come where a side can't be asked for a node again. */
export async function* recheck(
  differences: AsyncGenerator<Difference>,
  sides: Sides,
): AsyncGenerator<Difference> {
  if (sides.source.node === undefined || sides.target.node === undefined) {
    yield* differences;
    return;
  }
  let seen = 0;
  let block: Difference[] = [];
  for await (const difference of differences) {
    seen += 1;
    if (seen > MOST_RECHECKED) yield difference;
    else block.push(difference);
    if (block.length < AT_ONCE && seen !== MOST_RECHECKED) continue;
    yield* await stillThere(block, sides);
    block = [];
  }
  yield* await stillThere(block, sides);
}

async function stillThere(block: Difference[], sides: Sides): Promise<Difference[]> {
  let left = block;
  for (let look = 0; look < LOOKS && left.length > 0; look += 1) {
    if (look > 0) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    const now = await Promise.all(left.map(({ path }) => lookAt(path, sides)));
    left = now.filter((difference) => difference !== undefined);
  }
  return left;
}

async function lookAt(path: string, sides: Sides): Promise<Difference | undefined> {
  const { source, target, selection, writer } = sides;
  const at = (root: string) => (root === '/' ? path : root + (path === '/' ? '' : path));
  const [left, right] = await Promise.all([
    source.node!(at(selection.sourceRoot)),
    target.node!(at(selection.targetRoot)),
  ]);
  const line = (node: SourceNode | undefined) =>
    node === undefined || nodeType(node.stat.ephemeralOwner) === 'ephemeral'
      ? undefined
      : writer.line(path, node);
  return differenceOf(path, line(left), line(right));
}

function differenceOf(
  path: string,
  left: string | undefined,
  right: string | undefined,
): Difference | undefined {
  if (left === right) return undefined;
  if (left === undefined) return { path, kind: 'onlyInTarget' };
  if (right === undefined) return { path, kind: 'onlyInSource' };
  const { fields, ...both } = differingFields(left, right);
  return { path, kind: 'different', fields, ...both };
}
