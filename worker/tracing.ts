/** Traces of runs and their activities; off, and not even loaded, without an endpoint. */
import type { ActivityInterceptorsFactory, InjectedSinks } from '@temporalio/worker';
import type { Sinks } from '@temporalio/workflow';
import { sendSpans } from '../src/adapters/spans';
import type { WorkerConfiguration } from './settings';

export interface Tracing {
  /** Interceptors for the workflow bundle. */
  workflowModules: string[];
  activity: ActivityInterceptorsFactory;
  sinks: InjectedSinks<Sinks>;
  /** Sends what has not been sent yet; gives up after a while. */
  end(): Promise<void>;
}

/** In the bundle only where traces are wanted: a run recorded without them replays with them, and the other way round. */
export const TRACING_MODULES = ['@temporalio/interceptors-opentelemetry/lib/workflow-interceptors'];

export const tracingModules = (): string[] => TRACING_MODULES.map((name) => require.resolve(name));

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
    sinks: { exporter: otel.makeWorkflowExporter(spans.processor, spans.resource) },
    end: () => spans.end(),
  };
}
