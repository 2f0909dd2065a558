/** Ctrl-C and SIGTERM end a command as what they are, whatever it was doing. */
import { isZkferryError, ZkferryError } from '../model/errors';

/** For `catch`. An abort comes out of libraries under many names; an error of ours says more than that. */
export const interruptedBy =
  (signal: AbortSignal, what: string) =>
  (error: unknown): never => {
    if (!signal.aborted || isZkferryError(error)) throw error;
    throw new ZkferryError('Interrupted', what, { cause: error });
  };
