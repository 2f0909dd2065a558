/** Whether a worker polls, asked of Temporal at most every two seconds: what only a worker answers need not be waited for then. */
import { TASK_QUEUE } from '../../model/contract';
import { ZkferryError } from '../../model/errors';
import type { Temporal } from './connect';
import { hasWorker, POLLED_WITHIN_MS } from './pollers';

const FRESH_MS = 2_000;
const DEADLINE_MS = 2_000;

export interface WorkerPresence {
  /** @throws TemporalUnavailable */
  isThere(): Promise<boolean>;
  /** @throws NoWorker (retryable) where none polls */
  demand(what: string): Promise<void>;
}

export function createWorkerPresence(temporal: Temporal): WorkerPresence {
  let latest: { at: number; answer: Promise<boolean> } | undefined;
  const isThere = async (): Promise<boolean> => {
    if (latest === undefined || Date.now() - latest.at > FRESH_MS)
      latest = {
        at: Date.now(),
        answer: hasWorker(temporal, { withinMs: POLLED_WITHIN_MS, deadlineMs: DEADLINE_MS }),
      };
    return latest.answer;
  };
  return {
    isThere,
    async demand(what) {
      if (!(await isThere()))
        throw new ZkferryError(
          'NoWorker',
          `${what}: no worker polls task queue ${TASK_QUEUE}; start one with zkferry worker, or look in its log why it ended. Runs wait for it, and go on where they are`,
          { retryable: true },
        );
    },
  };
}
