/** Whether the demo of a hot backup proved what it is there to prove. Pure. */
import type { BroughtBack, DemoProof, Mistake } from '../types';

const MAX_PROBLEMS = 50;

/** What the repository says of a timeline; part of its contents. */
export interface TimelineLeft {
  number: number;
  findings: readonly { message: string }[];
  holes: readonly { after: string; upTo: string }[];
  pieces: readonly unknown[];
}

export interface BackupEvidence {
  /** Znodes of the subtree that the client has deleted, by its own count. */
  deleted: number;
  mistake: Pick<Mistake, 'deletions'>;
  broughtBack: Pick<BroughtBack, 'nodes' | 'differences' | 'asOf'>;
  proof: Pick<DemoProof, 'ok' | 'problems'>;
  contents: { timelines: readonly TimelineLeft[] };
  /** Why the run did not end as it should. */
  failure?: string;
}

/** What is wrong, in words; nothing: all of it was captured, found and brought back, and nobody's write was lost. */
export function backupProblems(evidence: BackupEvidence): string[] {
  const { deleted, mistake, broughtBack, proof, contents, failure } = evidence;
  const { nodes, differences, asOf } = broughtBack;
  const problems: string[] = [];
  if (failure !== undefined) problems.push(failure);
  if (mistake.deletions !== deleted)
    problems.push(`the client deleted ${deleted} znodes, the history has ${mistake.deletions}`);
  if (nodes !== deleted) problems.push(`${deleted} znodes were deleted, ${nodes} were restored`);
  if (differences !== 0)
    problems.push(`what was restored differs in ${differences} places from the tree at ${asOf}`);
  if (contents.timelines.length !== 1)
    problems.push(`the repository has ${contents.timelines.length} timelines, not one`);
  problems.push(...contents.timelines.flatMap(leftUndone));
  if (!proof.ok && proof.problems.length === 0) problems.push('the check of the load failed');
  problems.push(...proof.problems);
  return problems.slice(0, MAX_PROBLEMS);
}

const leftUndone = ({ findings, holes, pieces }: TimelineLeft): string[] => [
  ...findings.map(({ message }) => `repository: ${message}`),
  ...holes.map(
    ({ after, upTo }) => `repository: nothing was captured after ${after} up to ${upTo}`,
  ),
  ...(pieces.length > 0 ? [`repository: ${pieces.length} pieces were left unsealed`] : []),
];
