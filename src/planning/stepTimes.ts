/** Most a single attempt of a step may take, and how long steps take as a rule. */
import type { RollingUpgradeInput } from '../model/inputs';
import { BACKUP_BYTES_PER_SECOND } from './measured';

const MINUTE_MS = 60_000;

/** The waiting times of an input that plans depend on. */
export type Waits = Pick<RollingUpgradeInput, 'soakMs' | 'settleTimeoutMs' | 'drainMs'>;

/** A drain hook has its own deadline in the inventory, at most an hour. */
const HOOK_ROOM_MS = 5 * MINUTE_MS;

export const stepTimeoutMs = {
  stage: (versions: number): number => 10 * MINUTE_MS * Math.max(1, versions),
  configuration: 2 * MINUTE_MS,
  backupData: (bytes: number): number =>
    10 * MINUTE_MS + Math.ceil((4 * bytes * 1_000) / BACKUP_BYTES_PER_SECOND),
  /** All that the repository holds of the ensemble is read: how much that is, no plan knows. */
  backupIntoRepository: 6 * 60 * MINUTE_MS,
  drain: ({ drainMs }: Waits): number => drainMs + HOOK_ROOM_MS,
  stop: 2 * MINUTE_MS,
  install: 10 * MINUTE_MS,
  start: 2 * MINUTE_MS,
  verify: ({ settleTimeoutMs }: Waits): number => settleTimeoutMs + 2 * MINUTE_MS,
  /** A setback within the soak begins it anew, after the server has settled again. */
  soak: ({ soakMs, settleTimeoutMs }: Waits): number =>
    3 * soakMs + 2 * settleTimeoutMs + 2 * MINUTE_MS,
  agree: ({ settleTimeoutMs }: Waits): number => settleTimeoutMs + 2 * MINUTE_MS,
} as const;
