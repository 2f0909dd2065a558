/** The stable names: what other systems, saved scripts and recorded histories rely on. Only ever add. */

export const TASK_QUEUE = 'zkferry';

/** The task queue of an ensemble's activities: its site's own, or the common one. */
export function taskQueueOf(site: string | undefined): string {
  return site === undefined ? TASK_QUEUE : `${TASK_QUEUE}.${site}`;
}

/** Short strategy name (used by the command) → workflow type. */
export const WORKFLOW_TYPES = {
  upgrade: 'rollingUpgrade',
  resize: 'resizeEnsemble',
  migrate: 'migrateDataCenter',
  backup: 'hotBackup',
  restore: 'restoreBackup',
  verify: 'verifyBackup',
} as const;
/** One base, for schedules: no strategy, it asks nothing and has no way back. */
export const BASE_WORKFLOW = 'takeBase';

export type StrategyName = keyof typeof WORKFLOW_TYPES;
export type WorkflowType = (typeof WORKFLOW_TYPES)[StrategyName];

/** Each is both a signal and an update on every strategy. */
export const CONTROL_NAMES = [
  'pause',
  'resume',
  'rollback',
  'approve',
  'reject',
  'tune',
  'stop',
] as const;
export type ControlName = (typeof CONTROL_NAMES)[number];

/** Memo of a run that the server has started: what it signed, of whoever asked. */
export const ORIGIN_MEMO = 'zkferryOrigin';

export const STATUS_QUERY = 'status';

/** What goes on telling webhooks where a run has ended, and what it is asked. */
export const TELL_WORKFLOW = 'tellWebhooks';
export const DELIVERIES_QUERY = 'deliveries';

/** Registered on the Temporal namespace as Keyword attributes by the worker at its start. */
export const SEARCH_ATTRIBUTES = {
  ensemble: 'ZkferryEnsemble',
  strategy: 'ZkferryStrategy',
  phase: 'ZkferryPhase',
} as const;

/** Gates of a rolling upgrade, in the order a run meets them (`beforeLeader` once a hop). */
export const UPGRADE_GATES = ['start', 'beforeLeader', 'finalize'] as const;

/** Gates of a resize: `beforeRemove` before the first member leaves, `beforeWipe` before the first data goes. */
export const RESIZE_GATES = ['start', 'beforeLeader', 'beforeRemove', 'beforeWipe'] as const;

/** Gates of a restore: `keepSessions` before sessions of the past are let resume. */
export const RESTORE_GATES = ['start', 'keepSessions'] as const;

/**
 * Gates of a migration: `nextBatch` before every batch of clients but the first, `cutover` before the lead or the writes
 * go over, `unfenced` where the old side stays open, `complete` before the old side is retired and the way back ends.
 */
export const MIGRATION_GATES = ['start', 'nextBatch', 'unfenced', 'cutover', 'complete'] as const;

export const GATES = [
  'start',
  'beforeLeader',
  'finalize',
  'beforeRemove',
  'beforeWipe',
  'keepSessions',
  'nextBatch',
  'unfenced',
  'cutover',
  'complete',
] as const;
export type GateName = (typeof GATES)[number];

/** Where lock and canary live in an ensemble unless its inventory says otherwise. */
export const DEFAULT_ZNODE_ROOT = '/zkferry';
