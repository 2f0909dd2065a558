/** With keys, what Temporal holds of a run names neither ensemble nor server nor step, and people with the key see all. */
import { randomBytes } from 'node:crypto';
import { connectTemporal, type Temporal } from '../../src/adapters/temporal/connect';
import { parseCodecKeys } from '../../src/adapters/temporal/codecKeys';
import { listRuns } from '../../src/adapters/temporal/listRuns';
import { startStrategy, workflowIdFor } from '../../src/adapters/temporal/startRun';
import { getStatus } from '../../src/adapters/temporal/steerRun';
import { LAB_REPOSITORY } from '../../src/lab/labInventory';
import type { WorkflowType } from '../../src/model/contract';
import { Harness } from '../support/harness';
import { until } from '../support/until';
import { ran } from '../unit/cli/testIo';

const NAME = 'quietharbour';
const KEYS = `b: ${randomBytes(32).toString('base64')}\na: ${randomBytes(32).toString('base64')}`;

let harness: Harness;
let keyed: Temporal;
let env: NodeJS.ProcessEnv;
const ids: string[] = [];

beforeAll(async () => {
  harness = await Harness.create({ name: NAME, withoutWorker: true });
  env = { ZKFERRY_CODEC_KEYS: 'env:KEYS', KEYS, TEMPORAL_ADDRESS: harness.temporal.address };
  await harness.startWorker({ ZKFERRY_CODEC_KEYS: 'env:KEYS', KEYS });
  keyed = await connectTemporal({
    address: harness.temporal.address,
    namespace: 'default',
    codecKeys: parseCodecKeys(KEYS),
  });
}, 180_000);

afterAll(async () => {
  for (const id of ids)
    await keyed.client.workflow
      .getHandle(id)
      .terminate('the test is over')
      .catch(() => undefined);
  await keyed.close();
  await harness.destroy();
});

async function start(workflowType: WorkflowType, verb: string, input: object): Promise<string> {
  const workflowId = workflowIdFor(keyed, verb, NAME, new Date());
  ids.push(workflowId);
  await startStrategy(keyed, { workflowType, workflowId, input, summary: `${verb} ${NAME}` });
  return workflowId;
}

/** All text in it, that of bytes included. */
function textIn(value: unknown): string {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .map(([name, inner]) => `${name} ${textIn(inner)}`)
    .join('\n');
}

/** What Temporal gives to a client that has no key: the history, the description, the entry in the list. */
async function seenWithoutKey(workflowId: string): Promise<string> {
  const { workflowService } = harness.connection;
  const execution = { workflowId };
  const history = await harness.client.workflow.getHandle(workflowId).fetchHistory();
  const described = await workflowService.describeWorkflowExecution({
    namespace: 'default',
    execution,
  });
  const listed = await workflowService.listWorkflowExecutions({
    namespace: 'default',
    query: `WorkflowId = '${workflowId}'`,
  });
  return [history, described, listed].map(textIn).join('\n');
}

/** @param words of what the key shows, beside the names that every run has to do with */
function expectSilence(seen: string, ...words: string[]): void {
  const { servers } = harness.lab;
  const names = servers.flatMap(({ name, host }) => [name, host]);
  for (const word of [NAME, ...names, ...words])
    expect([word, new RegExp(`\\b${escaped(word)}\\b`).exec(seen)?.[0]]).toEqual([word, undefined]);
  expect(seen).toContain('binary/encrypted');
}

const escaped = (word: string): string => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

test('a run that waits at its gate, and is rejected', async () => {
  const id = await start('rollingUpgrade', 'upgrade', {
    ensemble: NAME,
    target: { version: '3.9.6' },
  });
  const { plan, headline } = await until(
    () => 'the gate start',
    async () => {
      const status = await getStatus(keyed, id).catch(() => undefined);
      return status?.gate?.gate === 'start' ? status : undefined;
    },
    60_000,
  );
  expect(plan!.steps.length).toBeGreaterThan(10);
  const shown = await ran(['status', id, '--json'], { env });
  expect(shown.code).toBe(0);
  expect(shown.out).toContain(NAME);
  const rejected = await ran(['reject', id, 'start', '--comment', 'not now'], { env });
  expect(rejected.code).toBe(0);
  await until(
    () => 'the end',
    async () =>
      (await listRuns(keyed)).find((run) => run.workflowId === id)?.outcome === 'rejected' ||
      undefined,
    60_000,
  );
  const [listed] = (await listRuns(keyed)).filter((run) => run.workflowId === id);
  expect(listed).toMatchObject({ ensemble: NAME, outcome: 'rejected' });
  const titles = plan!.steps.map(({ title }) => title);
  expectSilence(await seenWithoutKey(id), plan!.goal, headline, 'not now', '3.9.6', ...titles);
});

test('a run that fails says why only to those who have the key', async () => {
  const id = await start('rollingUpgrade', 'upgrade', {
    ensemble: `${NAME}-other`,
    target: { version: '3.9.6' },
  });
  const waited = await ran(['status', id, '--watch'], { env });
  expect(waited.out + waited.err).toContain(`${NAME}-other`);
  const seen = await seenWithoutKey(id);
  expectSilence(seen);
  expect(seen).toContain('Encoded failure');
  expect(seen).toContain('UnknownEnsemble');
});

test("a capture's heartbeats are read with the key only", async () => {
  const id = await start('hotBackup', 'backup', { ensemble: NAME, repository: LAB_REPOSITORY });
  const status = await until(
    () => 'a capture that tells its lag',
    async () => {
      const seen = await getStatus(keyed, id).catch(() => undefined);
      return seen?.capture?.lag === undefined ? undefined : seen;
    },
    60_000,
  );
  expectSilence(await seenWithoutKey(id), status.capture!.leader!, status.headline);
});

test('without the key, commands say which one is missing', async () => {
  const { code, out } = await ran(['status', ids[0]!, '--json'], {
    env: { TEMPORAL_ADDRESS: harness.temporal.address },
  });
  expect(code).toBe(2);
  expect(JSON.parse(out.trimEnd().split('\n').at(-1)!)).toMatchObject({
    error: { type: 'NotDecrypted', message: expect.stringContaining('key "b"') as string },
  });
});
