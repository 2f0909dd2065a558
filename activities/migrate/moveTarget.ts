/** Whether a target can take over a source's data; reads only. */
import { chooseFrom } from '../../src/adapters/restore/fromRepository';
import { isZkferryError } from '../../src/model/errors';
import type { EnsembleFacts, Finding, ServerFacts } from '../../src/model/facts';
import type { ResolvedEnsemble } from '../../src/model/inventory';
import type { CheckedMoveTarget, CheckMoveTargetArgs } from '../../src/model/physicalMove';
import type { OperationContext } from '../../src/model/ports';
import { error, joinFindings } from '../../src/planning/findings';
import { targetFindings } from '../../src/planning/move/targetFindings';
import { backupOf, type Dependencies } from '../dependencies';
import { observeEnsemble } from '../observe/observeEnsemble';
import { serverOf } from '../resolve';

const TREE_DEADLINE_MS = 60_000;

export async function checkTarget(
  dependencies: Dependencies,
  { source: from, target: to, repository }: CheckMoveTargetArgs,
  context: OperationContext,
): Promise<CheckedMoveTarget> {
  const { inventory } = dependencies;
  const [source, target] = await Promise.all([inventory.resolve(from), inventory.resolve(to)]);
  const look = (ensemble: ResolvedEnsemble, treeDeadlineMs?: number) =>
    observeEnsemble(dependencies, ensemble, {
      ...{ depth: 'full', context },
      ...(treeDeadlineMs !== undefined && { treeDeadlineMs }),
    });
  const [seen, facing, stored] = await Promise.all([
    look(source, TREE_DEADLINE_MS),
    look(target).then((facts) => withFlags(dependencies, target, facts, context)),
    storedBytes(dependencies, source, repository, context),
  ]);
  const { findings, ...captured } = stored;
  const own = targetFindings({ source: seen, target: facing, ...captured });
  return { findings: joinFindings(own, findings) };
}

/** A server that does not run has the flags that its environment file would give it. */
export async function withFlags(
  { host }: Dependencies,
  target: ResolvedEnsemble,
  facts: EnsembleFacts,
  context: OperationContext,
): Promise<EnsembleFacts> {
  const servers = facts.servers.map(async (server): Promise<ServerFacts> => {
    if (server.host?.config === undefined || server.host.jvmFlags !== undefined) return server;
    const { javaEnv } = await host.readConfiguration(serverOf(target, server.server), context);
    const jvmFlags = javaEnv?.text.match(/-[DX][^\s"']+/g) ?? [];
    return { ...server, host: { ...server.host, jvmFlags } };
  });
  return { ...facts, servers: await Promise.all(servers) };
}

/** Of the newest moment captured so far: what will be shipped is about as much. */
async function storedBytes(
  dependencies: Dependencies,
  source: ResolvedEnsemble,
  name: string,
  { signal }: OperationContext,
): Promise<{ plainBytes: number; notCaptured?: string; findings: Finding[] }> {
  const repository = await backupOf(dependencies).openRepository(name);
  const findings = repository.readable
    ? []
    : [
        error('NotDecrypted', `${repository.store.shown} is encrypted, and no identity is known`, {
          hint: 'a move reads what it captured: name identity in the inventory',
        }),
      ];
  try {
    const contents = await repository.contents(source.name, signal);
    const { base, objects } = await chooseFrom(
      ...([repository, contents, { kind: 'latest' }, { acceptOlder: true }, signal] as const),
    );
    const logBytes = objects.reduce((sum, one) => sum + one.plainBytes, 0);
    return { plainBytes: base.snapshot.plainBytes + logBytes, findings };
  } catch (failure) {
    signal.throwIfAborted();
    if (!isZkferryError(failure) || failure.retryable) throw failure;
    return { plainBytes: 0, notCaptured: failure.message, findings };
  }
}
