/** The walk-through of docs/server.md, as it stands there: curl only, with signed approvals. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectRoot } from '../../src/lab/projectRoot';
import { until } from '../support/until';
import { ApiInstallation } from './support';

const TICKET = 'CHG-1234';
let installation: ApiInstallation;

const [plan, open, look, approve] = [
  ...readFileSync(join(projectRoot(), 'docs', 'server.md'), 'utf8').matchAll(
    /^```sh walkthrough\n([\s\S]*?)^```$/gm,
  ),
].map(([, text]) => text!) as [string, string, string, string];

beforeAll(async () => {
  installation = await ApiInstallation.create({
    ...{ name: 'orders', signed: true },
    people: { ada: ['operator:*'], grace: ['approver:*'] },
  });
}, 120_000);

afterAll(() => installation?.destroy(), 60_000);

function run(script: string, extra: Record<string, string> = {}): Record<string, unknown> {
  const { ada, grace } = installation.people;
  const text = execFileSync('bash', ['-euo', 'pipefail', '-c', script], {
    env: {
      ...process.env,
      ...{ ZKFERRY: installation.url, ADA: ada!.token, GRACE: grace!.token, ...extra },
    },
    encoding: 'utf8',
  });
  return JSON.parse(text) as Record<string, unknown>;
}

interface Seen {
  run: { outcome?: string };
  status: { state: string; gate?: { gate: string; planHash: string } };
}

const seen = (): Seen => run(look) as unknown as Seen;

test('planned, opened twice by its ticket, approved, followed, taken back, closed', async () => {
  expect(run(plan)).toMatchObject({ goal: expect.stringContaining('3.9.6') as string });
  expect(run(open)).toMatchObject({ workflowId: TICKET, created: true });
  expect(run(open)).toMatchObject({ workflowId: TICKET, created: false });
  const gate = await until(
    'gate start',
    () => {
      const { status } = seen();
      return status.state === 'waiting' ? status.gate : undefined;
    },
    60_000,
    500,
  );
  expect(gate.gate).toBe('start');
  expect(run(approve, { PLAN_HASH: gate.planHash })).toMatchObject({ workflowId: TICKET });
  await until('work', () => seen().status.state === 'running' || undefined, 30_000, 500);
  run(
    `curl -sS --fail-with-body "$ZKFERRY/v1/runs/${TICKET}/rollback" -X POST -H "Authorization: Bearer $ADA"`,
  );
  await until('its end', () => seen().run.outcome === 'rolledBack' || undefined, 120_000, 500);
  expect(run(open)).toMatchObject({ workflowId: TICKET, created: false });
}, 240_000);
