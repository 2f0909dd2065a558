/** The steps of a plan: what, where, how far it is; and for each why it is safe and how it is undone. */
import type { PlanStep } from '../../../model/plan';
import type { StepStatus } from '../../../model/status';
import { clockText, durationText, wordsOf } from '../../format/values';
import { Badge, stepTone } from '../../parts/Badge';

type ShownStep = PlanStep & Partial<StepStatus>;

export function PlanSteps({ steps }: { steps: readonly ShownStep[] }) {
  if (steps.length === 0) return <p className="dim">No steps: there is nothing to do.</p>;
  return (
    <ol className="steps">
      {steps.map((step, index) => (
        <Step
          key={step.id}
          step={step}
          startsPhase={steps[index - 1]?.phase !== step.phase ? step.phase : undefined}
        />
      ))}
    </ol>
  );
}

function Step({ step, startsPhase }: { step: ShownStep; startsPhase: string | undefined }) {
  const { state } = step;
  return (
    <li
      className={`step step-${state ?? 'planned'}`}
      aria-current={state === 'running' ? 'step' : undefined}
    >
      {startsPhase !== undefined && <h3 className="phase">{startsPhase}</h3>}
      {step.gate !== undefined && (
        <p className="step-gate">
          ‖ Gate <strong>{wordsOf(step.gate)}</strong>
          {step.gateReason !== undefined && `: ${step.gateReason}`}
        </p>
      )}
      <details>
        <summary>
          {state !== undefined && (
            <span className="step-state">
              <Badge tone={stepTone(state)}>{state}</Badge>
            </span>
          )}
          <span className="step-server">{step.server ?? ''}</span>
          <span className="step-title">
            {step.title}
            {step.pointOfNoReturn && <strong> ! no way back after this</strong>}
            {step.detail !== undefined && <span className="dim"> {step.detail}</span>}
          </span>
          <span className="step-time">
            {step.durationMs !== undefined
              ? durationText(step.durationMs)
              : step.startedAt !== undefined && state === 'running'
                ? `since ${clockText(step.startedAt)}`
                : ''}
          </span>
        </summary>
        <dl className="step-more">
          <dt>Why it is safe</dt>
          <dd>{step.why}</dd>
          <dt>Undone by</dt>
          <dd>{step.undo}</dd>
          <dt>Waits for</dt>
          <dd>{step.waitsFor}</dd>
          {step.fromVersion !== undefined && step.toVersion !== undefined && (
            <>
              <dt>Version</dt>
              <dd>
                {step.fromVersion} → {step.toVersion}
              </dd>
            </>
          )}
          {step.clients !== undefined && (
            <>
              <dt>Clients</dt>
              <dd>{step.clients.join(', ')}</dd>
            </>
          )}
          {step.changes?.map(({ file, setting, from, to, why }) => (
            <div key={`${file} ${setting}`} className="step-change">
              <dt>
                <code>{file}</code>
              </dt>
              <dd>
                <code>
                  {setting}: {from ?? '(absent)'} → {to ?? '(absent)'}
                </code>{' '}
                {why}
              </dd>
            </div>
          ))}
          <dt>Name</dt>
          <dd>
            <code>{step.id}</code> ({step.activity})
          </dd>
        </dl>
      </details>
    </li>
  );
}
