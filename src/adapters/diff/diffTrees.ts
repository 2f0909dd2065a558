/** Where two trees differ, in the order of their paths; neither is held in memory. */
import { rm } from 'node:fs/promises';
import { ZkferryError } from '../../model/errors';
import type { Selection } from '../../tree/copy/selection';
import { compareLines, type Difference } from '../../tree/diff/compare';
import { DigestTable, Marks } from '../../tree/diff/digestTable';
import { LineWriter } from '../../tree/diff/line';
import { DIGEST_WORDS, RecordDigester } from '../../tree/diff/recordDigest';
import { nodeType } from '../../tree/nodeType';
import type { SourceNode, TreeSource } from '../../tree/source';
import { keepTree } from '../source/keepTree';
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

interface Side {
  source: Pick<TreeSource, 'nodes'>;
  selection: Selection;
  nodes: number;
  ephemerals: number;
}

/**
 * First every node's digest: those of the source are kept, those of the target cross them off. What is left
 * differs, and only that is read again, sorted and told. `close` removes what was spilled.
 */
export async function diffTrees(
  source: TreeSource,
  target: TreeSource,
  selection: Selection,
  options: DiffOptions,
): Promise<TreeDiff & { close(): Promise<void> }> {
  const types = source.knowsTypes && target.knowsTypes;
  const { versions = false, times = false, directory } = options;
  const lineOptions = { types, versions, times };
  const lines = { source: new SortedLines(directory), target: new SortedLines(directory) };
  const spooled: string[] = [];
  const close = async () => {
    await lines.source.remove();
    await lines.target.remove();
    for (const file of spooled) await rm(file, { force: true });
  };
  /** Both sides are read twice, and shall be the same each time. */
  const still = async (side: TreeSource): Promise<Pick<TreeSource, 'nodes'>> => {
    if (side.kept !== undefined) return side;
    const kept = await keepTree(side, directory, options.onProgress);
    spooled.push(kept.file);
    return kept;
  };
  try {
    const [left, right] = await Promise.all([still(source), still(target)]);
    const ours: Side = { source: left, selection, nodes: 0, ephemerals: 0 };
    const theirs: Side = {
      ...{ source: right, selection: selection.ofTarget(), nodes: 0, ephemerals: 0 },
    };
    const differs = await crossOff(ours, theirs, new RecordDigester(lineOptions), options);
    refuseNothing(ours, theirs);
    const writer = new LineWriter(lineOptions);
    await pick(ours, lines.source, writer, differs.ours, options.signal);
    await pick(theirs, lines.target, writer, differs.theirs, options.signal);
    return {
      summary: {
        nodes: { source: ours.nodes, target: theirs.nodes },
        ephemerals: { source: ours.ephemerals, target: theirs.ephemerals },
        typesCompared: types,
        rechecked: source.node !== undefined && target.node !== undefined,
      },
      differences: recheck(compareLines(await lines.source.sorted(), await lines.target.sorted()), {
        source,
        target,
        selection,
        writer,
      }),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Nothing against nothing is no proof of anything: a path or a pattern is mistaken. */
function refuseNothing(ours: Side, theirs: Side): void {
  const seen = [ours, theirs].some(({ nodes, ephemerals }) => nodes + ephemerals > 0);
  if (seen) return;
  const { sourceRoot, targetRoot } = ours.selection;
  throw new ZkferryError(
    'Refused',
    `nothing to compare: neither ${sourceRoot} of SOURCE nor ${targetRoot} of TARGET has a znode that is meant; correct the paths, or --include and --exclude`,
  );
}

/** Says of each place in a side's order whether its node differs; undefined where none does. */
type Differs = ((place: number) => boolean) | undefined;

async function crossOff(
  ours: Side,
  theirs: Side,
  digester: RecordDigester,
  { onProgress, signal }: DiffOptions,
): Promise<{ ours: Differs; theirs: Differs }> {
  const table = new DigestTable();
  const matched = new Marks();
  const unknown = new Marks();
  const digest = new Uint32Array(DIGEST_WORDS);
  const goOn = () => {
    signal?.throwIfAborted();
    onProgress?.(ours.nodes + theirs.nodes);
  };
  let crossed = 0;
  await eachCompared(ours, goOn, (path, node) => {
    digester.digest(path, node, digest);
    table.add(digest);
    ours.nodes += 1;
  });
  await eachCompared(theirs, goOn, (path, node) => {
    digester.digest(path, node, digest);
    const place = table.placeOf(digest);
    if (place === -1) unknown.set(theirs.nodes);
    else {
      matched.set(place);
      crossed += 1;
    }
    theirs.nodes += 1;
  });
  return {
    ours: crossed === ours.nodes ? undefined : (place) => !matched.has(place),
    theirs: crossed === theirs.nodes ? undefined : (place) => unknown.has(place),
  };
}

/** The lines of the nodes that differ. */
async function pick(
  side: Side,
  lines: SortedLines,
  writer: LineWriter,
  differs: Differs,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (differs === undefined) return;
  let place = 0;
  const goOn = () => signal?.throwIfAborted();
  await eachCompared({ ...side }, goOn, (path, node) => {
    if (!differs(place++)) return undefined;
    return lines.add(writer.line(path, node));
  });
}

/** Nodes that are meant, in the side's own order; ephemerals are only counted. `visit` may have to be waited for. */
async function eachCompared(
  side: Side,
  onBatch: () => void,
  visit: (path: string, node: SourceNode) => Promise<void> | undefined | void,
): Promise<void> {
  const { source, selection } = side;
  for await (const nodes of source.nodes()) {
    for (const node of nodes) {
      if (!selection.means(node.path)) continue;
      if (nodeType(node.stat.ephemeralOwner) === 'ephemeral') {
        side.ephemerals += 1;
        continue;
      }
      const full = visit(selection.relativePath(node.path), node);
      if (full !== undefined) await full;
    }
    onBatch();
  }
}
