/** The life of a hot backup's run. */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  continueAsNew,
  isCancellation,
  proxyActivities,
  workflowInfo,
} from '@temporalio/workflow';
import type { Activities } from '../../activities/api';
import { WORKFLOW_TYPES } from '../../src/model/contract';
import { READ_FROM, RPO } from '../../src/planning/backup/rpo';
import { showAttributes } from '../run/attributes';
import { cancelWhen } from '../run/cancelWhen';
import { takeHold } from '../run/hold';
import { describeFailure } from '../run/failure';
import { activitiesOf, BASE_AGAIN_MS, BASE_MS } from './activities';
import { addProgress, hold } from './hold';
import { note, type BackupState } from './state';
import { takesWholeBases } from './nextBase';
import { showBackup } from './status';
import { nextWholeBase } from './wholeBases';

/** One activity captures so long at most: then what it did is in the history. */
const STRETCH_MS = 12 * 3_600_000;
const SLACK_MS = 120_000;
const OPEN_MS = 60_000;

export interface BackupReport {
  outcome: 'completed';
  txns: number;
  plainBytes: number;
  bases: number;
  durableUpTo?: string;
}

export async function runBackup(state: BackupState): Promise<BackupReport> {
  try {
    await open(state);
    await chooseSource(state);
    await captureUntilStopped(state);
    state.state = 'completed';
    note(
      state,
      takesWholeBases(state)
        ? `stopped: ${state.bases} bases taken`
        : `stopped: ${state.txns} transactions captured, all sealed`,
    );
  } catch (error) {
    if (!isCancellation(error) && isContinueAsNew(error)) throw error;
    state.state = 'failed';
    if (isCancellation(error)) state.closed = 'cancelled';
    state.error = isCancellation(error)
      ? { type: 'Cancelled', message: 'the workflow was cancelled; what was captured is sealed' }
      : describeFailure(error);
    throw error;
  } finally {
    showBackup(state);
  }
  await condition(allHandlersFinished);
  const { txns, plainBytes, bases, progress } = state;
  return {
    ...{ outcome: 'completed', txns, plainBytes, bases },
    ...(progress?.durableUpTo !== undefined && { durableUpTo: progress.durableUpTo }),
  };
}

const isContinueAsNew = (error: unknown): boolean =>
  error instanceof Error && error.name === 'ContinueAsNew';

async function open(state: BackupState): Promise<void> {
  const { ensemble, repository } = state.input;
  const opener = proxyActivities<Activities>({
    startToCloseTimeout: OPEN_MS,
    retry: { maximumAttempts: 5 },
    summary: 'read the inventory, open the repository',
  });
  state.opened = await opener.openBackup({ ensemble, repository });
  showAttributes(state.opened, WORKFLOW_TYPES.backup, 'capture');
  const { repository: id, site, nameInIds = ensemble } = state.opened;
  await takeHold(
    { ensemble: `${ensemble} for backups into ${repository}`, ...(site && { site }) },
    `backup-${id}-${nameInIds}`,
    state.workflowId,
  );
}

/** Once a run: what is out of reach then may be in reach later, but one run reads in one way. */
async function chooseSource(state: BackupState): Promise<void> {
  if (state.source !== undefined) return;
  const { ensemble, repository, source } = state.input;
  const chosen = await activitiesOf(
    state,
    OPEN_MS,
    'see by what the ensemble can be read',
  ).chooseSource({ ensemble, repository, source });
  state.source = chosen.source;
  note(
    state,
    `read from ${READ_FROM[chosen.source]}${chosen.why === undefined ? '' : ` (${chosen.why})`}; lost with the ensemble would be ${RPO[chosen.source]}`,
  );
}

async function captureUntilStopped(state: BackupState): Promise<void> {
  for (;;) {
    if (state.paused) await whilePaused(state);
    if (state.stopRequested) return;
    await (takesWholeBases(state) ? nextWholeBase(state) : stretch(state));
    if (!workflowInfo().continueAsNewSuggested) continue;
    await condition(allHandlersFinished);
    await continueAsNew<(request: unknown, carry: BackupState) => Promise<BackupReport>>(
      state.input,
      state,
    );
  }
}

