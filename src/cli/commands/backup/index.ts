/** `zkferry backup …`: repositories, without Temporal but for schedules. */
import type { Command } from 'commander';
import type { Runner } from '../../context';
import { registerCreate } from './create';
import { registerExtract } from './extract';
import { registerInit } from './init';
import { registerList } from './list';
import { registerRestore } from './restore';
import { registerSchedule } from './schedule';
import { registerShow } from './show';
import { registerVerify } from './verify';

export function registerBackup(program: Command, runner: Runner): void {
  const backup = program
    .command('backup')
    .description('backups in a repository: make, list, prove, look into, restore');
  registerInit(backup, runner);
  registerCreate(backup, runner);
  registerList(backup, runner);
  registerVerify(backup, runner);
  registerShow(backup, runner);
  registerExtract(backup, runner);
  registerRestore(backup, runner);
  registerSchedule(backup, runner);
}
