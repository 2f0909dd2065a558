/** Small requests that shall outlive an election. */
import { isZkferryError } from '../../model/errors';
import { zooKeeperCode } from './errors';

const DEADLINE_MS = 60_000;
const PAUSE_MS = 100;

/** Repeats `act`, which must be harmless to repeat, while what it fails with can pass; a minute at most. */
export async function persistently<T>(act: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    try {
      return await act();
    } catch (error) {
      // An expired session stays so.
      const isExpired = zooKeeperCode(error) === 'SessionExpired';
      const canPass = isZkferryError(error) && error.retryable && !isExpired;
      if (!canPass || performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}
