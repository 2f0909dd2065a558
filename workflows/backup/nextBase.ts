/** When a run that takes whole bases takes the next one. Pure. */
import { keepsBasesOnly } from '../../src/model/backupInputs';
import type { BackupState } from './state';

/** Ms since 1970; in the past where it is due. */
export function nextBaseMs({
  baseAgainAt,
  lastBase,
  baseEveryMs,
  startedAt,
}: Pick<BackupState, 'baseAgainAt' | 'lastBase' | 'baseEveryMs' | 'startedAt'>): number {
  if (baseAgainAt !== undefined) return Date.parse(baseAgainAt);
  return lastBase === undefined
    ? Date.parse(startedAt)
    : Date.parse(lastBase.takenAt) + baseEveryMs;
}

/** Its source gives nothing else. */
export const takesWholeBases = ({ source }: Pick<BackupState, 'source'>): boolean =>
  source !== undefined && keepsBasesOnly(source);
