/** Whoever can talk to Temporal, but is not let in by the server, steers nothing; and nobody approves for others. */
import { randomUUID } from 'node:crypto';
import { createSigner, type ToSign } from '../../src/adapters/approvals/signer';
import { createPrivateKey } from 'node:crypto';
import { SignJWT } from 'jose';
import { inputHash } from '../../src/adapters/approvals/inputHash';
import { APPROVAL_AUDIENCE } from '../../src/model/approval';
import { TASK_QUEUE } from '../../src/model/contract';
import type { StatusDocument } from '../../src/model/status';
import { ZkferryCommand } from '../support/command';
import { until } from '../support/until';
import { ApiInstallation } from './support';

let installation: ApiInstallation;
let lab: string;

const TICKET = 'CHG-1001';
const INPUT = { target: { version: '3.9.6' }, gates: { start: { mode: 'auto' } } };

beforeAll(async () => {
  installation = await ApiInstallation.create({
    name: 'forgery',
    signed: true,
    approvals: { start: { count: 2 } },
    people: {
      olga: ['operator:*', 'approver:*'],
      anna: ['approver:*'],
      ben: ['approver:*'],
      vera: ['viewer:*'],
      otto: ['admin:elsewhere'],
      root: ['admin:*'],
    },
  });
  lab = installation.harness.lab.name;
}, 120_000);

afterAll(() => installation?.destroy(), 60_000);

const handle = (workflowId = TICKET) => installation.harness.client.workflow.getHandle(workflowId);

const statusOf = (workflowId = TICKET): Promise<StatusDocument> =>
  handle(workflowId).query<StatusDocument>('status');

const atStart = (workflowId = TICKET): Promise<StatusDocument> =>
  until(
    `${workflowId} to wait at gate start`,
    async () => {
      const status = await statusOf(workflowId).catch(() => undefined);
      if (status?.state === 'failed') throw new Error(status.error?.message);
      return status?.gate?.gate === 'start' ? status : undefined;
    },
    60_000,
  );

const eventWith = (text: RegExp, workflowId = TICKET): Promise<string> =>
  until(
    `an event like ${text}`,
    async () => {
      const { events } = await statusOf(workflowId);
      return events.map((event) => event.text).find((line) => text.test(line));
    },
    30_000,
  );

const approveText = (workflowId: string): string => `/v1/runs/${workflowId}/gates/start/approve`;

/** What the server would sign, changed as the test says. */
async function forged(
  changes: Partial<ToSign> & { expired?: boolean } = {},
): Promise<Record<string, unknown>> {
  const { runId, gate } = await statusOf();
  const input = { gate: 'start', approver: 'anna', planHash: gate!.planHash };
  const { expired, ...claims } = {
    ...{ action: 'approve' as const, workflowId: TICKET, runId, ensemble: lab },
    ...{ actor: 'anna', role: 'approver' as const, input },
    ...changes,
  };
  if (expired !== true)
    return { ...input, proof: await createSigner(installation.privateKey).sign(claims) };
  const proof = await new SignJWT({ ...claims, input: inputHash(input) })
    .setProtectedHeader({ alg: 'EdDSA' })
    .setAudience(APPROVAL_AUDIENCE)
    .setIssuedAt(Math.floor(Date.now() / 1_000) - 600)
    .setExpirationTime(Math.floor(Date.now() / 1_000) - 300)
    .setJti(randomUUID())
    .sign(createPrivateKey(installation.privateKey));
  return { ...input, proof };
}

const sent = async (control: string, input: object, workflowId = TICKET): Promise<string> => {
  try {
    await handle(workflowId).executeUpdate(control, { args: [input] });
    return 'taken';
  } catch (error) {
    return ((error as Error).cause as Error | undefined)?.message ?? (error as Error).message;
  }
};

test('a raw start only plans and waits; nobody knows who asked, so one person more has to approve', async () => {
  const workflowId = 'raw-start';
  await installation.harness.client.workflow.start('rollingUpgrade', {
    taskQueue: TASK_QUEUE,
    workflowId,
    args: [{ ensemble: lab, ...INPUT, requestedBy: 'somebody else' }],
  });
  const { gate } = await atStart(workflowId);
  expect(gate).toMatchObject({ needed: 3, approvals: [] });
  // The ticket of a change that somebody else has started, with the very same input, is answered with nobody's run.
  const request = { ticket: workflowId, strategy: 'upgrade', input: { ensemble: lab, ...INPUT } };
  expect(await installation.as('olga').post('/v1/runs', request)).toMatchObject({
    ...{ status: 409, body: { type: 'urn:zkferry:error:RunExists' } },
  });
  const { planHash } = gate!;
  const rejected = await installation
    .as('ben')
    .post(`/v1/runs/${workflowId}/gates/start/reject`, { planHash, comment: 'who asked?' });
  expect(rejected).toMatchObject({ status: 200 });
  expect(await handle(workflowId).result()).toMatchObject({ outcome: 'rejected' });
});

