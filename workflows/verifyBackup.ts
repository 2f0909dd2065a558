/**
 * verifyBackup: a drill. Every object of an ensemble's backup is read; a moment of it is restored on a host of the
 * ensemble, served there by a scratch server, and compared node by node; the outcome is recorded in the repository.
 *
 *   1. open   resolve the names
 *   2. hold   one drill an ensemble and repository, and the ensemble's lock: no other run works on its hosts meanwhile
 *   3. prove  one activity
 *   4. close  give the lock back
 */
import { ApplicationFailure, CancellationScope, workflowInfo } from '@temporalio/workflow';
import { verifyBackupInputSchema, type VerifyBackupRequest } from '../src/model/backupInputs';
import { WORKFLOW_TYPES } from '../src/model/contract';
import type { DrillDocument } from '../src/model/repository';
import { registerDrillControls, type DrillState } from './backup/drillControls';
import { runActivities } from './run/activityProxy';
import { showAttributes } from './run/attributes';
import { addEvent } from './run/events';
import { takeHold } from './run/hold';
import { parseInput } from './run/input';
import { describeFailure } from './run/failure';

const OPEN_MS = 60_000;
const LOCK_MS = 120_000;
const DRILL_MS = 12 * 3_600_000;

export async function verifyBackup(request: VerifyBackupRequest): Promise<DrillDocument> {
  const info = workflowInfo();
  const input = parseInput(WORKFLOW_TYPES.verify, verifyBackupInputSchema, request);
  const state: DrillState = {
    input,
    state: 'running',
    headline: 'begins',
    startedAt: new Date().toISOString(),
    events: [],
  };
  const show = registerDrillControls(state);
  const say = (text: string): void => {
    state.headline = text;
    addEvent(state.events, text);
    show();
  };
  const run = {
    workflowId: info.workflowId,
    runId: info.firstExecutionRunId,
    strategy: WORKFLOW_TYPES.verify,
  };
  try {
    const opened = await runActivities(undefined, OPEN_MS, 'read the inventory').openBackup({
      ensemble: input.ensemble,
      repository: input.repository,
    });
    showAttributes(opened, WORKFLOW_TYPES.verify, 'verify');
    const { repository: id, nameInIds = input.ensemble } = opened;
    await takeHold(opened, `drill-${id}-${nameInIds}`, info.workflowId);
    const target = { ensemble: input.ensemble };
    const { generation } = await runActivities(
      opened.site,
      LOCK_MS,
      'take the lock znode',
    ).acquireLock({ ...target, run });
    try {
      say(`restoring the backup of ${input.ensemble} in ${opened.shown} on one of its hosts`);
      const drill = await runActivities(
        opened.site,
        DRILL_MS,
        'read, restore, serve, compare',
      ).proveBackup({ input, generation });
      state.drill = drill;
      state.state = drill.ok ? 'completed' : 'failed';
      say(drill.ok ? `restored ${drill.zxid}` : `NOT restored: ${drill.findings.join('; ')}`);
    } finally {
      await CancellationScope.nonCancellable(() =>
        runActivities(opened.site, LOCK_MS, 'take away the lock').releaseLock({ ...target, run }),
      );
    }
  } catch (error) {
    state.state = 'failed';
    state.error = describeFailure(error);
    say(`failed: ${state.error.message}`);
    throw error;
  }
  if (!state.drill.ok)
    throw ApplicationFailure.nonRetryable(
      `the backup of ${input.ensemble} does not restore:\n${state.drill.findings.join('\n')}`,
      'BackupInvalid',
      state.drill,
    );
  return state.drill;
}
