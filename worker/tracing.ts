/** Traces of runs and their activities; off, and not even loaded, without an endpoint. */
import type { SpanContext } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base';
import type { ActivityInterceptorsFactory, InjectedSinks } from '@temporalio/worker';
import type { WorkflowInfo } from '@temporalio/workflow';
import { sendSpans, type Spans } from '../src/adapters/spans';
import type { RunSpan, TraceSinks } from '../workflows/trace';
import type { WorkerConfiguration } from './settings';

export interface Tracing {
  /** Interceptors for the workflow bundle. */
  workflowModules: string[];
  activity: ActivityInterceptorsFactory;
  sinks: InjectedSinks<TraceSinks>;
  /** Sends what has not been sent yet; gives up after a while. */
  end(): Promise<void>;
}

export const tracingModules = (): string[] => [require.resolve('../workflows/trace')];

export async function startTracing({
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
  OTEL_SERVICE_NAME: service,
}: Pick<WorkerConfiguration, 'OTEL_EXPORTER_OTLP_ENDPOINT' | 'OTEL_SERVICE_NAME'>): Promise<
  Tracing | undefined
> {
  if (endpoint === undefined) return undefined;
  const [otel, spans] = await Promise.all([
    import('@temporalio/interceptors-opentelemetry/lib/worker'),
    sendSpans(endpoint, service),
  ]);
  return {
    workflowModules: tracingModules(),
    activity: (context) => ({
      inbound: new otel.OpenTelemetryActivityInboundInterceptor(context),
      outbound: new otel.OpenTelemetryActivityOutboundInterceptor(context),
    }),
    sinks: runSpanSinks(spans),
    end: () => spans.end(),
  };
}

/** A replay repeats none of them. */
export const runSpanSinks = ({
  processor,
  resource,
}: Pick<Spans, 'processor' | 'resource'>): InjectedSinks<TraceSinks> => ({
  trace: {
    ended: {
      fn: (info, span) => processor.onEnd(readable(info, span, resource)),
      callDuringReplay: false,
    },
  },
});

/** The numbers of the OpenTelemetry API: internal, sampled, unset, error. */
const [INTERNAL, SAMPLED, UNSET, ERROR] = [0, 1, 0, 2] as const;

function readable(
  { workflowId, runId }: WorkflowInfo,
  { traceId, spanId, parentSpanId, name, startedAt, endedAt, failure }: RunSpan,
  resource: Spans['resource'],
): ReadableSpan {
  const context: SpanContext = { traceId, spanId, traceFlags: SAMPLED };
  return {
    ...{ name, kind: INTERNAL, parentSpanId, resource, spanContext: () => context },
    ...{ startTime: timeOf(startedAt), endTime: timeOf(endedAt) },
    duration: timeOf(endedAt - startedAt),
    status: failure === undefined ? { code: UNSET } : { code: ERROR, message: failure },
    attributes: { temporalWorkflowId: workflowId, run_id: runId },
    ...{ links: [], events: [], ended: true, instrumentationLibrary: { name: 'zkferry' } },
    ...{ droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0 },
  };
}

/** Whole seconds and nanoseconds. */
const timeOf = (ms: number): [number, number] => [
  Math.floor(ms / 1_000),
  Math.round((ms % 1_000) * 1_000_000),
];
