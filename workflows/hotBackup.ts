/**
 * hotBackup: every committed transaction of an ensemble into a repository, milliseconds behind, until it is stopped.
 *
 *   1. open     resolve ensemble and repository; one hot backup for the two
 *   2. capture  an activity follows the leader; when its worker dies another one goes on within seconds
 *   3. base     beside it, a new base after `baseEveryMs`, or after `baseAfterBytes` of transactions
 *              where only whole trees can be had: one base, then nothing until the next is due
 *   4. stop     on request: what was captured is sealed, then the run ends
 *
 * It only reads from the ensemble, so it asks at no gate. What stands against it holds the run for a person.
 */
import { WORKFLOW_TYPES } from '../src/model/contract';
import { hotBackupInputSchema, type HotBackupRequest } from '../src/model/backupInputs';
import { beginBackup } from './backup/begin';
import { runBackup, type BackupReport } from './backup/run';
import type { BackupState } from './backup/state';

export async function hotBackup(
  request: HotBackupRequest,
  carry?: BackupState,
): Promise<BackupReport> {
  return runBackup(beginBackup(WORKFLOW_TYPES.backup, hotBackupInputSchema, request, carry));
}
