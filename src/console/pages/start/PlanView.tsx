/** A plan to read before anything is started. */
import type { Plan } from '../../../model/plan';
import { durationText } from '../../format/values';
import { Facts } from '../../parts/Facts';
import { Findings } from '../../parts/Findings';
import { Panel } from '../../parts/PageHead';
import { PlanSteps } from '../run/PlanSteps';
import { AdviceView } from './AdviceView';

export function PlanView({ plan }: { plan: Plan }) {
  const { expectation, hops, rollbackLimit } = plan;
  const isRefused = plan.findings.some(({ severity }) => severity === 'error');
  return (
    <>
      <Panel
        title="Plan"
        actions={
          <code title={plan.hash} className="dim">
            {plan.hash.slice(0, 12)}
          </code>
        }
      >
        <p className={isRefused ? 'notice notice-error' : 'notice notice-good'}>
          {isRefused
            ? '✕ A run would refuse this plan: see the findings of severity error.'
            : '✓ A run would ask for this plan to be approved.'}
        </p>
        <p>{plan.goal}</p>
        <Facts
          facts={[
            ['Steps', plan.steps.length],
            ['Takes about', durationText(expectation.durationMs)],
            ['Longest write gap', durationText(expectation.longestWriteGapMs)],
            ['Server restarts', expectation.serverRestarts],
            ['Leader restarts', expectation.leaderRestarts],
          ]}
        />
        {rollbackLimit !== undefined && <p>Going back: {rollbackLimit}</p>}
        {hops.map(({ from, to, cautions }) => (
          <div key={from}>
            {from} → {to}
            {cautions.length > 0 && (
              <ul>
                {cautions.map((caution) => (
                  <li key={caution}>{caution}</li>
                ))}
              </ul>
            )}
          </div>
        ))}
        <h3 className="phase">Findings</h3>
        <Findings findings={plan.findings} />
      </Panel>
      {plan.advice && <AdviceView advice={plan.advice} />}
      <Panel title="Steps">
        <PlanSteps steps={plan.steps} />
      </Panel>
    </>
  );
}
