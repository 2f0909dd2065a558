/** Whether two lists of addresses lead to one ensemble, by whatever names; nothing is written to either. */
import { Connection } from '../zookeeper/connection';
import { zooKeeperCode } from '../zookeeper/errors';
import type { ServerAddress } from '../zookeeper/fourLetterClient';

interface Place {
  servers: readonly ServerAddress[];
  /** For messages. */
  shown: string;
}

const SESSION_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 10_000;
const OPERATION = 'comparing ensembles at';

/**
 * A new session of the one can be taken over at the other only where both are one: any other ensemble does not
 * know it. Ids are the server's own and the moment of its start, counted up, so that no other has the same one.
 * Local sessions (`localSessionsEnabled`) are known to their own server only.
 *
 * @throws ZooKeeperUnavailable where one of the two can't be asked
 */
export async function isSameEnsemble(one: Place, other: Place): Promise<boolean> {
  const common = { sessionTimeoutMs: SESSION_TIMEOUT_MS, auth: [] };
  const session = new Connection({ ...one, ...common });
  try {
    await session.whenConnected(CONNECT_TIMEOUT_MS, OPERATION);
    const taken = new Connection({ ...other, ...common, ticket: session.sessionTicket });
    try {
      await taken.whenConnected(CONNECT_TIMEOUT_MS, OPERATION);
      return true;
    } catch (error) {
      if (zooKeeperCode(error) === 'SessionExpired') return false;
      throw error;
    } finally {
      // Closing would end the session there.
      taken.leave();
    }
  } finally {
    await session.close();
  }
}
