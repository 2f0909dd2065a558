/** The backup before a run touches anything, where the ensemble has a repository. */
import { join } from 'node:path';
import { readBack } from '../../src/adapters/restore/readBack';
import type { OperationContext } from '../../src/model/ports';
import { backUpNow, GIVE_UP_AFTER_MS } from '../backup/backUpNow';
import { captureSource } from '../backup/captureSource';
import type { StepArgs, StepResult } from '../api';
import { backupOf, type Dependencies } from '../dependencies';
import { resolveTarget } from '../resolve';

/** A base with its log, and the proof that it restores; another attempt takes another base. */
export async function backupIntoRepository(
  dependencies: Dependencies,
  args: StepArgs,
  name: string,
  context: OperationContext,
): Promise<StepResult> {
  const target = await resolveTarget(dependencies, args);
  const source = await captureSource(
    dependencies,
    { ensemble: args.ensemble, repository: name },
    { giveUpAfterMs: GIVE_UP_AFTER_MS },
  );
  const { repository, ensemble } = source;
  const owner = `${args.run.workflowId} ${args.run.runId}, ${args.step.id}`;
  const { timeline, zxid, by } = await backUpNow(dependencies, target, source, owner, context);
  const read = await readBack(repository, ensemble, {
    ...{ timeline, zxid, signal: context.signal },
    directory: join(backupOf(dependencies).spoolDirectory, 'proof'),
    onProgress: (progress) => context.heartbeat(progress),
  });
  return {
    detail: [
      by === 'captureUnderWay'
        ? `a base beside the capture that goes on`
        : `a base and its log, captured for it`,
      `: repository ${name} (${repository.store.shown}) restores timeline ${timeline} to ${zxid}`,
      `, ${read.nodes} znodes; all ${read.objects} objects of ${ensemble} there were read (${read.bytes} bytes), ${read.digestsMatched} digests of transactions matched`,
      read.elsewhere.length === 0
        ? ''
        : `; damaged, and not needed for this: ${read.elsewhere.length}, the first ${read.elsewhere[0]!.slice(0, 300)}`,
    ].join(''),
    backup: { repository: name, timeline, ...{ zxid, nodes: read.nodes, bytes: read.bytes } },
  };
}
