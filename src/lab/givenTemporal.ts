/** A Temporal server that was there before, named by --address or TEMPORAL_ADDRESS. */
import { connectTemporal } from '../adapters/temporal/connect';
import { temporalFromEnvironment } from '../adapters/temporal/environment';
import { isZkferryError, ZkferryError } from '../model/errors';

const CONNECT_MS = 2_000;

/**
 * Somebody else's, of an earlier day perhaps: whoever goes on with it would find nobody there, which is told before
 * anything is made. `otherwise`: what happens where none is named; `option`: what --address says, which comes first.
 * @returns its address; undefined where none is named
 * @throws TemporalUnavailable, naming the variable and what to do, where nobody answers
 */
export async function givenTemporal(
  otherwise: string,
  option?: string,
): Promise<string | undefined> {
  const address = option ?? process.env.TEMPORAL_ADDRESS;
  if (!address) return undefined;
  const temporal = await connectTemporal({
    ...temporalFromEnvironment({ ...process.env, TEMPORAL_ADDRESS: address }),
    deadlineMs: CONNECT_MS,
  }).catch((error: unknown) => {
    if (!isZkferryError(error)) throw error;
    throw new ZkferryError(
      error.type,
      `${option === undefined ? 'TEMPORAL_ADDRESS' : '--address'}: expected where a Temporal server answers, or nothing, so that ${otherwise}; got ${address}${option === undefined ? ', which the shell has exported perhaps (unset TEMPORAL_ADDRESS)' : ''}: ${error.message}`,
      { cause: error },
    );
  });
  await temporal.close();
  return address;
}
