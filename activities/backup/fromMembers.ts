/** What a capture takes from the members' hosts: their logs where the stream passed over something, their configuration. */
import { fillFromMembers, type FilledTxn } from '../../src/adapters/capture/fillFromMembers';
import type { UnseenRange } from '../../src/adapters/tap';
import { redactSettings } from '../../src/codec/redact';
import type { ServerFacts } from '../../src/model/facts';
import type { ResolvedEnsemble, ResolvedServer } from '../../src/model/inventory';
import type { OperationContext } from '../../src/model/ports';
import { REPOSITORY_FORMAT, type ConfigurationDocument } from '../../src/model/repository';
import type { Dependencies } from '../dependencies';
import { observeEnsemble } from '../observe/observeEnsemble';
import { membersOf } from '../resolve';

/** Why a range was passed over may be that all of them were away: who serves is asked when it is to be filled. */
export async function* fillFrom(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  range: UnseenRange,
  signal: AbortSignal,
): AsyncGenerator<FilledTxn> {
  const context = quiet(signal);
  const facts = await observeEnsemble(dependencies, ensemble, { depth: 'quorum', context });
  const isVoter = ({ state, role }: ServerFacts) =>
    state === 'serving' && (role === 'leader' || role === 'follower');
  const serving = facts.servers
    .filter(isVoter)
    .sort((one, other) => Number(other.role === 'leader') - Number(one.role === 'leader'))
    .flatMap(({ server }) => withSsh(ensemble).filter(({ name }) => name === server));
  const { host } = dependencies;
  const heartbeat = () => undefined;
  yield* fillFromMembers({ host, serving, majority: facts.quorumSize, heartbeat }, range, signal);
}

/** Of the members that can be reached, without their passwords; undefined where none can. */
export async function configurationOf(
  { host, zookeeper }: Dependencies,
  ensemble: ResolvedEnsemble,
  signal: AbortSignal,
): Promise<ConfigurationDocument | undefined> {
  const versions: ConfigurationDocument['versions'] = {};
  const asked = withSsh(ensemble).map(async (server) => {
    const { version } = await zookeeper.probe(server, { signal });
    if (version !== undefined) versions[server.name] = version;
    const { zooCfg, javaEnv } = await host.readConfiguration(server, quiet(signal));
    return [zooCfg, ...(javaEnv === undefined ? [] : [javaEnv])].map((file) => ({
      server: server.name,
      ...file,
      text: redactSettings(file.text),
    }));
  });
  // A host that is away is no reason to keep nothing of the others.
  const files = (await Promise.allSettled(asked)).flatMap((one) =>
    one.status === 'fulfilled' ? one.value : [],
  );
  signal.throwIfAborted();
  return files.length === 0 ? undefined : { format: REPOSITORY_FORMAT, files, versions };
}

const withSsh = (ensemble: ResolvedEnsemble): ResolvedServer[] =>
  membersOf(ensemble).filter(({ ssh }) => ssh !== undefined);

const quiet = (signal: AbortSignal): OperationContext => ({ signal, heartbeat: () => undefined });
