/** `zkferry backup schedule REPOSITORY ENSEMBLE`: bases and drills at times, by Temporal Schedules. */
import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import type { BackupSchedule, BackupSchedulePlace } from '../../../adapters/temporal/schedules';
import type { Temporal } from '../../../adapters/temporal/connect';
import { ensembleName } from '../../../model/inventory';
import { ZkferryError } from '../../../model/errors';
import {
  action,
  withCommonOptions,
  type CommandContext,
  type Outcome,
  type Runner,
} from '../../context';
import { instant } from '../../render/text';

interface ScheduleCommandOptions {
  base?: string;
  verify?: string;
  list?: boolean;
  delete?: boolean;
}

export function registerSchedule(backup: Command, runner: Runner): void {
  withCommonOptions(backup.command('schedule <repository> <ensemble>'))
    .description(
      'take bases and hold drills at times (names of the inventory); a hot backup that runs applies retention after each base',
    )
    .option('--base <cron>', 'when a base is taken, in UTC, such as "0 3 * * *"')
    .option('--verify <cron>', 'when a drill is held, in UTC')
    .option('--list', 'what is scheduled')
    .option('--delete', 'end both; runs that have begun go on')
    .action(
      action<[string, string], ScheduleCommandOptions>(
        runner,
        async (context, [repository, ensemble], options) => {
          for (const [what, name] of Object.entries({ repository, ensemble }))
            if (!ensembleName.safeParse(name).success)
              throw new ZkferryError(
                'BadUsage',
                `${what}: expected its name in the inventory; got ${JSON.stringify(name.slice(0, 100))}`,
              );
          const work = workOf(options);
          if (options.base !== undefined || options.verify !== undefined)
            await refuseUnknown(context, repository, ensemble);
          return context.withTemporal((temporal) => work(temporal, { repository, ensemble }));
        },
      ),
    );
}

/** As far as the inventory is here: what the worker's does not know would fail each time, where nobody looks. */
async function refuseUnknown(
  context: CommandContext,
  repository: string,
  ensemble: string,
): Promise<void> {
  const { createInventory } = await import('../../../adapters/inventory');
  if (!existsSync(context.inventoryPath)) return;
  const inventory = createInventory({ path: context.inventoryPath });
  await inventory.resolve(ensemble);
  await inventory.repository(repository);
}

type Work = (temporal: Temporal, place: BackupSchedulePlace) => Promise<Outcome>;

/** BadUsage where it is not clear what is wanted. */
function workOf(options: ScheduleCommandOptions): Work {
  const { base, verify } = options;
  const setting = base !== undefined || verify !== undefined;
  if ([setting, options.list, options.delete].filter(Boolean).length !== 1)
    throw new ZkferryError(
      'BadUsage',
      'what is wanted must be said: --base "0 3 * * *", --verify "0 5 * * 0" or both; or --list; or --delete',
    );
  if (options.delete) return remove;
  return async (temporal, place) => {
    const { backupSchedules, setBackupSchedule } =
      await import('../../../adapters/temporal/schedules');
    if (base !== undefined) await setBackupSchedule(temporal, place, 'base', base);
    if (verify !== undefined) await setBackupSchedule(temporal, place, 'verify', verify);
    const schedules = await backupSchedules(temporal, place);
    const lines = schedules.map(lineOf);
    return {
      text: lines.length === 0 ? nothing(place) : lines.join('\n'),
      document: { ok: true, schedules },
    };
  };
}

const remove: Work = async (temporal, place) => {
  const { deleteBackupSchedules } = await import('../../../adapters/temporal/schedules');
  const deleted = await deleteBackupSchedules(temporal, place);
  return {
    text: deleted.length === 0 ? nothing(place) : deleted.map((id) => `${id}: deleted`).join('\n'),
    document: { ok: true, deleted },
  };
};

const nothing = ({ ensemble, repository }: BackupSchedulePlace): string =>
  `nothing is scheduled for ${ensemble} in repository ${repository}`;

const lineOf = ({ id, note, paused, next, last }: BackupSchedule): string =>
  [
    `${id}: ${note}`,
    paused ? 'paused' : next === undefined ? 'never again' : `next ${instant(next)}`,
    ...(last === undefined ? [] : [`last ${instant(last)}`]),
  ].join('; ');