test('a start through the server waits at its gate although the input says auto; the ticket runs once', async () => {
  const olga = installation.as('olga');
  const request = { ticket: TICKET, strategy: 'upgrade', input: { ensemble: lab, ...INPUT } };
  const first = await olga.post('/v1/runs', request);
  expect(first).toMatchObject({ status: 201, body: { workflowId: TICKET, created: true } });
  expect(first.headers.get('location')).toBe(`/v1/runs/${TICKET}`);
  expect(await olga.post('/v1/runs', request)).toMatchObject({
    status: 200,
    body: { created: false, runId: first.body.runId },
  });
  const other = { ...request, input: { ...request.input, soakMs: 1 } };
  expect(await olga.post('/v1/runs', other)).toMatchObject({ status: 409 });
  const { gate, nextActions } = await atStart();
  expect(gate).toMatchObject({ needed: 2, approvals: [] });
  // What would be refused here is named as what is taken, and by whom.
  expect(nextActions.find(({ action }) => action === 'approve')).toMatchObject({
    input: { gate: 'start', planHash: gate!.planHash.slice(0, 12) },
    through: {
      request: `POST ${approveText(TICKET)}`,
      body: { planHash: gate!.planHash.slice(0, 12) },
      by: `an approver of ${lab} other than olga`,
    },
  });
});

test('raw signals and updates count nothing, and are seen', async () => {
  const { gate } = await statusOf();
  const input = { gate: 'start', approver: 'anna', planHash: gate!.planHash };
  await handle().signal('approve', input);
  expect(await eventWith(/signal approve refused/)).toContain('only with a signature');
  expect(await sent('approve', input)).toContain('only with a signature of zkferry server');
  for (const control of ['rollback', 'resume', 'tune', 'reject'])
    expect(await sent(control, control === 'reject' ? input : {})).toContain(
      'only with a signature',
    );
  expect((await statusOf()).gate).toMatchObject({ gate: 'start', approvals: [] });
});

test.each<[string, () => Promise<Record<string, unknown>>, RegExp]>([
  ['of another run', () => forged({ workflowId: 'CHG-1' }), /made for workflowId CHG-1/],
  ['of another history', () => forged({ runId: randomUUID() }), /made for runId/],
  ['of another ensemble', () => forged({ ensemble: 'elsewhere' }), /made for ensemble elsewhere/],
  ['for another control', () => forged({ action: 'pause' }), /made for action pause/],
  [
    'for another plan',
    async () => ({ ...(await forged()), planHash: 'abcdef012345' }),
    /plan abcdef012345|another input/,
  ],
  ['with another comment', async () => ({ ...(await forged()), comment: 'fine' }), /another input/],
  ['that has expired', () => forged({ expired: true }), /expired/],
  [
    'by a viewer',
    () => forged({ role: 'viewer' }),
    /takes approvals of role approver; anna has viewer/,
  ],
  [
    'with an altered signature',
    async () => {
      const input = await forged();
      const proof = String(input.proof);
      return {
        ...input,
        proof: `${proof.slice(0, -6)}${proof.endsWith('A') ? 'B' : 'A'}${proof.slice(-5)}`,
      };
    },
    /altered|not made by a key/,
  ],
  [
    'by another key',
    async () => {
      const { generateKeyPairSync } = await import('node:crypto');
      const { privateKey } = generateKeyPairSync('ed25519', {
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
        publicKeyEncoding: { type: 'spki', format: 'pem' },
      });
      const { proof: _ours, ...input } = await forged();
      const { runId } = await statusOf();
      const proof = await createSigner(privateKey).sign({
        ...{ action: 'approve', workflowId: TICKET, runId, ensemble: lab },
        ...{ actor: 'anna', role: 'approver', input },
      });
      return { ...input, proof };
    },
    /not made by a key/,
  ],
])('a signature %s is refused, and seen', async (_what, make, reason) => {
  expect(await sent('approve', await make())).toMatch(reason);
  expect((await statusOf()).gate).toMatchObject({ gate: 'start', approvals: [] });
});

test('viewers, whoever asked for the run, and people of other ensembles do not approve', async () => {
  const { gate } = await statusOf();
  const body = { planHash: gate!.planHash };
  expect(await installation.as('vera').post(approveText(TICKET), body)).toMatchObject({
    status: 403,
    body: { type: 'urn:zkferry:error:Forbidden' },
  });
  expect(await installation.as('otto').post(approveText(TICKET), body)).toMatchObject({
    status: 404,
  });
  expect(await installation.as('otto').get(`/v1/runs/${TICKET}`)).toMatchObject({ status: 404 });
  expect(await installation.as('olga').post(approveText(TICKET), body)).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining('olga asked for this run') as string },
  });
  const wrong = await installation
    .as('anna')
    .post(approveText(TICKET), { planHash: '0123456789ab' });
  expect(wrong).toMatchObject({ status: 409 });
  expect((await statusOf()).gate).toMatchObject({ approvals: [] });
});

