/** A demo that is to stop early. */
import { ZkferryError } from '../../model/errors';

/** The work itself goes on; whoever waited for it does not. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const aborted = () => reject(interrupted());
    signal.addEventListener('abort', aborted, { once: true });
    if (signal.aborted) aborted();
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', aborted));
  });
}

export function stopIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw interrupted();
}

const interrupted = (): ZkferryError =>
  new ZkferryError('Interrupted', 'the demo was stopped before its end');
