/** How an ensemble can be captured: by the quorum port, or by its servers' files where that is out of reach. */
import { quorumSecurity } from '../../src/adapters/quorumSecurity';
import { findLeader } from '../../src/adapters/tap';
import { openQuorumSocket } from '../../src/adapters/tap/quorumSocket';
import { isZkferryError } from '../../src/model/errors';
import type { BackupActivities, ChosenSource } from '../api';
import type { Dependencies } from '../dependencies';
import { operation } from '../operation';
import { membersOf } from '../resolve';

const CONNECT_MS = 5_000;

export function sourceActivities(
  dependencies: Dependencies,
): Pick<BackupActivities, 'chooseSource'> {
  return {
    chooseSource: (args) => operation(({ signal }) => chosenSource(dependencies, args, signal)),
  };
}

/** A port that asks for credentials that the inventory lacks is reached: that is for a person to mend, not to go round. */
export async function chosenSource(
  dependencies: Dependencies,
  { ensemble: name, source }: Parameters<BackupActivities['chooseSource']>[0],
  signal: AbortSignal,
): Promise<ChosenSource> {
  if (source !== 'auto') return { source };
  const ensemble = await dependencies.inventory.resolve(name);
  const members = membersOf(ensemble);
  const why = await whyNoStream(
    members,
    await quorumSecurity(ensemble, dependencies.secrets),
    signal,
  );
  if (why === undefined) return { source: 'stream' };
  if (members.some(({ ssh }) => ssh !== undefined)) return { source: 'files', why };
  return { source: 'stream', why: `${why}; nor does the inventory give a way to the files (ssh)` };
}

/** Undefined where it is reached, and where nobody leads now: then the stream waits for a leader. */
async function whyNoStream(
  servers: Parameters<typeof findLeader>[0],
  security: Awaited<ReturnType<typeof quorumSecurity>>,
  signal: AbortSignal,
): Promise<string | undefined> {
  let found = false;
  try {
    const leader = await findLeader(servers, signal);
    found = true;
    const options = { timeoutMs: CONNECT_MS, signal };
    (await openQuorumSocket(leader, security ?? {}, options)).destroy();
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (!isZkferryError(error)) throw error;
    const isOut = error.type === 'Unsupported' || (found && error.type === 'ZooKeeperUnavailable');
    return isOut ? error.message : undefined;
  }
}
