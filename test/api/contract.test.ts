/**
 * The OpenAPI document, held to the running server by a fuzzer: what fits it is taken, what does not is refused, every answer is
 * what it says, and nothing that is sent makes the server fail.
 */
import { createRequire } from 'node:module';
import { execFile } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../src/lab/projectRoot';
import { ApiInstallation } from './support';

const RUN_SECONDS = 20;
const ENDS_WITHIN_MS = 90_000;
const TICKET = 'CHG-fuzzed';

interface Operation {
  tags?: string[];
  summary?: string;
  security?: object[];
  responses: Record<string, { content?: Record<string, unknown> }>;
}
interface Document {
  security: object[];
  paths: Record<string, Record<string, Operation>>;
}

let installation: ApiInstallation;
let schemathesis: string;

beforeAll(async () => {
  const load = createRequire(join(projectRoot(), 'package.json'));
  const bootstrap = load('./src/bootstrap/schemathesis.js') as {
    ensureSchemathesis(): Promise<string>;
  };
  schemathesis = await bootstrap.ensureSchemathesis();
  installation = await ApiInstallation.create({
    ...{ name: 'contract', server: { requestsPerMinute: 1_000_000 } },
    people: { root: ['admin:*'] },
  });
}, 400_000);

afterAll(() => installation?.destroy(), 60_000);

test('every route says what it is for, who may ask, and how it refuses', async () => {
  const response = await fetch(`${installation.url}/openapi.json`);
  const document = (await response.json()) as Document;
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  expect(operations.length).toBeGreaterThan(25);
  for (const { path, method, operation } of operations) {
    const { tags, summary, security = document.security, responses } = operation;
    const what = `${method} ${path}`;
    expect([what, tags?.length, (summary ?? '').length > 5]).toEqual([what, 1, true]);
    const isOpen =
      (!path.startsWith('/v1/') && path !== '/metrics') || path.startsWith('/v1/session');
    expect([what, security.length > 0]).toEqual([what, !isOpen]);
    for (const status of ['4XX', '5XX'])
      expect([what, Object.keys(responses[status]?.content ?? {})]).toEqual([
        what,
        ['application/problem+json'],
      ]);
    expect([what, Object.keys(responses).some((status) => /^[23]\d\d$/.test(status))]).toEqual([
      what,
      true,
    ]);
  }
});

test('nothing that is sent makes the server fail, and every answer is what the document says', async () => {
  const root = installation.as('root');
  const lab = installation.harness.lab.name;
  const input = { ensemble: lab, target: { version: '3.9.6' } };
  expect(await root.post('/v1/runs', { ticket: TICKET, strategy: 'upgrade', input })).toMatchObject(
    { status: 201 },
  );
  const directory = join(installation.harness.directory, 'fuzz');
  mkdirSync(directory);
  const configuration = join(directory, 'schemathesis.toml');
  writeFileSync(configuration, configurationOf(lab));
  // Of more workers Python 3.11 loses count of its own parser's depth now and then.
  const { output, failed } = await promisify(execFile)(
    schemathesis,
    [
      ...['--no-color', '--config-file', configuration, 'run'],
      ...[`${installation.url}/openapi.json`, '--header', `Authorization: Bearer ${root.token}`],
      ...[
        '--workers',
        '1',
        '--request-timeout',
        '30',
        '--max-time',
        String(RUN_SECONDS),
        '--phases',
        'coverage,fuzzing',
      ],
      ...['--generation-deterministic', '--warnings', 'off'],
    ],
    { cwd: directory, timeout: ENDS_WITHIN_MS, maxBuffer: 16 << 20 },
  ).then(
    ({ stdout }) => ({ output: stdout, failed: false }),
    (error: { stdout?: string; message: string }) => ({
      ...{ output: error.stdout || error.message, failed: true },
    }),
  );
  if (failed) throw new Error(`${output}\n${installation.server.log().slice(-4_000)}`);
  expect(output).toMatch(/[1-9]\d{2,} generated/);
  expect((await root.get('/healthz')).status).toBe(200);
  expect((await root.get('/v1/me')).status).toBe(200);
}, 180_000);

/** Ensemble and run are those there are, or nothing behind the first look-up would ever be reached. */
const configurationOf = (ensemble: string): string => `
# A broken request, or one that the run it is for does not take, is refused otherwise than by its shape.
[checks.negative_data_rejection]
expected-statuses = ["4xx"]
[checks.positive_data_acceptance]
expected-statuses = ["2xx", "4xx"]
# TRACE, PATCH and others are no routes: 404.
[checks.unsupported_method]
enabled = false
[parameters]
"path.ensemble" = "${ensemble}"
"path.workflowId" = "${TICKET}"
# It answers as long as the run lasts.
[[operations]]
include-path = "/v1/runs/{workflowId}/events"
enabled = false
# Once logged out nothing more is learned, and logging in has a bound by address.
[[operations]]
include-path = "/v1/session"
checks.positive_data_acceptance.enabled = false
`;
