/** Planning activities of a migration, by its mode. */
import { ZkferryError } from '../../src/model/errors';
import type { RunActivities } from '../api';
import type { Dependencies } from '../dependencies';
import { operation } from '../operation';
import { planStretchNow, planStretchWayBack, replanStretch } from './planStretch';

type MigrationPlanActivities = Pick<
  RunActivities,
  'planMigration' | 'replanMigration' | 'planMigrationBack'
>;

export function migrationPlanActivities(dependencies: Dependencies): MigrationPlanActivities {
  return {
    planMigration: (args) =>
      operation((context) => {
        refuseOther(args.input.mode);
        return planStretchNow(dependencies, args, context);
      }),
    replanMigration: (args) => operation((context) => replanStretch(dependencies, args, context)),
    planMigrationBack: (args) =>
      operation((context) => planStretchWayBack(dependencies, args, context)),
  };
}

function refuseOther(mode: string): void {
  if (mode === 'stretch') return;
  throw new ZkferryError('Unsupported', `mode ${mode} is not available in this version`);
}
