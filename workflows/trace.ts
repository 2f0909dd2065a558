/**
 * Spans of runs, and of whom their activities hang below. Nothing here waits, draws a random number or leaves a command in
 * the history, so that a run is one and the same with traces and without: OpenTelemetry's own interceptors of workflows do
 * all three. Ids are those that Temporal has given the run.
 */
import {
  ContinueAsNew,
  defaultPayloadConverter,
  proxySinks,
  workflowInfo,
  type Sinks,
  type WorkflowInterceptors,
} from '@temporalio/workflow';

/** As OpenTelemetry writes them: 32 and 16 hexadecimal digits. */
export interface RunSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  /** Milliseconds since 1970. */
  startedAt: number;
  endedAt: number;
  /** Why it failed. */
  failure?: string;
}

export interface TraceSinks extends Sinks {
  trace: { ended(span: RunSpan): void };
}

/** Where clients, workflows and activities of Temporal's SDK hand on whom they hang below. */
const HEADER = '_tracer-data';
const PARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;

type Headers = Parameters<
  NonNullable<NonNullable<WorkflowInterceptors['inbound']>[number]['execute']>
>[0]['headers'];

export const interceptors = (): WorkflowInterceptors => {
  const { workflowType, runId, firstExecutionRunId } = workflowInfo();
  const { trace } = proxySinks<TraceSinks>();
  const spanId = hexOf(runId).slice(-16);
  let traceId = hexOf(firstExecutionRunId);
  const below = <T extends { headers: Headers }>(input: T): T => {
    const traceparent = `00-${traceId}-${spanId}-01`;
    const header = defaultPayloadConverter.toPayload({ traceparent });
    return { ...input, headers: { ...input.headers, [HEADER]: header } };
  };
  return {
    inbound: [
      {
        execute(input, next) {
          const parent = parentIn(input.headers);
          if (parent !== undefined) traceId = parent.traceId;
          const startedAt = Date.now();
          const ended = (failure?: string) =>
            trace.ended({
              ...{ traceId, spanId, name: `RunWorkflow:${workflowType}` },
              ...(parent && { parentSpanId: parent.spanId }),
              ...{ startedAt, endedAt: Date.now() },
              ...(failure !== undefined && { failure }),
            });
          // The promise itself is handed on: one made of it would settle later.
          const running = next(input);
          running.then(
            () => ended(),
            (error: unknown) =>
              ended(error instanceof ContinueAsNew ? undefined : messageOf(error)),
          );
          return running;
        },
      },
    ],
    outbound: [
      {
        scheduleActivity: (input, next) => next(below(input)),
        startChildWorkflowExecution: (input, next) => next(below(input)),
        continueAsNew: (input, next) => next(below(input)),
        getLogAttributes: (input, next) => next({ trace_id: traceId, span_id: spanId, ...input }),
      },
    ],
  };
};

const hexOf = (uuid: string): string => uuid.replaceAll('-', '');

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

function parentIn(headers: Headers): { traceId: string; spanId: string } | undefined {
  const header = headers[HEADER];
  if (header === undefined) return undefined;
  const { traceparent } = defaultPayloadConverter.fromPayload<{ traceparent?: string }>(header);
  const [, traceId, spanId] = PARENT.exec(traceparent ?? '') ?? [];
  return traceId === undefined || spanId === undefined ? undefined : { traceId, spanId };
}
