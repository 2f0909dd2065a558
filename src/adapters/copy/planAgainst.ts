/** What a copy has to do where the target holds something already; neither tree is held in memory. */
import type { CopyOperations } from '../../tree/copy/operations';
import {
  mergeLines,
  sourceLine,
  targetLine,
  type ConflictPolicy,
  type MergePlan,
} from '../../tree/copy/merge';
import { PERMS, type Rights } from '../../tree/copy/rights';
import type { Selection } from '../../tree/copy/selection';
import type { Survey } from '../../tree/copy/survey';
import { LineWriter } from '../../tree/diff/line';
import { nodeType } from '../../tree/nodeType';
import type { SourceNode, TreeSource } from '../../tree/source';
import { SortedLines } from '../diff/sortedLines';

export interface PlanInput {
  source: Omit<TreeSource, 'close'>;
  /** The target as it is now. */
  target: TreeSource;
  selection: Selection;
  survey: Survey;
  operations: CopyOperations;
  rights: Rights;
  policy: Exclude<ConflictPolicy, 'fail'>;
  /** Where sorted runs are spilled. */
  directory: string;
  signal?: AbortSignal;
}

export async function planAgainst(input: PlanInput): Promise<MergePlan> {
  const ours = new SortedLines(input.directory);
  const theirs = new SortedLines(input.directory);
  try {
    const [nodes] = await Promise.all([readSource(input, ours), readTarget(input, theirs)]);
    return await mergeLines(await ours.sorted(), await theirs.sorted(), nodes, input.policy);
  } finally {
    await ours.remove();
    await theirs.remove();
  }
}

const writerFor = ({ source, target }: PlanInput): LineWriter =>
  new LineWriter({
    types: source.knowsTypes && target.knowsTypes,
    versions: false,
    times: false,
  });

async function readSource(input: PlanInput, lines: SortedLines): Promise<number> {
  const { source, selection, operations, signal } = input;
  const writer = writerFor(input);
  let index = 0;
  for await (const nodes of source.nodes()) {
    signal?.throwIfAborted();
    for (const node of nodes) {
      if (!operations.makes(node)) continue;
      const line = writer.line(selection.relativePath(node.path), node);
      const full = lines.add(sourceLine(line, index));
      index += 1;
      if (full !== undefined) await full;
    }
  }
  return index;
}

async function readTarget(input: PlanInput, lines: SortedLines): Promise<void> {
  const { target, selection, rights, signal } = input;
  const writer = writerFor(input);
  const chosen = selection.ofTarget();
  for await (const nodes of target.nodes()) {
    signal?.throwIfAborted();
    for (const node of nodes) {
      if (!chosen.isWithin(node.path)) continue;
      const line = writer.line(chosen.relativePath(node.path), asFinal(node, rights));
      const full = lines.add(
        targetLine(line, {
          mayWork: rights.has(node.acl, PERMS.all),
          ephemeral: nodeType(node.stat.ephemeralOwner) === 'ephemeral',
          excluded: !chosen.means(node.path),
        }),
      );
      if (full !== undefined) await full;
    }
  }
}

/** An earlier run of the same copy may have left its own entry in the ACL. */
function asFinal(node: SourceNode, rights: Rights): SourceNode {
  const acl = rights.withoutOwn(node.acl);
  return acl === node.acl ? node : { ...node, acl: [...acl] };
}
