/** What a client asks of runs, as spans that the run's own hang below. */
import type { ClientInterceptors } from '@temporalio/client';

/** Starts, signals and updates only: whoever watches a run queries it once a second. */
export async function tracedCalls(): Promise<ClientInterceptors> {
  const otel = await import('@temporalio/interceptors-opentelemetry/lib/client');
  const all = new otel.OpenTelemetryWorkflowClientInterceptor();
  return {
    workflow: [
      {
        startWithDetails: (input, next) => all.startWithDetails(input, next),
        signal: (input, next) => all.signal(input, next),
        startUpdate: (input, next) => all.startUpdate(input, next),
      },
    ],
  };
}
