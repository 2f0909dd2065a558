/** Planning activities of a migration, by its mode, with advice on the others beside the first plan. */
import type { MigrateDataCenterInput } from '../../src/model/migrationInputs';
import type { OperationContext } from '../../src/model/ports';
import { withAdvice } from '../../src/planning/migrate/advise/advice';
import type {
  PlanMigrationArgs,
  PlanResult,
  ReplanMigrationArgs,
  ReplanResult,
  RunActivities,
} from '../api';
import type { Dependencies } from '../dependencies';
import { operation } from '../operation';
import { adviseOn } from './advise';
import { lookingOnce } from './lookingOnce';
import { planMoveNow, planMoveWayBack, replanMove } from './planMove';
import { planStretchNow, planStretchWayBack, replanStretch } from './planStretch';

type MigrationPlanActivities = Pick<
  RunActivities,
  'planMigration' | 'replanMigration' | 'planMigrationBack'
>;

const stretches = ({ mode }: MigrateDataCenterInput): boolean => mode === 'stretch';

export function migrationPlanActivities(dependencies: Dependencies): MigrationPlanActivities {
  return {
    planMigration: (args) =>
      operation(async (context) => {
        const looks = lookingOnce(dependencies);
        const planned = await planNow(looks, args, context);
        const advice = await adviseOn(looks, args, planNow, context);
        return { ...planned, plan: withAdvice(planned.plan, advice, args.input) };
      }),
    replanMigration: (args) =>
      operation(async (context) => {
        const result = await (stretches(args.input) ? replanStretch : replanMove)(
          dependencies,
          args,
          context,
        );
        return keepingAdvice(result, args);
      }),
    planMigrationBack: (args) =>
      operation((context) =>
        (stretches(args.input) ? planStretchWayBack : planMoveWayBack)(dependencies, args, context),
      ),
  };
}

const planNow = (
  dependencies: Dependencies,
  args: PlanMigrationArgs,
  context: OperationContext,
): Promise<PlanResult> =>
  (stretches(args.input) ? planStretchNow : planMoveNow)(dependencies, args, context);

/** What was advised when the run began stays beside its plan; until something is done, so does what that finds. */
function keepingAdvice(
  result: ReplanResult,
  { plan: { advice }, input, done }: ReplanMigrationArgs,
): ReplanResult {
  if (advice === undefined) return result;
  const { plan } = result;
  return {
    ...result,
    plan: done.length === 0 ? withAdvice(plan, advice, input) : { ...plan, advice },
  };
}
