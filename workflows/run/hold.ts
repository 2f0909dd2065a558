/**
 * One run per ensemble: a child workflow whose id is the ensemble's own identity. Temporal lets only one
 * of that id run, and closes it with its parent, however the parent ends.
 */
import {
  ApplicationFailure,
  condition,
  ParentClosePolicy,
  sleep,
  startChild,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import { runActivities } from './activityProxy';
import { summaryOf } from './summary';

const ATTEMPTS = 6;
const BETWEEN_MS = 1_000;
const FIND_TIMEOUT_MS = 10_000;

/** Body of the child: stays until it is closed with its parent. */
export async function holdEnsemble(_input: { ensemble: string; heldBy: string }): Promise<void> {
  await condition(() => false);
}

/** All of what is held is in it: what is cut off is one with others that begin alike. */
export const holdId = (identity: string): string => `zkferry-hold-${identity}`;

/**
 * Takes the ensemble for this run.
 * @throws EnsembleHeld when another run has it; asked for a few seconds, since a hold closes a moment after its parent
 */
export async function takeHold(
  { ensemble, site }: { ensemble: string; site?: string },
  identity: string,
  heldBy: string,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await startChild(holdEnsemble, {
        workflowId: holdId(identity),
        args: [{ ensemble, heldBy }],
        parentClosePolicy: ParentClosePolicy.TERMINATE,
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
        staticSummary: summaryOf(`held by ${heldBy}`),
      });
      return;
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      if (attempt === ATTEMPTS)
        throw ApplicationFailure.nonRetryable(
          `another run holds ensemble ${ensemble}: ${await holderOf(identity, site)}; wait until it has ended, or end it first`,
          'EnsembleHeld',
        );
      await sleep(BETWEEN_MS);
    }
  }
}

async function holderOf(identity: string, site: string | undefined): Promise<string> {
  const id = holdId(identity);
  const found = await runActivities(site, FIND_TIMEOUT_MS, 'find out who holds the ensemble')
    .findHolder({ holdId: id })
    .catch(() => undefined);
  return found === undefined
    ? `see the parent of workflow ${id} in the Temporal UI`
    : `workflow ${found}`;
}
