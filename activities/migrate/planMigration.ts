/** Planning activities of a migration, by its mode. */
import type { MigrateDataCenterInput } from '../../src/model/migrationInputs';
import type { RunActivities } from '../api';
import type { Dependencies } from '../dependencies';
import { operation } from '../operation';
import { planMoveNow, planMoveWayBack, replanMove } from './planMove';
import { planStretchNow, planStretchWayBack, replanStretch } from './planStretch';

type MigrationPlanActivities = Pick<
  RunActivities,
  'planMigration' | 'replanMigration' | 'planMigrationBack'
>;

export function migrationPlanActivities(dependencies: Dependencies): MigrationPlanActivities {
  const stretches = ({ mode }: MigrateDataCenterInput): boolean => mode === 'stretch';
  return {
    planMigration: (args) =>
      operation((context) =>
        (stretches(args.input) ? planStretchNow : planMoveNow)(dependencies, args, context),
      ),
    replanMigration: (args) =>
      operation((context) =>
        (stretches(args.input) ? replanStretch : replanMove)(dependencies, args, context),
      ),
    planMigrationBack: (args) =>
      operation((context) =>
        (stretches(args.input) ? planStretchWayBack : planMoveWayBack)(dependencies, args, context),
      ),
  };
}
