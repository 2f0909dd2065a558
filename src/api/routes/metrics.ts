/** What Temporal and the repositories hold, for Prometheus: right after any restart. Asked anew at most every ten seconds. */
import { Registry } from 'prom-client';
import { z } from 'zod';
import { createRunMetrics, type BackupFacts } from '../../adapters/metrics/runMetrics';
import { lastDrill } from '../../adapters/repository/drills';
import { listRuns } from '../../adapters/temporal/listRuns';
import { hasWorker } from '../../adapters/temporal/pollers';
import { getStatus } from '../../adapters/temporal/steerRun';
import { TASK_QUEUE, taskQueueOf } from '../../model/contract';
import type { StatusDocument } from '../../model/status';
import type { ServerDependencies } from '../dependencies';
import { demand } from '../identity';
import { problems } from '../schemas';
import type { Routes } from './types';

const FRESH_MS = 10_000;
const RUNS = 200;
/** A poll lasts a minute at most. */
const POLLED_WITHIN_MS = 120_000;
/** Of ended runs, whose reports hardly change. */
const ENDED_ASKED = 20;

export const metricsRoutes: Routes = (api, dependencies) => {
  const registry = new Registry();
  const metrics = createRunMetrics(registry);
  let newest: { at: number; text: Promise<string> } | undefined;
  const text = async (): Promise<string> => {
    metrics.show(await facts(dependencies));
    return registry.metrics();
  };
  api.route({
    method: 'GET',
    url: '/metrics',
    config: { authenticated: true },
    schema: {
      tags: ['health'],
      summary: 'metrics for Prometheus',
      response: {
        200: { description: 'text format', content: { 'text/plain': { schema: z.string() } } },
        ...problems,
      },
    },
    async handler({ identity }, reply) {
      demand(identity, 'viewer');
      if (newest === undefined || Date.now() - newest.at > FRESH_MS)
        newest = { at: Date.now(), text: text() };
      const asked = newest;
      try {
        return await reply.type(registry.contentType).send(await asked.text);
      } catch (error) {
        if (newest === asked) newest = undefined;
        throw error;
      }
    },
  });
};

async function facts(dependencies: ServerDependencies) {
  const { temporal, inventory, workers } = dependencies;
  // Where Temporal is away this tells soonest.
  await workers.isThere();
  const runs = await listRuns(temporal, RUNS);
  const open = runs.filter(({ status }) => status === 'RUNNING');
  const ended = runs.filter(({ status }) => status === 'COMPLETED').slice(0, ENDED_ASKED);
  const asked = await Promise.all(
    [...open, ...ended].map(({ workflowId }) =>
      getStatus(temporal, workflowId).catch(() => undefined),
    ),
  );
  const names = await inventory.names();
  const sites = await Promise.all(
    names.map((name) =>
      inventory.resolve(name).then(
        ({ site }) => site,
        () => undefined,
      ),
    ),
  );
  const queues = [...new Set([TASK_QUEUE, ...sites.map(taskQueueOf)])];
  const polls = await Promise.all(
    queues.map((taskQueue) => hasWorker(temporal, { taskQueue, withinMs: POLLED_WITHIN_MS })),
  );
  return {
    now: new Date(),
    runs,
    statuses: asked.filter((status): status is StatusDocument => status !== undefined),
    backups: await backupFacts(dependencies),
    polling: Object.fromEntries(queues.map((queue, index) => [queue, polls[index]!])),
  };
}

/** A repository out of reach has no figures: the alert on their age is what tells. */
async function backupFacts({ inventory, backup }: ServerDependencies): Promise<BackupFacts[]> {
  const found = await Promise.allSettled(
    (await inventory.repositoryNames()).map(async (name): Promise<BackupFacts[]> => {
      const repository = await backup.openRepository(name);
      return Promise.all(
        (await repository.ensembles()).map(async (ensemble) => {
          const { timelines } = await repository.contents(ensemble);
          const drill = await lastDrill(repository, ensemble);
          const taken = timelines.flatMap(({ bases }) => bases.map(({ takenAt }) => takenAt));
          return {
            ...{ ensemble, repository: name, lastBaseAt: taken.sort().at(-1) },
            ...(drill?.ok && { lastProvenAt: drill.at }),
          };
        }),
      );
    }),
  );
  return found.flatMap((each) => (each.status === 'fulfilled' ? each.value : []));
}
