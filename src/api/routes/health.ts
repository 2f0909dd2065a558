/** For whoever watches over the server itself. */
import { z } from 'zod';
import { hasWorker } from '../../adapters/temporal/pollers';
import { TASK_QUEUE } from '../../model/contract';
import { ZkferryError } from '../../model/errors';
import { problems } from '../schemas';
import type { Routes } from './types';

const FRESH_MS = 1_000;
const DEADLINE_MS = 2_000;

export const healthRoutes: Routes = (api, { temporal, workers, version }) => {
  // Anybody may ask, and as often as they like: Temporal is asked once a second, and where it is stays here.
  let latest: { at: number; answer: Promise<boolean> } | undefined;
  const asked = (): Promise<boolean> => {
    if (latest === undefined || Date.now() - latest.at > FRESH_MS) {
      const answer = hasWorker(temporal, { deadlineMs: DEADLINE_MS }).catch((error: unknown) => {
        throw new ZkferryError(
          'TemporalUnavailable',
          "not ready: Temporal does not answer, or does not let the server in; the server's log says which, and where it is looked for",
          { retryable: true, cause: error },
        );
      });
      latest = { at: Date.now(), answer };
    }
    return latest.answer;
  };
  const open = { open: true, rateLimit: false } as const;
  api.route({
    method: 'GET',
    url: '/healthz',
    config: open,
    schema: {
      tags: ['health'],
      summary: 'the server runs',
      security: [],
      response: { 200: z.object({ ok: z.boolean(), version: z.string() }), ...problems },
    },
    handler: () => Promise.resolve({ ok: true, version }),
  });
  api.route({
    method: 'GET',
    url: '/v1/worker',
    schema: {
      tags: ['health'],
      summary: 'whether a worker polls: without one no run says how it is, and none goes on',
      response: {
        200: z.object({
          ...{ polls: z.boolean(), taskQueue: z.string() },
          detail: z.string().optional().describe('what to do'),
        }),
        ...problems,
      },
    },
    handler: async () => {
      const polls = await workers.isThere();
      const detail = `no worker polls task queue ${TASK_QUEUE}: start one with zkferry worker, or look in its log why it ended`;
      return { polls, taskQueue: TASK_QUEUE, ...(!polls && { detail }) };
    },
  });
  api.route({
    method: 'GET',
    url: '/readyz',
    config: open,
    schema: {
      tags: ['health'],
      summary: 'the server reaches Temporal; worker: whether one polls',
      security: [],
      response: { 200: z.object({ ok: z.boolean(), worker: z.boolean() }), ...problems },
    },
    handler: async () => ({ ok: true, worker: await asked() }),
  });
};
