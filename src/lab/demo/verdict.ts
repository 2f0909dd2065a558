/** Whether the demo proved what it is there to prove. Pure. */
import type { Plan } from '../../model/plan';
import type { UpgradeReport } from '../../model/status';
import type { DemoProof } from './types';

const MAX_PROBLEMS = 50;

export interface Evidence {
  /** What is wrong with the servers as they are now, by the scenario. */
  serverProblems: string[];
  plan: Plan;
  proof: DemoProof;
  report?: UpgradeReport;
  /** Why the run did not end as it should. */
  failure?: string;
}

/** What is wrong, in words; nothing: the run lost nothing and reached its target. */
export function problemsOf(evidence: Evidence): string[] {
  const { serverProblems, plan, proof, report, failure } = evidence;
  const problems: string[] = [];
  if (failure !== undefined) problems.push(failure);
  else if (report?.outcome !== 'completed')
    problems.push(`the run ended ${report?.outcome ?? 'without a report'}`);
  problems.push(...serverProblems);
  if (report && report.leaderRestarts > plan.expectation.leaderRestarts)
    problems.push(
      `the leader was restarted ${report.leaderRestarts} times, planned were ${plan.expectation.leaderRestarts}`,
    );
  if (!proof.ok && proof.problems.length === 0) problems.push('the check of the load failed');
  problems.push(...proof.problems);
  return problems.slice(0, MAX_PROBLEMS);
}
