/** What the audit log says of what nobody has answered. */
import type { FastifyRequest } from 'fastify';
import type { AuditEntry, AuditLog } from '../../../src/adapters/audit/auditLog';
import { audited } from '../../../src/api/audited';
import { controlRoutes } from '../../../src/api/routes/controls';
import type { Api } from '../../../src/api/routes/types';
import type { ServerDependencies } from '../../../src/api/dependencies';
import type { Temporal } from '../../../src/adapters/temporal/connect';
import { createWorkerPresence } from '../../../src/adapters/temporal/workerPresence';
import { ZkferryError } from '../../../src/model/errors';

const request = { id: 'r1', identity: { actor: 'ada', grants: [] } } as unknown as FastifyRequest;
const what = { action: 'pause', target: 'chg-1' };
const away = new ZkferryError('NoWorker', 'pause was not sent', { retryable: true });

async function outcomesOf(options: Parameters<typeof audited>[4]): Promise<string[]> {
  const outcomes: AuditEntry['outcome'][] = [];
  const audit = {
    append: ({ outcome }: AuditEntry) => Promise.resolve(void outcomes.push(outcome)),
  } as unknown as AuditLog;
  await expect(audited(audit, request, what, () => Promise.reject(away), options)).rejects.toBe(
    away,
  );
  return outcomes;
}

test('it may have been done, except where it is known that it was not sent', async () => {
  expect(await outcomesOf({})).toEqual(['asked', 'unknown']);
  expect(await outcomesOf({ mayBeDone: () => false })).toEqual(['asked', 'failed']);
});

test('a control that is refused unsent, since no worker polls, has failed', async () => {
  const run = {
    ...{ workflowId: 'chg-1', runId: 'r', type: 'rollingUpgrade', startTime: new Date() },
    ...{ status: { name: 'RUNNING' }, typedSearchAttributes: { getAll: () => [] } },
  };
  const temporal = {
    ...{ address: 'temporal:7233', namespace: 'default', sealed: false },
    client: {
      workflow: { getHandle: () => ({ describe: () => Promise.resolve(run) }) },
      connection: {
        workflowService: { describeTaskQueue: () => Promise.resolve({ pollers: [] }) },
      },
    } as unknown as Temporal['client'],
    within: (_ms: number, call: () => Promise<unknown>) => call(),
  } as Temporal;
  const outcomes: AuditEntry['outcome'][] = [];
  const audit = {
    append: ({ outcome }: AuditEntry) => Promise.resolve(void outcomes.push(outcome)),
  };
  const routes = new Map<string, (request: unknown, reply: unknown) => Promise<unknown>>();
  const api = {
    route: ({ url, handler }: { url: string; handler: () => Promise<unknown> }) =>
      routes.set(url, handler),
  };
  const workers = createWorkerPresence(temporal);
  const dependencies = { temporal, audit, workers } as unknown as ServerDependencies;
  controlRoutes(api as unknown as Api, dependencies);
  const asked = {
    ...{ id: 'r1', params: { workflowId: 'chg-1' }, body: {} },
    identity: { actor: 'ada', grants: [{ role: 'operator', ensembles: ['*'] }] },
  };
  await expect(routes.get('/v1/runs/:workflowId/pause')!(asked, {})).rejects.toMatchObject({
    type: 'NoWorker',
  });
  expect(outcomes).toEqual(['asked', 'failed']);
});
