/** A tree that was read once, kept as a snapshot file: what moves, or is slow to read, is not read twice. */
import type { SourceNode, TreeSource } from '../../tree/source';
import { OverlaidSnapshot } from './overlaidSnapshot';
import { writeTree } from './writeTree';

/** Reads the whole source. The caller removes the file. `onNodes` is told how many came so far. */
export async function keepTree(
  source: TreeSource,
  directory: string,
  onNodes?: (nodes: number) => void,
): Promise<OverlaidSnapshot> {
  const { file } = await writeTree(counted(source, onNodes), directory);
  return new OverlaidSnapshot(file, [], { isOurs: true });
}

async function* counted(
  source: TreeSource,
  onNodes: ((nodes: number) => void) | undefined,
): AsyncGenerator<SourceNode[]> {
  let count = 0;
  for await (const nodes of source.nodes()) {
    yield nodes;
    count += nodes.length;
    onNodes?.(count);
  }
}