async function whilePaused(state: BackupState): Promise<void> {
  state.headline = state.paused?.held
    ? `held: ${state.error?.message ?? 'a person must decide'}`
    : 'paused: nothing is captured';
  showBackup(state);
  await condition(() => state.paused === undefined || state.stopRequested !== undefined);
  // Of a run that takes whole bases: what was written meanwhile is in none, so one is taken now.
  state.baseAgainAt = new Date().toISOString();
}

/** One activity that captures, and bases beside it. */
async function stretch(state: BackupState): Promise<void> {
  const { ensemble, repository, segmentMs, acceptForeign, baseAfterBytes } = state.input;
  const { baseBytesPerSecond } = state;
  state.headline = `capturing ${ensemble} into ${state.opened?.shown}`;
  showBackup(state);
  const scope = new CancellationScope();
  const wanted = () => state.paused !== undefined || state.stopRequested !== undefined;
  const capturing = scope.run(() =>
    activitiesOf(state, STRETCH_MS + SLACK_MS, 'capture what is committed').captureTransactions({
      ...{ ensemble, repository, segmentMs, acceptForeign, source: state.source },
      ...(baseBytesPerSecond !== undefined && { baseBytesPerSecond }),
      owner: `${state.workflowId} ${state.runId}`,
      durationMs: STRETCH_MS,
      endAfterBytes: Math.max(1, baseAfterBytes - (state.plainBytes - state.bytesAtBase)),
    }),
  );
  const bases = new CancellationScope();
  const basing = bases
    .run(() => basesUntil(state))
    .catch((error: unknown) => {
      if (!isCancellation(error)) throw error;
    });
  const endWatch = cancelWhen(scope, wanted);
  try {
    const { progress } = await capturing;
    addProgress(state, progress);
    note(
      state,
      `captured ${progress.txns ?? 0} transactions, up to ${progress.durableUpTo ?? 'nothing yet'}`,
    );
  } catch (error) {
    if (isCancellation(error) && !wanted()) throw error;
    if (!isCancellation(error)) hold(state, error);
  } finally {
    bases.cancel();
    await endWatch();
    await basing;
  }
}

/** Until it is cancelled. The first base is the capture's own. */
async function basesUntil(state: BackupState): Promise<never> {
  let againAt = 0;
  for (;;) {
    const dueAt = Math.max(
      againAt,
      Date.parse(state.lastBase?.takenAt ?? state.startedAt) + state.baseEveryMs,
    );
    const isDue = () => Date.now() >= dueAt || (Date.now() >= againAt && isLarge(state));
    if (isDue()) {
      againAt = (await takeBase(state)) ? 0 : Date.now() + BASE_AGAIN_MS;
      continue;
    }
    const every = state.baseEveryMs;
    await condition(
      () => state.baseEveryMs !== every,
      Math.max(1, (isLarge(state) ? againAt : dueAt) - Date.now()),
    );
  }
}

const isLarge = (state: BackupState): boolean =>
  state.plainBytes - state.bytesAtBase >= state.input.baseAfterBytes;

async function takeBase(state: BackupState): Promise<boolean> {
  const { ensemble, repository } = state.input;
  const { baseBytesPerSecond } = state;
  try {
    state.lastBase = await activitiesOf(state, BASE_MS, 'take a base').takeBase({
      ensemble,
      repository,
      source: state.source!,
      ...(baseBytesPerSecond !== undefined && { baseBytesPerSecond }),
    });
    state.bases += 1;
    state.bytesAtBase = state.plainBytes;
    note(state, `base taken, usable from ${state.lastBase.usableFrom}`);
    return true;
  } catch (error) {
    if (isCancellation(error)) throw error;
    note(state, `no base now, tried again in a minute: ${describeFailure(error).message}`);
    return false;
  } finally {
    showBackup(state);
  }
}
