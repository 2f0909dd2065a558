/**
 * Counts runs as they begin and end. Metrics are no commands: histories stay as they are, and nothing is counted while
 * one is replayed.
 */
import {
  ContinueAsNew,
  isCancellation,
  metricMeter,
  workflowInfo,
  type WorkflowInterceptors,
} from '@temporalio/workflow';
import { BASE_WORKFLOW, WORKFLOW_TYPES } from '../src/model/contract';

const COUNTED: readonly string[] = [...Object.values(WORKFLOW_TYPES), BASE_WORKFLOW];

/** What a run's result says of itself, as far as there is such a thing. */
interface Result {
  outcome?: string;
  availability?: { totalGapMs?: number };
}

export const interceptors = (): WorkflowInterceptors => {
  const { workflowType: strategy, continuedFromExecutionRunId } = workflowInfo();
  if (!COUNTED.includes(strategy)) return {};
  const ended = (outcome: string) =>
    metricMeter.createCounter('zkferry_runs_ended').add(1, { strategy, outcome });
  return {
    inbound: [
      {
        async execute(input, next) {
          if (continuedFromExecutionRunId === undefined)
            metricMeter.createCounter('zkferry_runs_started').add(1, { strategy });
          try {
            const result = await next(input);
            const { outcome = 'completed', availability } = (result ?? {}) as Result;
            ended(outcome);
            if (availability?.totalGapMs !== undefined)
              metricMeter
                .createGauge('zkferry_run_outage_seconds', 'float')
                .set(availability.totalGapMs / 1_000, {
                  strategy,
                  ensemble: ensembleOf(input.args[0]),
                });
            return result;
          } catch (error) {
            if (!(error instanceof ContinueAsNew))
              ended(isCancellation(error) ? 'cancelled' : 'failed');
            throw error;
          }
        },
      },
    ],
  };
};

/** An ensemble given inline has no name that a label could take. */
function ensembleOf(request: unknown): string {
  const { ensemble, source } = (request ?? {}) as { ensemble?: unknown; source?: unknown };
  return [ensemble, source].find((name) => typeof name === 'string') ?? 'inline';
}
