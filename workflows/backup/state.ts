/** Everything a hot backup's run knows. Plain JSON: a long run carries it into a new history. */
import type { BaseResult, CaptureProgressReport, OpenBackupResult } from '../../activities/api';
import type { CaptureSourceName, HotBackupInput } from '../../src/model/backupInputs';
import type { StatusEvent } from '../../src/model/status';
import { addEvent } from '../run/events';
import type { SpentProof } from '../run/signing';

export interface BackupState {
  input: HotBackupInput;
  workflowId: string;
  runId: string;
  opened?: OpenBackupResult;
  /** Proofs that were used, by their id, until they expire by themselves. */
  spentProofs?: SpentProof[];
  state: 'running' | 'completed' | 'failed';
  headline: string;
  startedAt: string;
  /** `held`: something stands against it, and a person must decide. */
  paused?: { since: string; by?: string; comment?: string; held?: boolean };
  stopRequested?: { by?: string; comment?: string };
  /** How this run reads what is committed; chosen when it begins. */
  source?: CaptureSourceName;
  baseEveryMs: number;
  /** Holds from the next base on. */
  baseBytesPerSecond?: number;
  /** Of a run that takes whole bases: when it takes one although the last one says otherwise. */
  baseAgainAt?: string;
  /** Why there is no new base. */
  trouble?: string;
  /** What the last activity that captured said at its end. */
  progress?: CaptureProgressReport;
  /** Captured by activities that have ended. */
  txns: number;
  plainBytes: number;
  bases: number;
  lastBase?: BaseResult;
  /** Captured when the newest base was taken. */
  bytesAtBase: number;
  error?: { type: string; message: string };
  /** Cancelled in Temporal. */
  closed?: 'cancelled';
  events: StatusEvent[];
}

export const now = (): string => new Date().toISOString();

export function note(state: BackupState, text: string): void {
  state.headline = text;
  addEvent(state.events, text);
}
