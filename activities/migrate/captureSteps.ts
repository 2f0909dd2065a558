/** Waits until a repository is right behind an ensemble that is captured into it. */
import { chooseFrom } from '../../src/adapters/restore/fromRepository';
import { isZkferryError, ZkferryError } from '../../src/model/errors';
import type { OperationContext } from '../../src/model/ports';
import { zxidText, zxidValue } from '../../src/model/zxid';
import type { StepActivities, StepArgs } from '../api';
import { backupOf, type Dependencies } from '../dependencies';
import { observeEnsemble } from '../observe/observeEnsemble';
import { operation, waitFor } from '../operation';
import { resolveTarget } from '../resolve';
import { repositoryOf } from './sides';

const LOOK_EVERY_MS = 1_000;
const REPORT_MS = 60_000;

export function captureSteps(dependencies: Dependencies): Pick<StepActivities, 'awaitCapture'> {
  return {
    awaitCapture: (args) =>
      operation(async (context) => {
        const wanted = await committedNow(dependencies, args, context);
        const name = await repositoryOf(dependencies, args);
        const reached = await waitFor<string>(
          `the repository ${name} holds what is committed up to ${zxidText(wanted)}`,
          {
            timeoutMs: args.step.timeoutMs - REPORT_MS,
            everyMs: LOOK_EVERY_MS,
            context,
          },
          async () => {
            const newest = await newestIn(dependencies, args, name, context);
            context.heartbeat({ repository: newest, of: zxidText(wanted) });
            return newest !== undefined && zxidValue(newest) >= wanted
              ? { value: newest }
              : { reasons: [`it holds ${newest ?? 'nothing that can be restored yet'}`] };
          },
        );
        return { detail: `restorable up to ${reached}, ${zxidText(wanted)} was asked for` };
      }),
  };
}

async function committedNow(
  dependencies: Dependencies,
  args: StepArgs,
  context: OperationContext,
): Promise<bigint> {
  const ensemble = await resolveTarget(dependencies, args);
  const { servers } = await observeEnsemble(dependencies, ensemble, { depth: 'quorum', context });
  const zxids = servers.flatMap(({ zxid }) => (zxid === undefined ? [] : [zxidValue(zxid)]));
  const [highest] = zxids.sort((a, b) => (a < b ? 1 : -1));
  if (highest !== undefined) return highest;
  throw new ZkferryError('ZooKeeperUnavailable', `no server of ${ensemble.name} serves`, {
    retryable: true,
  });
}

/** The newest moment that can be restored; undefined where none can be yet. */
async function newestIn(
  dependencies: Dependencies,
  args: StepArgs,
  name: string,
  { signal }: OperationContext,
): Promise<string | undefined> {
  const ensemble = await resolveTarget(dependencies, args);
  const repository = await backupOf(dependencies).openRepository(name);
  try {
    const contents = await repository.contents(ensemble.name, signal);
    return (await chooseFrom(repository, contents, { kind: 'latest' }, {}, signal)).zxid;
  } catch (error) {
    // Until the capture has stored something there is nothing of this name.
    if (isZkferryError(error) && ['NotRestorable', 'ObjectMissing'].includes(error.type))
      return undefined;
    throw error;
  }
}
