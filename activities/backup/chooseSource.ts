/**
 * How an ensemble can be captured, the least that can be lost first: by the quorum port; by its servers' files; by whole
 * bases of an AdminServer; by whole bases read through the client port.
 */
import { quorumSecurity } from '../../src/adapters/quorumSecurity';
import { findLeader } from '../../src/adapters/tap';
import { openQuorumSocket } from '../../src/adapters/tap/quorumSocket';
import { isZkferryError } from '../../src/model/errors';
import type { ResolvedServer } from '../../src/model/inventory';
import { atLeast } from '../../src/model/version';
import type { BackupActivities, ChosenSource } from '../api';
import type { Dependencies } from '../dependencies';
import { operation } from '../operation';
import { membersOf } from '../resolve';

const CONNECT_MS = 5_000;
const SNAPSHOTS_SINCE = '3.9.0';

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
  const noFiles = `${why}; the inventory gives no way to the files (ssh)`;
  if (ensemble.adminServer === undefined)
    return { source: 'logical', why: `${noFiles}, nor an adminServer` };
  if (await anyHasSnapshots(dependencies, members, signal))
    return { source: 'admin', why: noFiles };
  return {
    source: 'logical',
    why: `${noFiles}; no member that answers is of ${SNAPSHOTS_SINCE} or later, whose AdminServer gives snapshots`,
  };
}

async function anyHasSnapshots(
  { zookeeper }: Dependencies,
  members: readonly ResolvedServer[],
  signal: AbortSignal,
): Promise<boolean> {
  const probes = await Promise.all(members.map((member) => zookeeper.probe(member, { signal })));
  return probes.some(({ version }) => version !== undefined && atLeast(version, SNAPSHOTS_SINCE));
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
