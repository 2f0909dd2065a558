/**
 * `zkferry unlock ENSEMBLE --run RUNID`: breaks the lock a dead run left, once Temporal has said that this
 * run is closed. There is no way to force it: a lock broken under a living run could cost data.
 */
import type { Command } from 'commander';
import type { Temporal } from '../../adapters/temporal/connect';
import type { RunSummary } from '../../adapters/temporal/runSummary';
import type { LockHolder } from '../../adapters/zookeeper';
import { isZkferryError, ZkferryError } from '../../model/errors';
import { action, withCommonOptions, type Runner } from '../context';
import { withPorts } from '../ports';

export function registerUnlock(program: Command, runner: Runner): void {
  withCommonOptions(program.command('unlock <ensemble>'))
    .description('break the lock of a run that is proven closed')
    .requiredOption('--run <runId>', 'run id, as the refusal of the lock names it')
    .action(
      action<[string], { run: string }>(runner, (context, [name], { run }) =>
        withPorts(context, async (ports) => {
          const { breakLock, inspectLock, removeCanary } = await import('../../adapters/zookeeper');
          const { withSession } = await import('../../../activities/resolve');
          const ensemble = await ports.inventory.resolve(name);
          const place = { root: ensemble.znodeRoot, credential: ports.ownerCredential };
          return withSession(ports, ensemble, {}, async (session) => {
            const holders = await inspectLock(session, place);
            const holder = holderOf(holders, run, name);
            const closed = await context.withTemporal((temporal) => proveClosed(temporal, holder));
            if (holders.length === 1) await removeCanary(session, place);
            await breakLock(session, place, run);
            const status = closed.status.toLowerCase().replace(/_/g, ' ');
            return {
              text: `${name}: the lock of run ${run} is broken (${closed.workflowId}: ${status} ${closed.closedAt ?? ''})`,
              document: { ok: true, ensemble: name, lock: holder, run: closed },
            };
          });
        }),
      ),
    );
}

function holderOf(holders: readonly LockHolder[], run: string, ensemble: string): LockHolder {
  const holder = holders.find(({ runId }) => runId === run);
  if (holder) return holder;
  const known = holders.map(({ runId, workflowId }) => `${runId} (${workflowId ?? 'unnamed'})`);
  throw new ZkferryError(
    'Refused',
    `${ensemble} is not locked by run ${run}; ${known.length === 0 ? 'it is not locked at all' : `it is locked by ${known.join(', ')}`}`,
  );
}

/** @throws Refused while the run lives, or when this Temporal does not know it */
export async function proveClosed(
  temporal: Temporal,
  { workflowId, runId }: Pick<LockHolder, 'workflowId' | 'runId'>,
): Promise<RunSummary> {
  const { describeRun } = await import('../../adapters/temporal/describeRun');
  const { findRun } = await import('../../adapters/temporal/listRuns');
  let run: RunSummary | undefined;
  try {
    run =
      workflowId === undefined
        ? await findRun(temporal, runId)
        : await describeRun(temporal, workflowId, { runId });
    // A long run goes on under the same workflow id in a new history.
    if (run?.status === 'CONTINUED_AS_NEW') run = await describeRun(temporal, run.workflowId);
  } catch (error) {
    if (!isZkferryError(error) || error.type !== 'RunNotFound') throw error;
  }
  if (run === undefined)
    throw new ZkferryError(
      'Refused',
      `temporal at ${temporal.address}, namespace ${temporal.namespace}, does not know run ${runId}, so it can't be proven closed; ask the Temporal it ran on, with --address and --namespace`,
    );
  if (run.status === 'RUNNING')
    throw new ZkferryError(
      'Refused',
      `run ${runId} (${run.workflowId}) is still open: its lock stays; let it end, roll it back, or cancel it first`,
    );
  return run;
}
