/** Spans of OpenTelemetry, sent over OTLP/HTTP; nothing of it is loaded where nobody asks for them. */
import type { Resource } from '@opentelemetry/resources';
import type { SpanProcessor } from '@opentelemetry/sdk-trace-base';

export interface Spans {
  processor: SpanProcessor;
  resource: Resource;
  /** Sends what has not been sent yet; gives up after a while. */
  end(): Promise<void>;
}

const END_WITHIN_MS = 5_000;

/**
 * From now on spans made in this process go to a collector.
 * @param endpoint such as http://127.0.0.1:4318, of which `/v1/traces` is used
 * @param service what the spans say they come from
 */
export async function sendSpans(endpoint: string, service: string): Promise<Spans> {
  const [contexts, exporter, resources, sdk] = await Promise.all([
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
  // The manager lets what is called while a span is open find it.
  provider.register({ contextManager: new contexts.AsyncLocalStorageContextManager().enable() });
  return { processor, resource, end: () => within(END_WITHIN_MS, provider.shutdown()) };
}

/** A collector that is away must not keep a process from ending. */
async function within(ms: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work.catch(() => undefined), late]);
  clearTimeout(timer);
}
