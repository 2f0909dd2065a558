/** One run, live: what it does, what it waits for, what a person can do about it. */
import { useParams } from 'react-router';
import { headlineBeside } from '../../../model/status';
import type { RunStatus } from '../../api/types';
import { durationText, wordsOf } from '../../format/values';
import { Badge, runTone } from '../../parts/Badge';
import { Facts } from '../../parts/Facts';
import { Findings } from '../../parts/Findings';
import { Loaded } from '../../parts/Loaded';
import { PageHead, Panel } from '../../parts/PageHead';
import { Time } from '../../parts/Time';
import { TimeSeries } from '../../parts/TimeSeries';
import { WorkerBanner } from '../../parts/WorkerBanner';
import { RunBadge } from '../RunsPage';
import { AvailabilityPanel } from './AvailabilityPanel';
import { CapturePanel } from './CapturePanel';
import { Controls } from './Controls';
import { GateCard } from './GateCard';
import { MigrationPanel } from './MigrationPanel';
import { PlanSteps } from './PlanSteps';
import { useRun } from './useRun';

export function RunPage() {
  const { id = '' } = useParams();
  const { query, status, away, lags, take } = useRun(id);
  return (
    <>
      <PageHead title={id} />
      <WorkerBanner />
      <Loaded query={query} what="the run">
        {({ run, statusError }) => (
          <>
            <Facts
              facts={[
                [
                  'State',
                  status ? <StateBadge key="s" status={status} /> : <RunBadge key="s" run={run} />,
                ],
                ['Strategy', wordsOf(run.strategy)],
                ['Ensemble', status?.ensemble ?? run.ensemble],
                ['Phase', status?.phase ?? run.phase],
                ['Started', <Time key="t" at={run.startedAt} />],
                run.closedAt !== undefined && ['Ended', <Time key="e" at={run.closedAt} />],
                status && ['Last told', <Time key="u" at={status.updatedAt} ago={!run.closedAt} />],
              ]}
            />
            {away !== undefined && (
              <p role="status" className="notice notice-warning">
                ! Nobody answers for the run now: {away}. It goes on where it was once a worker is
                back.
              </p>
            )}
            {status === undefined && statusError !== undefined && (
              <p className="notice notice-warning">! {statusError}</p>
            )}
            {status && <Live status={status} lags={lags} take={take} />}
          </>
        )}
      </Loaded>
    </>
  );
}

const StateBadge = ({ status: { state, closed } }: { status: RunStatus }) => (
  <Badge tone={runTone(closed ?? state)}>{wordsOf(closed ?? state)}</Badge>
);

