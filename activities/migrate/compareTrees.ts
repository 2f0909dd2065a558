/**
 * Both sides of a logical migration compared, node by node: what may differ is told by the engine of `zkferry diff`.
 *
 * While clients write, each side is another moment's, so that some nodes differ at any time. Such a one is looked at again:
 * what a follower has missed differs as it did, however often one looks; what it is about to apply does not.
 */
import { diffTrees } from '../../src/adapters/diff/diffTrees';
import { ZkferryError } from '../../src/model/errors';
import type { OperationContext } from '../../src/model/ports';
import type { Difference } from '../../src/tree/diff/compare';
import { backupOf, type Dependencies } from '../dependencies';
import { pause } from '../operation';
import { openWhole, type MovedTree } from './movedTrees';

const SHOWN_DIFFERENCES = 10;
/** Beyond, what is compared is no copy. */
const MAX_DIFFERENCES = 100_000;
const LOOKS = 6;
/** Far longer than a follower is behind. */
const BETWEEN_MS = 2_000;

/** Of TreesDiffer. */
export interface DifferDetails {
  what: string;
}

interface Look {
  nodes: number;
  differences: Difference[];
}

/** @throws TreesDiffer naming the first differences */
export async function compareAtRest(
  dependencies: Dependencies,
  tree: MovedTree,
  context: OperationContext,
): Promise<string> {
  const { nodes, differences } = await look(dependencies, tree, context);
  if (differences.length > 0) throw differ(tree, differences, 'both are at rest');
  return `equal: ${nodes} znodes`;
}

/** @throws TreesDiffer for what differs in the same way at every look */
export async function compareWhileWritten(
  dependencies: Dependencies,
  tree: MovedTree,
  context: OperationContext,
): Promise<string> {
  const first = await look(dependencies, tree, context);
  let left = first.differences;
  for (let looks = 1; left.length > 0; looks++) {
    if (looks === LOOKS)
      throw differ(tree, left, `the same at ${LOOKS} looks, so that the copy has missed it`);
    await pause(BETWEEN_MS, context.signal);
    const again = new Set((await look(dependencies, tree, context)).differences.map(keyOf));
    left = left.filter((difference) => again.has(keyOf(difference)));
    context.heartbeat({ looks, left: left.length });
  }
  const moving = first.differences.length;
  return `equal: ${first.nodes} znodes${moving === 0 ? '' : `, of which ${moving} changed while they were looked at, and were looked at again`}`;
}

const keyOf = (difference: Difference): string => JSON.stringify(difference);

async function look(
  dependencies: Dependencies,
  { source, target, selection }: MovedTree,
  context: OperationContext,
): Promise<Look> {
  const directory = backupOf(dependencies).spoolDirectory;
  const [left, right] = await Promise.all([
    openWhole(dependencies, source, context),
    openWhole(dependencies, target, context),
  ]);
  try {
    const found = await diffTrees(left, right, selection, { directory, signal: context.signal });
    try {
      const differences: Difference[] = [];
      for await (const difference of found.differences) {
        differences.push(difference);
        if (differences.length === MAX_DIFFERENCES)
          throw differ({ source, target }, differences, 'and there are more');
      }
      return { nodes: found.summary.nodes.source, differences };
    } finally {
      await found.close();
    }
  } finally {
    await Promise.all([left.close(), right.close()]);
  }
}

/** Who has written where. A copy writes to one side only, and nobody else is to. */
function adviceOn(differences: readonly Difference[], from: string, to: string): string {
  const there = differences.filter(({ kind }) => kind === 'onlyInTarget').length;
  return there > differences.length / 2
    ? `Most are at ${to} alone: keep others out of it, and begin again`
    : there > 0
      ? `${to} has what ${from} has not: somebody wrote there; keep others out of it, and begin again`
      : `All are as ${from} has them: if it was closed, its fence may have been down for a time (nft list tables on its hosts; the worker's log), so that its clients wrote there; else ${to} was written to: keep others out of it`;
}

function differ(
  { source, target }: Pick<MovedTree, 'source' | 'target'>,
  differences: readonly Difference[],
  why: string,
): ZkferryError {
  const shown = differences
    .slice(0, SHOWN_DIFFERENCES)
    .map(({ path, kind }) => `${path} (${kind})`);
  const what = `${differences.length} znodes of ${source.name} and ${target.name} differ: ${shown.join(', ')}`;
  return new ZkferryError(
    'TreesDiffer',
    `${what}; ${why}. ${adviceOn(differences, source.name, target.name)}`,
    { details: { what } satisfies DifferDetails },
  );
}
