/** Controls that count only with the server's signature, where the worker says so. */
import { ActivityFailure, condition, isCancellation, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../activities/api';
import type { ApprovalRules, ControlClaims } from '../../src/model/approval';
import { TASK_QUEUE, type ControlName } from '../../src/model/contract';
import { describeFailure } from './failure';

/** A proof that was used, and when it ends by itself, in seconds. */
export interface SpentProof {
  jti: string;
  exp: number;
}

/** What signing needs to know of a run. */
export interface Signed {
  opened?: { ensemble: string; approvals?: ApprovalRules; pending?: true };
  spentProofs?: SpentProof[];
}

/** To stop before the next step harms nothing, and must be possible for whoever sees something go wrong. */
const FREE: readonly ControlName[] = ['pause'];
const MAX_SPENT = 1_000;

const { verifyControl } = proxyActivities<Activities>({
  taskQueue: TASK_QUEUE,
  startToCloseTimeout: 20_000,
  scheduleToCloseTimeout: 120_000,
  summary: 'who stands behind this?',
});

export const asksForProof = ({ opened }: Signed, control: ControlName): boolean =>
  opened?.approvals?.mode === 'signed' && !FREE.includes(control);

/** Until a run is opened it does not know whether it asks for proofs. */
export const isOpened = ({ opened }: Signed): boolean =>
  opened !== undefined && opened.pending !== true;

export const untilOpened = (run: Signed): Promise<void> => condition(() => isOpened(run));

/** Who stands behind a control, or why it does not count. */
export async function whoStandsBehind(
  run: Signed,
  action: ControlName,
  { proof, ...input }: { proof?: string },
): Promise<{ claims: ControlClaims } | { refusal: string }> {
  if (proof === undefined)
    return {
      refusal: `this worker counts ${action} only with a signature of zkferry server: ask there (its console, its API, or this command with ZKFERRY_SERVER and ZKFERRY_TOKEN)`,
    };
  let claims: ControlClaims;
  try {
    claims = await verifyControl({ action, ensemble: run.opened!.ensemble, input, proof });
  } catch (error) {
    if (isCancellation(error)) throw error;
    const cause = error instanceof ActivityFailure ? error.cause : error;
    return { refusal: describeFailure(cause).message };
  }
  const nowSeconds = Date.now() / 1_000;
  const spent = (run.spentProofs ?? []).filter(({ exp }) => exp >= nowSeconds);
  if (spent.some(({ jti }) => jti === claims.jti))
    return { refusal: 'this signature was used before: each counts once' };
  if (spent.length >= MAX_SPENT)
    return { refusal: `more than ${MAX_SPENT} controls within their signatures' time; wait` };
  run.spentProofs = [...spent, { jti: claims.jti, exp: claims.exp }];
  return { claims };
}
