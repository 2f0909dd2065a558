/** Trees compared beside the requests: few at once, each with a deadline, the newest kept. */
import { randomUUID } from 'node:crypto';
import { openWhole } from '../../activities/migrate/movedTrees';
import { diffTrees } from '../adapters/diff/diffTrees';
import { ZkferryError } from '../model/errors';
import type { ResolvedEnsemble } from '../model/inventory';
import type { Difference } from '../tree/diff/compare';
import { Selection } from '../tree/copy/selection';
import type { ServerDependencies } from './dependencies';

const AT_ONCE = 2;
const KEPT = 50;
const SHOWN = 1_000;
const DEADLINE_MS = 30 * 60_000;

export interface Place {
  ensemble: ResolvedEnsemble;
  path: string;
}

export interface DiffJob {
  id: string;
  /** Who may see it: names of both. */
  ensembles: string[];
  state: 'running' | 'done' | 'failed';
  progress: { done: number };
  equal?: boolean;
  count?: number;
  differences: Difference[];
  truncated?: boolean;
  error?: string;
}

export interface DiffJobs {
  /** @throws Refused where enough run already */
  start(source: Place, target: Place): DiffJob;
  get(id: string): DiffJob | undefined;
  close(): void;
}

export function createDiffJobs(
  dependencies: Pick<ServerDependencies, 'secrets' | 'host' | 'backup'>,
): DiffJobs {
  const jobs = new Map<string, DiffJob>();
  const stop = new AbortController();
  return {
    start(source, target) {
      const running = [...jobs.values()].filter(({ state }) => state === 'running');
      if (running.length >= AT_ONCE)
        throw new ZkferryError('Refused', `${AT_ONCE} trees are compared already: wait for them`);
      const job: DiffJob = {
        id: randomUUID(),
        ensembles: [source.ensemble.name, target.ensemble.name],
        ...{ state: 'running', progress: { done: 0 }, differences: [] },
      };
      jobs.set(job.id, job);
      const oldest = [...jobs.values()].find(({ state }) => state !== 'running');
      if (jobs.size > KEPT && oldest) jobs.delete(oldest.id);
      const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(DEADLINE_MS)]);
      void compare(dependencies, job, source, target, signal).then(
        () => (job.state = 'done'),
        (error: unknown) => {
          job.state = 'failed';
          job.error = error instanceof Error ? error.message : String(error);
        },
      );
      return job;
    },
    get: (id) => jobs.get(id),
    close: () => stop.abort(),
  };
}

async function compare(
  dependencies: Pick<ServerDependencies, 'secrets' | 'host' | 'backup'>,
  job: DiffJob,
  source: Place,
  target: Place,
  signal: AbortSignal,
): Promise<void> {
  const context = { signal, heartbeat: () => undefined };
  const { znodeRoot } = source.ensemble;
  const selection = new Selection({
    ...{ sourceRoot: source.path, targetRoot: target.path, ownRoot: znodeRoot },
    exclude: target.ensemble.znodeRoot === znodeRoot ? [] : [target.ensemble.znodeRoot],
  });
  const opening = [source, target].map(({ ensemble }) =>
    openWhole(dependencies, ensemble, context),
  );
  try {
    const [left, right] = await Promise.all(opening);
    const found = await diffTrees(left!, right!, selection, {
      ...{ directory: dependencies.backup.spoolDirectory, signal },
      onProgress: (done) => (job.progress = { done }),
    });
    try {
      let count = 0;
      for await (const difference of found.differences) {
        count += 1;
        if (job.differences.length < SHOWN) job.differences.push(difference);
      }
      Object.assign(job, { count, equal: count === 0, truncated: count > SHOWN });
    } finally {
      await found.close();
    }
  } finally {
    for (const tree of await Promise.allSettled(opening))
      if (tree.status === 'fulfilled') await tree.value.close();
  }
}
