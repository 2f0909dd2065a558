/** Temporal Schedules of backups: bases and drills at times, for one ensemble in one repository. */
import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  ScheduleOverlapPolicy,
  type ScheduleDescription,
  type ScheduleHandle,
  type ScheduleOptions,
} from '@temporalio/client';
import { createHash } from 'node:crypto';
import { BASE_WORKFLOW, TASK_QUEUE, WORKFLOW_TYPES } from '../../model/contract';
import { ZkferryError } from '../../model/errors';
import type { Temporal } from './connect';
import { rethrow } from './failure';

export const BACKUP_SCHEDULES = ['base', 'verify'] as const;
export type BackupScheduleKind = (typeof BACKUP_SCHEDULES)[number];

export interface BackupSchedulePlace {
  repository: string;
  ensemble: string;
}

export interface BackupSchedule {
  kind: BackupScheduleKind;
  id: string;
  /** What it does and when, in words. */
  note: string;
  paused: boolean;
  /** ISO 8601. */
  next?: string;
  last?: string;
}

const CALL_DEADLINE_MS = 10_000;
/** A base that was missed for longer is not made up for. */
const CATCH_UP_WITHIN = '1 hour';

const WORKFLOWS = { base: BASE_WORKFLOW, verify: WORKFLOW_TYPES.verify };
const WHAT = { base: 'a base of', verify: 'a drill that restores' };

/** Ids are not encrypted: where payloads are, a hash stands for the names. */
function idOf(
  { sealed }: Temporal,
  { repository, ensemble }: BackupSchedulePlace,
  kind: BackupScheduleKind,
): string {
  const hash = () => createHash('sha256').update(`${repository}\0${ensemble}`).digest('hex');
  return `zkferry-backup-${sealed ? hash().slice(0, 16) : `${repository}-${ensemble}`}-${kind}`;
}

/** Makes the schedule, or changes the one that is there, paused or not. BadUsage for times that are none. */
export async function setBackupSchedule(
  temporal: Temporal,
  place: BackupSchedulePlace,
  kind: BackupScheduleKind,
  cron: string,
): Promise<BackupSchedule> {
  const scheduleId = idOf(temporal, place, kind);
  const { schedule } = temporal.client;
  const options = optionsOf(temporal, place, kind, cron);
  const handle = schedule.getHandle(scheduleId);
  let before: ScheduleDescription | undefined;
  try {
    await temporal.within(CALL_DEADLINE_MS, async () => {
      try {
        await schedule.create({ scheduleId, ...options });
      } catch (error) {
        if (!(error instanceof ScheduleAlreadyRunning)) throw error;
        await handle.update((previous) => {
          before = previous;
          return { ...options, state: { ...previous.state, ...options.state } };
        });
      }
    });
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal !== undefined)
      throw new ZkferryError(
        'BadUsage',
        `--${kind}: ${JSON.stringify(cron.slice(0, 100))} is no time to Temporal (${refusal}): five fields of cron in UTC, such as "0 3 * * *", or @daily`,
        { cause: error },
      );
    rethrow(temporal, scheduleId, error, 'temporal');
  }
  const made = (await described(temporal, kind, handle))!;
  if (made.next !== undefined) return made;
  await takenBack(temporal, handle, before);
  throw new ZkferryError(
    'BadUsage',
    `--${kind}: ${JSON.stringify(cron.slice(0, 100))} never comes; ${before === undefined ? 'nothing is scheduled' : 'what was scheduled before stays'}. Give a time that does, such as "0 3 * * *"`,
  );
}

/** Only Temporal knows when its times come, and tells it of schedules that are there. */
async function takenBack(
  temporal: Temporal,
  handle: ScheduleHandle,
  before: ScheduleDescription | undefined,
): Promise<void> {
  await asked(temporal, handle.scheduleId, () =>
    before === undefined ? handle.delete() : handle.update(() => before),
  );
}

/** The client says it as a plain TypeError. */
const refusalOf = (error: unknown): string | undefined =>
  error instanceof TypeError ? error.message : undefined;

function optionsOf(
  temporal: Temporal,
  place: BackupSchedulePlace,
  kind: BackupScheduleKind,
  cron: string,
): Omit<ScheduleOptions, 'scheduleId'> {
  const { repository, ensemble } = place;
  const note = `${WHAT[kind]} ${ensemble} in repository ${repository}, at ${cron} (UTC)`;
  return {
    spec: { cronExpressions: [cron] },
    action: {
      type: 'startWorkflow',
      workflowType: WORKFLOWS[kind],
      workflowId: idOf(temporal, place, kind),
      taskQueue: TASK_QUEUE,
      args: [{ repository, ensemble }],
      staticSummary: note,
    },
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: CATCH_UP_WITHIN },
    // A schedule's note is plain text, the summary is a payload.
    ...(!temporal.sealed && { state: { note } }),
  };
}

/** Those there are. */
export async function backupSchedules(
  temporal: Temporal,
  place: BackupSchedulePlace,
): Promise<BackupSchedule[]> {
  const found = await Promise.all(
    BACKUP_SCHEDULES.map((kind) =>
      described(temporal, kind, temporal.client.schedule.getHandle(idOf(temporal, place, kind))),
    ),
  );
  return found.filter((one) => one !== undefined);
}

/** Ids of those that were there. A run that one of them started goes on. */
export async function deleteBackupSchedules(
  temporal: Temporal,
  place: BackupSchedulePlace,
): Promise<string[]> {
  const there = await backupSchedules(temporal, place);
  for (const { id } of there)
    await asked(temporal, id, () => temporal.client.schedule.getHandle(id).delete());
  return there.map(({ id }) => id);
}

async function described(
  temporal: Temporal,
  kind: BackupScheduleKind,
  handle: ScheduleHandle,
): Promise<BackupSchedule | undefined> {
  const found = await asked(temporal, handle.scheduleId, () => handle.describe());
  if (found === undefined) return undefined;
  const { state, info } = found;
  const next = info.nextActionTimes[0]?.toISOString();
  const last = info.recentActions.at(-1)?.takenAt.toISOString();
  return {
    ...{
      kind,
      id: handle.scheduleId,
      note: state.note || found.action.staticSummary || '',
      paused: state.paused,
    },
    ...(next !== undefined && { next }),
    ...(last !== undefined && { last }),
  };
}

/** Undefined where there is no such schedule. */
async function asked<T>(
  temporal: Temporal,
  id: string,
  call: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await temporal.within(CALL_DEADLINE_MS, call);
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    rethrow(temporal, id, error, 'temporal');
  }
}