test('one approval of two counts once, however often it is shown', async () => {
  const { gate } = await statusOf();
  const body = { planHash: gate!.planHash };
  const anna = await installation.as('anna').post(approveText(TICKET), body);
  expect(anna).toMatchObject({ status: 200, body: { gate: { approvals: [{ by: 'anna' }] } } });
  expect(await installation.as('anna').post(approveText(TICKET), body)).toMatchObject({
    status: 409,
    body: { detail: expect.stringContaining('has approved gate start already') as string },
  });

  const spent = await approvalsIn(TICKET);
  expect(spent.length).toBeGreaterThanOrEqual(1);
  expect(await sent('approve', spent[0]!)).toMatch(/used before/);
  expect((await statusOf()).gate!.approvals).toHaveLength(1);
});

test('after a reset of the workflow an approval of before counts no more', async () => {
  const spent = await approvalsIn(TICKET);
  const { history } = await installation.harness.client.workflowService.getWorkflowExecutionHistory(
    {
      namespace: 'default',
      execution: { workflowId: TICKET },
    },
  );
  const before = history!.events!.find(
    ({ workflowExecutionUpdateAcceptedEventAttributes: accepted }) => accepted != null,
  )!;
  const completed = history!.events!.filter(
    ({ eventId, workflowTaskCompletedEventAttributes: task }) =>
      task != null && Number(eventId) < Number(before.eventId),
  );
  await installation.harness.client.workflowService.resetWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: TICKET },
    reason: 'a trick',
    requestId: randomUUID(),
    workflowTaskFinishEventId: completed.at(-2)!.eventId,
  });
  const status = await until(
    'the gate to be asked again',
    async () => {
      const now = await statusOf().catch(() => undefined);
      return now?.gate?.gate === 'start' ? now : undefined;
    },
    60_000,
  );
  expect(status.gate!.approvals).toEqual([]);
  expect(await sent('approve', spent[0]!)).toMatch(/made for runId|used before/);
});

test('two people pass the gate; the log names who did what and what was refused; the run goes on', async () => {
  const { gate } = await atStart();
  const body = { planHash: gate!.planHash, comment: 'looked at it' };
  expect(await installation.as('anna').post(approveText(TICKET), body)).toMatchObject({
    status: 200,
  });
  const command = (token: string, hash: string) =>
    new ZkferryCommand(['approve', TICKET, 'start', '--plan-hash', hash, '--json'], {
      ...{ ZKFERRY_SERVER: installation.url, ZKFERRY_TOKEN: token },
    }).ended;
  const { token } = installation.people.ben!;
  expect(await command(`${token}x`, gate!.planHash)).toMatchObject({
    ...{ code: 1, document: { error: { type: 'Unauthenticated' } } },
  });
  expect(await command(token, '0123456789ab')).toMatchObject({ code: 1 });
  expect(await command(token, gate!.planHash)).toMatchObject({ code: 0, document: { ok: true } });
  await until(
    'the run to go on',
    async () => {
      const { plan } = await statusOf();
      return plan?.steps.some(({ state }) => state === 'done') || undefined;
    },
    60_000,
  );
  await sent('pause', {});
  expect(await sent('resume', {})).toContain('only with a signature');
  const back = await installation.as('olga').post(`/v1/runs/${TICKET}/rollback`);
  expect(back.status === 200 || back.body.accepted !== undefined).toBe(true);
  const report = (await handle().result()) as { outcome: string };
  expect(report.outcome).toBe('rolledBack');
  const { gates } = await statusOf();
  expect(
    gates.find(({ gate: name, decision }) => name === 'start' && decision === 'approved'),
  ).toMatchObject({
    by: 'anna, ben',
    approvals: [{ by: 'anna' }, { by: 'ben' }],
  });
});

/** As they stand in the history, for whoever may read it. */
async function approvalsIn(workflowId: string): Promise<Record<string, unknown>[]> {
  const { events } = await handle(workflowId).fetchHistory();
  return (events ?? [])
    .flatMap(({ workflowExecutionUpdateAcceptedEventAttributes: accepted }) => {
      const payload = accepted?.acceptedRequest?.input?.args?.payloads?.[0]?.data;
      if (accepted?.acceptedRequest?.input?.name !== 'approve' || !payload) return [];
      const input = JSON.parse(Buffer.from(payload).toString()) as Record<string, unknown>;
      return input.proof === undefined ? [] : [input];
    })
    .filter(({ proof }) => {
      const claims = JSON.parse(
        Buffer.from(String(proof).split('.')[1]!, 'base64url').toString(),
      ) as { workflowId: string; actor: string; runId: string; role: string };
      return claims.workflowId === workflowId && claims.role === 'approver';
    })
    .slice(-1);
}
