/** Whether the demo proved what it is there to prove. Pure. */
import type { Plan } from '../../model/plan';
import type { UpgradeReport } from '../../model/status';
import type { DemoProof, ServerVersions } from './types';

const MAX_PROBLEMS = 50;

export interface Evidence {
  toVersion: string;
  versions: ServerVersions[];
  plan: Plan;
  proof: DemoProof;
  report?: UpgradeReport;
  /** Why the run did not end as it should. */
  failure?: string;
}

/** What is wrong, in words; nothing: the upgrade lost nothing and reached its target. */
export function problemsOf(evidence: Evidence): string[] {
  const { toVersion, versions, plan, proof, report, failure } = evidence;
  const problems: string[] = [];
  if (failure !== undefined) problems.push(failure);
  else if (report?.outcome !== 'completed')
    problems.push(`the run ended ${report?.outcome ?? 'without a report'}`);
  for (const { server, after } of versions)
    if (after !== toVersion) problems.push(`${server} runs ${after}, not ${toVersion}`);
  if (report && report.leaderRestarts > plan.expectation.leaderRestarts)
    problems.push(
      `the leader was restarted ${report.leaderRestarts} times, planned were ${plan.expectation.leaderRestarts}`,
    );
  if (!proof.ok && proof.problems.length === 0) problems.push('the check of the load failed');
  problems.push(...proof.problems);
  return problems.slice(0, MAX_PROBLEMS);
}
