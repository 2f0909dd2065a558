/** Who holds an ensemble by its lock znode. Needs no Temporal. */
import { inspectLock, type ZnodeRoot } from '../src/adapters/zookeeper';
import { isZkferryError } from '../src/model/errors';
import type { EnsembleFacts } from '../src/model/facts';
import type { ResolvedEnsemble } from '../src/model/inventory';
import type { OperationContext } from '../src/model/ports';
import { joinFindings } from '../src/planning/findings';
import { lockFindings } from '../src/planning/lockFindings';
import { isServing } from '../src/planning/members';
import type { LockFacts } from '../src/planning/restore/restoreFindings';
import type { Dependencies } from './dependencies';
import { withSession } from './resolve';

export const znodePlace = (dependencies: Dependencies, ensemble: ResolvedEnsemble): ZnodeRoot => ({
  root: ensemble.znodeRoot,
  credential: dependencies.ownerCredential,
});

/** Which run, of whichever Temporal, is at work on an ensemble that serves. */
export async function whoHolds(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  { signal }: OperationContext,
): Promise<LockFacts> {
  const place = znodePlace(dependencies, ensemble);
  try {
    const [holder] = await withSession(dependencies, ensemble, { signal }, (session) =>
      inspectLock(session, place),
    );
    return { ...(holder && { holder }) };
  } catch (thrown) {
    if (signal.aborted) throw thrown;
    return { unknown: isZkferryError(thrown) ? thrown.message : String(thrown) };
  }
}

/** For who only looks: facts that say so, and warn of it. What can't be read is not said. */
export async function withHolder(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  facts: EnsembleFacts,
  context: OperationContext,
): Promise<EnsembleFacts> {
  if (!facts.servers.some(isServing)) return facts;
  const { holder } = await whoHolds(dependencies, ensemble, context);
  if (holder === undefined) return facts;
  const found = lockFindings({ ensemble: facts.ensemble, lock: holder }, 'warning');
  return { ...facts, lock: holder, warnings: joinFindings(facts.warnings, found) };
}
