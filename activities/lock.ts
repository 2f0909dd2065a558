/** Taking, checking and giving back the lock znode of an ensemble; finding out who else holds it. */
import { Context } from '@temporalio/activity';
import {
  acquireLock,
  breakLocksUpTo,
  inspectLock,
  releaseLock,
  removeCanary,
  removeFence,
  verifyLock,
} from '../src/adapters/zookeeper';
import { isZkferryError, ZkferryError } from '../src/model/errors';
import type { EnsembleFacts, HolderFacts } from '../src/model/facts';
import type { ResolvedEnsemble } from '../src/model/inventory';
import type { OperationContext } from '../src/model/ports';
import { lockFindings } from '../src/planning/lockFindings';
import { isServing } from '../src/planning/members';
import type { LockFacts } from '../src/planning/restore/restoreFindings';
import type { RunActivities, RunIdentity } from './api';
import type { Dependencies } from './dependencies';
import { operation } from './operation';
import { withSession, resolveTarget } from './resolve';
import { whoHolds, znodePlace } from './whoHolds';

export function lockActivities(
  dependencies: Dependencies,
): Pick<RunActivities, 'findHolder' | 'checkUnlocked' | 'acquireLock' | 'releaseLock'> {
  return {
    findHolder: ({ holdId }) =>
      operation(async () => {
        const { client } = Context.current();
        const { raw } = await client.workflow.getHandle(holdId).describe();
        return raw.workflowExecutionInfo?.parentExecution?.workflowId ?? undefined;
      }),

    checkUnlocked: (args) =>
      operation(async (context) => {
        const ensemble = await resolveTarget(dependencies, args);
        const { holder } = await othersLock(dependencies, ensemble, args.run, context);
        const [found] = lockFindings({ ensemble: ensemble.name, lock: holder });
        if (found !== undefined)
          throw new ZkferryError('EnsembleLocked', `${found.message}; ${found.hint}`, {
            details: { ...holder },
          });
      }),

    acquireLock: (args) =>
      operation(async ({ signal }) => {
        const ensemble = await resolveTarget(dependencies, args);
        const place = znodePlace(dependencies, ensemble);
        return withSession(dependencies, ensemble, { signal }, async (session) => {
          try {
            return await acquireLock(session, place, {
              ...args.run,
              since: new Date().toISOString(),
            });
          } catch (error) {
            if (!isZkferryError(error) || error.type !== 'ZooKeeperAuthFailed') throw error;
            throw closedToUs(ensemble, error);
          }
        });
      }),

    releaseLock: (args) =>
      operation(async ({ signal }) => {
        const ensemble = await resolveTarget(dependencies, args);
        await withSession(dependencies, ensemble, { signal }, async (session) => {
          const place = znodePlace(dependencies, ensemble);
          await removeFence(session, place);
          await removeCanary(session, place);
          await releaseLock(session, place, args.run.runId);
        });
      }),
  };
}

/** Facts that say which run but `run` holds the ensemble. What can't be read is not said: whoever takes the lock learns it. */
export async function withLock(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  facts: EnsembleFacts,
  run: RunIdentity | undefined,
  context: OperationContext,
): Promise<EnsembleFacts> {
  if (!facts.servers.some(isServing)) return facts;
  const { holder } = await othersLock(dependencies, ensemble, run, context);
  return holder === undefined ? facts : { ...facts, lock: holder };
}

/** Which run but `run`, of whichever Temporal, holds an ensemble that serves. */
export async function othersLock(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  run: RunIdentity | undefined,
  context: OperationContext,
): Promise<LockFacts> {
  const { holder, ...rest } = await whoHolds(dependencies, ensemble, context);
  if (holder === undefined) return rest;
  if (holder.runId === run?.runId) return {};
  const open = await isOpen(holder, context);
  return { holder: { ...holder, ...(open !== undefined && { open }) } };
}

/** Undefined where Temporal does not know that run, or does not say. */
async function isOpen(
  { workflowId, runId }: HolderFacts,
  { signal }: OperationContext,
): Promise<boolean | undefined> {
  if (workflowId === undefined) return undefined;
  try {
    const { workflow } = Context.current().client;
    const { status } = await workflow.getHandle(workflowId, runId).describe();
    // A long run goes on under the same workflow id in a new history.
    const last =
      status.name === 'CONTINUED_AS_NEW'
        ? (await workflow.getHandle(workflowId).describe()).status
        : status;
    return last.name === 'RUNNING';
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

/** Takes away the locks that a restore to `zxid` has brought back, and says so; '' where there are none. */
export async function breakPastLocks(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  zxid: string,
  { signal }: OperationContext,
): Promise<string> {
  const place = znodePlace(dependencies, ensemble);
  try {
    return await withSession(dependencies, ensemble, { signal }, async (session) => {
      const runs = await breakLocksUpTo(session, place, zxid);
      if (runs.length === 0) return '';
      if ((await inspectLock(session, place)).length === 0) {
        await removeFence(session, place);
        await removeCanary(session, place);
      }
      return `; the lock of then is taken away, of run ${runs.join(', ')}`;
    });
  } catch (thrown) {
    if (signal.aborted || (isZkferryError(thrown) && thrown.retryable)) throw thrown;
    const why = isZkferryError(thrown) ? thrown.message : String(thrown);
    return `; whether a lock of then is left could not be told: ${why}`;
  }
}

/** Whose it is can't be told: the ACL of a foreign root shows nothing to us, since 3.8.4 not even its age. */
const closedToUs = ({ name, znodeRoot }: ResolvedEnsemble, cause: ZkferryError): ZkferryError =>
  new ZkferryError(
    'EnsembleLocked',
    `${znodeRoot} of ensemble ${name} belongs to another owner than this worker: a run whose workers have another secret holds the ensemble, or left it behind. Let it end; give workers that share ensembles the same ZKFERRY_SECRET_FILE, or this ensemble another znodeRoot in the inventory`,
    { cause },
  );

/** @throws EnsembleLocked when the lock this run took is gone or another's: it must not act any more. */
export async function requireLock(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  run: RunIdentity,
  generation: string,
  { signal }: OperationContext,
): Promise<void> {
  const { held, reason } = await withSession(dependencies, ensemble, { signal }, (session) =>
    verifyLock(session, znodePlace(dependencies, ensemble), { runId: run.runId, generation }),
  );
  if (!held)
    throw new ZkferryError(
      'EnsembleLocked',
      `this run no longer holds ensemble ${ensemble.name}: ${reason}; find out who broke the lock before anything else is done`,
    );
}
