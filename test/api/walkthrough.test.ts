/** The walk-through of the README, as it stands there: curl only, with signed approvals. */
import { execFile, execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../src/lab/projectRoot';
import { until } from '../support/until';
import { ApiInstallation } from './support';

const TICKET = 'CHG-1234';
let installation: ApiInstallation;

const [plan, open, look, approve, follow] = [
  ...readFileSync(join(projectRoot(), 'README.md'), 'utf8').matchAll(
    /^```sh walkthrough\n([\s\S]*?)^```$/gm,
  ),
].map(([, text]) => text!) as [string, string, string, string, string];

beforeAll(async () => {
  installation = await ApiInstallation.create({
    ...{ name: 'orders', signed: true },
    people: { ada: ['operator:*'], grace: ['approver:*'] },
  });
}, 120_000);

afterAll(() => installation?.destroy(), 60_000);

const shell = (script: string): [string, string[]] => ['bash', ['-euo', 'pipefail', '-c', script]];

function environment(extra: Record<string, string> = {}): NodeJS.ProcessEnv {
  const { ada, grace } = installation.people;
  const given = { ZKFERRY: installation.url, ADA: ada!.token, GRACE: grace!.token };
  return { ...process.env, ...given, ...extra };
}

function run(script: string, extra?: Record<string, string>): Record<string, unknown> {
  const text = execFileSync(...shell(script), { env: environment(extra), encoding: 'utf8' });
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
  const following = promisify(execFile)(...shell(follow), {
    ...{ env: environment(), encoding: 'utf8', maxBuffer: 2 ** 26, timeout: 180_000 },
  });
  await until('work', () => seen().status.state === 'running' || undefined, 30_000, 500);
  run(
    `curl -sS --fail-with-body "$ZKFERRY/v1/runs/${TICKET}/rollback" -X POST -H "Authorization: Bearer $ADA"`,
  );
  const { stdout: followed } = await following;
  expect(followed).toMatch(/event: end\ndata: {"outcome":"rolledBack"}\n\n$/);
  expect(seen()).toMatchObject({ run: { outcome: 'rolledBack' }, status: { state: 'rolledBack' } });
  expect(run(open)).toMatchObject({ workflowId: TICKET, created: false });
}, 240_000);
