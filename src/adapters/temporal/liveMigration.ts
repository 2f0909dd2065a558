/** What goes on beside the steps of a migration, as its activities say now: the workflow hears of it only when they end. */
import { optionalTsToMs } from '@temporalio/common/lib/time';
import type { BesideReport, CaptureStatus, StatusDocument } from '../../model/status';
import type { FollowStatus } from '../copy/options';
import type { Temporal } from './connect';
import { askOnce, failureTold, toldBy } from './pendingActivities';

/** By activity, the names under which the workflow keeps what it reports; one of them runs at a time. */
const NAMES: Record<string, readonly string[]> = {
  captureTransactions: ['captureSource', 'captureTarget'],
  followTrees: ['followSource', 'followTarget'],
  watchReadiness: ['readiness'],
};

export async function withLiveMigration(
  temporal: Temporal,
  status: StatusDocument,
  pending = askOnce(temporal, status.workflowId),
): Promise<StatusDocument> {
  const { migration } = status;
  if (migration === undefined || !Object.values(migration.beside).some(({ running }) => running))
    return status;
  const beside = { ...migration.beside };
  for (const activity of await pending()) {
    const name = NAMES[activity.activityType?.name ?? '']?.find((one) => beside[one]?.running);
    if (name === undefined) continue;
    const told = reportOf(name, await toldBy<object>(temporal, activity));
    const heardMs = optionalTsToMs(activity.lastHeartbeatTime);
    const failure = await failureTold(temporal, activity);
    beside[name] = {
      ...beside[name]!,
      ...(told === undefined && failure ? { detail: `tried again: ${failure}` } : told),
      ...(told !== undefined && heardMs !== undefined && { at: new Date(heardMs).toISOString() }),
    };
  }
  return { ...status, migration: { ...migration, beside } };
}

function reportOf(name: string, told: object | undefined): BesideReport | undefined {
  if (told === undefined || told === null) return undefined;
  if (name === 'readiness') return 'detail' in told ? (told as BesideReport) : undefined;
  if (name.startsWith('follow')) {
    const { state, zxid, lagMs, lagTransactions } = told as Partial<FollowStatus>;
    if (state === undefined || zxid === undefined || lagMs === undefined) return undefined;
    const behind = lagTransactions ? `, ${lagTransactions} transaction(s) behind` : '';
    return { detail: `${state}, applied up to ${zxid}${behind}`, zxid, lagMs: Math.round(lagMs) };
  }
  const { state, durableUpTo, lag } = told as Partial<CaptureStatus>;
  if (state === undefined) return undefined;
  return {
    detail: `${state}, durable up to ${durableUpTo ?? 'nothing yet'}`,
    ...(durableUpTo !== undefined && { zxid: durableUpTo }),
    ...(lag && { lagMs: Math.round(lag.ms) }),
  };
}
