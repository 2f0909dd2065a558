/** Traces of runs and their activities by OpenTelemetry, sent over OTLP/HTTP; off, and not even loaded, without an endpoint. */
import type { ActivityInterceptorsFactory, InjectedSinks } from '@temporalio/worker';
import type { Sinks } from '@temporalio/workflow';
import type { WorkerConfiguration } from './settings';

export interface Tracing {
  /** Interceptors for the workflow bundle. */
  workflowModules: string[];
  activity: ActivityInterceptorsFactory;
  sinks: InjectedSinks<Sinks>;
  /** Sends what has not been sent yet; gives up after a while. */
  end(): Promise<void>;
}

const END_WITHIN_MS = 5_000;

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
  const [otel, contexts, exporter, resources, sdk] = await Promise.all([
    import('@temporalio/interceptors-opentelemetry/lib/worker'),
    import('@opentelemetry/context-async-hooks'),
    import('@opentelemetry/exporter-trace-otlp-proto'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/sdk-trace-base'),
  ]);
  const resource = new resources.Resource({ 'service.name': service });
  const processor = new sdk.BatchSpanProcessor(
    new exporter.OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` }),
  );
  const provider = new sdk.BasicTracerProvider({ resource, spanProcessors: [processor] });
  // The manager lets the lines that an activity logs name its span.
  provider.register({ contextManager: new contexts.AsyncLocalStorageContextManager().enable() });
  return {
    workflowModules: tracingModules(),
    activity: (context) => ({
      inbound: new otel.OpenTelemetryActivityInboundInterceptor(context),
      outbound: new otel.OpenTelemetryActivityOutboundInterceptor(context),
    }),
    sinks: { exporter: otel.makeWorkflowExporter(processor, resource) },
    end: () => within(END_WITHIN_MS, provider.shutdown()),
  };
}

/** A collector that is away must not keep the worker from ending. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work.catch(() => undefined), late]);
  clearTimeout(timer);
}
