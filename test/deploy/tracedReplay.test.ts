/** Switching traces on changes no run: histories recorded without them replay with them, and spans come out. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Resource } from '@opentelemetry/resources';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { buildBundle } from '../../worker/bundle';
import { runSpanSinks, startTracing, tracingModules } from '../../worker/tracing';
import { fromJson, type HistoryJson } from '../histories/format';

const directory = join(__dirname, '..', 'histories');
const names = readdirSync(directory).filter((file) => file.endsWith('.json'));
const exporter = new InMemorySpanExporter();

let code: string;
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  code = (await buildBundle(tracingModules())).code;
}, 120_000);

test.each(names)('history %s replays', async (name) => {
  const history = JSON.parse(readFileSync(join(directory, name), 'utf8')) as HistoryJson;
  await Worker.runReplayHistory(
    {
      workflowBundle: { code },
      sinks: runSpanSinks({
        processor: new SimpleSpanProcessor(exporter),
        resource: new Resource({ 'service.name': 'test' }),
      }),
    },
    fromJson(history),
  );
});

test('without an endpoint nothing is traced', async () => {
  expect(await startTracing({ OTEL_SERVICE_NAME: 'zkferry-worker' })).toBeUndefined();
});
