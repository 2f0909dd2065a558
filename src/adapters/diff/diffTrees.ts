/** Where two trees differ, in the order of their paths; neither is held in memory. */
import type { Selection } from '../../tree/copy/selection';
import { compareLines, type Difference } from '../../tree/diff/compare';
import { LineWriter } from '../../tree/diff/line';
import { nodeType } from '../../tree/nodeType';
import type { TreeSource } from '../../tree/source';
import { recheck } from './recheck';
import { SortedLines } from './sortedLines';

export interface DiffOptions {
  /** Where sorted runs are spilled. */
  directory: string;
  versions?: boolean;
  times?: boolean;
  onProgress?: (nodes: number) => void;
  signal?: AbortSignal;
}

export interface DiffSummary {
  nodes: { source: number; target: number };
  /** Not compared: they belong to sessions of one side. */
  ephemerals: { source: number; target: number };
  /** False where one side can't tell the types of nodes. */
  typesCompared: boolean;
  /**
   * Whether what differed was looked at again: where both sides are read node by node, a difference may be
   * what was written between the two looks.
   */
  rechecked: boolean;
}

export interface TreeDiff {
  summary: DiffSummary;
  differences: AsyncGenerator<Difference>;
}

/** `close` removes what was spilled. */
export async function diffTrees(
  source: TreeSource,
  target: TreeSource,
  selection: Selection,
  options: DiffOptions,
): Promise<TreeDiff & { close(): Promise<void> }> {
  const types = source.knowsTypes && target.knowsTypes;
  const lineOptions = {
    types,
    versions: options.versions ?? false,
    times: options.times ?? false,
  };
  let done = 0;
  const read = async (side: TreeSource, sorted: SortedLines, pick: Selection) => {
    const writer = new LineWriter(lineOptions);
    const counted = { nodes: 0, ephemerals: 0 };
    for await (const nodes of side.nodes()) {
      options.signal?.throwIfAborted();
      for (const node of nodes) {
        if (!pick.means(node.path)) continue;
        if (nodeType(node.stat.ephemeralOwner) === 'ephemeral') {
          counted.ephemerals += 1;
          continue;
        }
        counted.nodes += 1;
        const full = sorted.add(writer.line(pick.relativePath(node.path), node));
        if (full !== undefined) await full;
      }
      done += nodes.length;
      options.onProgress?.(done);
    }
    return counted;
  };
  const lines = {
    source: new SortedLines(options.directory),
    target: new SortedLines(options.directory),
  };
  const close = async () => {
    await lines.source.remove();
    await lines.target.remove();
  };
  try {
    const [left, right] = await Promise.all([
      read(source, lines.source, selection),
      read(target, lines.target, selection.ofTarget()),
    ]);
    return {
      summary: {
        nodes: { source: left.nodes, target: right.nodes },
        ephemerals: { source: left.ephemerals, target: right.ephemerals },
        typesCompared: types,
        rechecked: source.node !== undefined && target.node !== undefined,
      },
      differences: recheck(compareLines(await lines.source.sorted(), await lines.target.sorted()), {
        source,
        target,
        selection,
        writer: new LineWriter(lineOptions),
      }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
