/** Which runs this server opens on each ensemble: of two that come at once the second must see the first, before its ticket is used. */
import { ZkferryError } from '../model/errors';

/** Most that one waits for those before it. */
const WAIT_MS = 15_000;

export interface Openings {
  /**
   * Does `work` once whatever else opens on one of these ensembles is done; not even begun where that takes too long.
   * @throws EnsembleHeld
   */
  inTurn<T>(ensembles: readonly string[], work: () => Promise<T>): Promise<T>;
  opened(ensembles: readonly string[], workflowId: string): void;
  /** The run that this server has opened there last: it may have ended, or not hold the ensemble yet. */
  newestOn(ensemble: string): string | undefined;
}

export function createOpenings(waitMs = WAIT_MS): Openings {
  const turns = new Map<string, Promise<void>>();
  const newest = new Map<string, string>();
  return {
    async inTurn(ensembles, work) {
      const before = Promise.all(ensembles.map((name) => turns.get(name) ?? Promise.resolve()));
      let end = (): void => undefined;
      const ended = new Promise<void>((resolve) => (end = resolve));
      const mine = before.then(() => ended);
      for (const name of ensembles) turns.set(name, mine);
      void mine.then(() => {
        for (const name of ensembles) if (turns.get(name) === mine) turns.delete(name);
      });
      try {
        if (!(await isDone(before, waitMs)))
          throw new ZkferryError(
            'EnsembleHeld',
            `others are opening runs on ${ensembles.join(', ')}, and take longer than ${waitMs} ms. Nothing was started: ask again with the same ticket`,
          );
        return await work();
      } finally {
        end();
      }
    },
    opened(ensembles, workflowId) {
      for (const name of ensembles) newest.set(name, workflowId);
    },
    newestOn: (ensemble) => newest.get(ensemble),
  };
}

async function isDone(work: Promise<unknown>, withinMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), withinMs);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