function Live({
  status,
  lags,
  take,
}: {
  status: RunStatus;
  lags: ReturnType<typeof useRun>['lags'];
  take: (status: RunStatus) => void;
}) {
  const { plan, gate, report, error, replans } = status;
  return (
    <>
      <section className="panel headline" aria-label="What is going on">
        <p className="headline-text" aria-live="polite">
          {headlineBeside(status)}
        </p>
        <ProgressBar status={status} />
        {status.throttle.cause !== null && <p>Slower than it could be: {status.throttle.cause}</p>}
        {status.retrying?.map(({ what, attempt, reason }) => (
          <p key={what} className="notice notice-warning">
            ! Tried again (attempt {attempt}): {what}: {reason}
          </p>
        ))}
        {status.paused && (
          <p>
            {status.paused.waits ? 'Pause asked for at' : 'Paused since'}{' '}
            <Time at={status.paused.since} />
            {status.paused.by !== undefined && ` by ${status.paused.by}`}
            {status.paused.comment !== undefined && `: ${status.paused.comment}`}
          </p>
        )}
        <Controls status={status} take={take} />
      </section>
      {error && (
        <div role="alert" className="notice notice-error">
          <strong>✕ {error.type}</strong>
          <p className="prose">{error.message}</p>
        </div>
      )}
      {gate && (
        <GateCard key={`${gate.gate}${gate.planHash}`} gate={gate} status={status} take={take} />
      )}
      {report && (
        <Panel title={`Report: ${wordsOf(report.outcome)}`}>
          <pre className="report" tabIndex={0} aria-label="Report">
            {report.text}
          </pre>
        </Panel>
      )}
      {status.migration && <MigrationPanel migration={status.migration} />}
      {status.capture && <CapturePanel capture={status.capture} />}
      {lags.length > 0 && (
        <Panel title="Lag, since this page was opened">
          <TimeSeries label="Lag" series={lags} />
        </Panel>
      )}
      {plan && (
        <Panel title="Plan" actions={<code title={plan.hash}>{plan.hash.slice(0, 12)}</code>}>
          <p>
            {plan.goal}
            {plan.direction === 'rollback' && ' (the way back)'}. Expected:{' '}
            {durationText(plan.expectation.durationMs)}, longest write gap{' '}
            {durationText(plan.expectation.longestWriteGapMs)}.
          </p>
          {plan.rollbackLimit !== undefined && <p>Going back: {plan.rollbackLimit}</p>}
          <PlanSteps steps={plan.steps} />
        </Panel>
      )}
      {status.availability && (
        <AvailabilityPanel
          availability={status.availability}
          steps={plan?.steps ?? []}
          outages={status.migration?.outages}
        />
      )}
      {status.findings.length > 0 && (
        <Panel title="Findings">
          {status.foundAt !== undefined && (
            <p className="dim">
              Of <Time at={status.foundAt} />, when the plan in force was made.
            </p>
          )}
          <Findings findings={status.findings} />
        </Panel>
      )}
      <DecidedGates status={status} />
      {replans.length > 0 && (
        <Panel title="Planned anew">
          <ul>
            {replans.map(({ at, reason, fromHash, toHash, asksAgain }) => (
              <li key={at}>
                <Time at={at} /> {reason} (<code>{fromHash.slice(0, 8)}</code> →{' '}
                <code>{toHash.slice(0, 8)}</code>
                {asksAgain && ', asks again'})
              </li>
            ))}
          </ul>
        </Panel>
      )}
      <Panel title="Events">
        <ol className="events" aria-label="Events, the newest first" tabIndex={0}>
          {[...status.events].reverse().map(({ at, text }, index) => (
            <li key={index}>
              <Time at={at} /> {text}
            </li>
          ))}
        </ol>
      </Panel>
    </>
  );
}

function ProgressBar({ status: { progress, state } }: { status: RunStatus }) {
  if (progress === undefined || progress.total === 0) return null;
  const { done, total, ratePerMinute, timeLeftMs } = progress;
  const isOver = ['completed', 'rolledBack', 'rejected', 'failed'].includes(state);
  return (
    <div className="progress">
      <progress value={done} max={total} aria-label="Steps done" />
      <span>
        {done} of {total} steps
        {!isOver && ratePerMinute !== undefined && `, ${ratePerMinute.toFixed(1)} a minute`}
        {!isOver && timeLeftMs !== undefined && `, about ${durationText(timeLeftMs)} left`}
      </span>
    </div>
  );
}

function DecidedGates({ status: { gates } }: { status: RunStatus }) {
  const decided = gates.filter(({ decision }) => decision !== undefined);
  if (decided.length === 0) return null;
  return (
    <Panel title="Gates passed">
      <ul className="plain-list">
        {decided.map(({ gate, decision, by, comment, decidedAt, planHash }) => (
          <li key={`${gate}${decidedAt}`}>
            <Time at={decidedAt} /> <strong>{wordsOf(gate)}</strong> {wordsOf(decision ?? '')}
            {by !== undefined && ` by ${by}`} for plan <code>{planHash.slice(0, 12)}</code>
            {comment !== undefined && <>: “{comment}”</>}
          </li>
        ))}
      </ul>
    </Panel>
  );
}
