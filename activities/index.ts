/** All activities, built from what they depend on. */
import type { Activities } from './api';
import { captureActivities } from './backup/captureTransactions';
import { drillActivities } from './backup/proveBackup';
import { sourceActivities } from './backup/chooseSource';
import { baseActivities } from './backup/takeBase';
import { wholeBaseActivities } from './backup/takeWholeBase';
import { webhookActivities } from './deliverWebhook';
import type { Dependencies } from './dependencies';
import { guardActivities } from './guard';
import { lockActivities } from './lock';
import { clientCheck } from './migrate/checkClients';
import { otherSideCheck } from './migrate/checkOtherSide';
import { closingSteps } from './migrate/closing';
import { aheadSteps } from './migrate/aheadSteps';
import { captureSteps } from './migrate/captureSteps';
import { ensembleSteps } from './migrate/ensembleSteps';
import { fenceSteps } from './migrate/fenceSteps';
import { readinessWatch } from './migrate/watchReadiness';
import { reconcileSteps } from './migrate/reconcileSteps';
import { redirectSteps } from './migrate/redirectSteps';
import { copySteps } from './migrate/copySteps';
import { migrationPlanActivities } from './migrate/planMigration';
import { openActivities } from './open';
import { planActivities } from './plan';
import { resizePlanActivities } from './planResize';
import { restorePlanActivities } from './planRestore';
import { probeActivities } from './probe';
import { changeSteps } from './steps/change';
import { confirmSteps } from './steps/confirm';
import { joinSteps } from './steps/join';
import { leaveSteps } from './steps/leave';
import { memberSteps } from './steps/members';
import { prepareSteps } from './steps/prepare';
import { restoreSteps } from './steps/restore';
import { rollSteps } from './steps/roll';

export function createActivities(dependencies: Dependencies): Activities {
  return {
    ...openActivities(dependencies),
    ...webhookActivities(dependencies),
    ...planActivities(dependencies),
    ...resizePlanActivities(dependencies),
    ...lockActivities(dependencies),
    ...guardActivities(dependencies),
    ...probeActivities(dependencies),
    ...prepareSteps(dependencies),
    ...changeSteps(dependencies),
    ...confirmSteps(dependencies),
    ...joinSteps(dependencies),
    ...memberSteps(dependencies),
    ...rollSteps(dependencies),
    ...leaveSteps(dependencies),
    ...captureActivities(dependencies),
    ...sourceActivities(dependencies),
    ...baseActivities(dependencies),
    ...wholeBaseActivities(dependencies),
    ...restorePlanActivities(dependencies),
    ...restoreSteps(dependencies),
    ...drillActivities(dependencies),
    ...migrationPlanActivities(dependencies),
    ...closingSteps(dependencies),
    ...aheadSteps(dependencies),
    ...captureSteps(dependencies),
    ...ensembleSteps(dependencies),
    ...fenceSteps(dependencies),
    ...otherSideCheck(dependencies),
    ...clientCheck(dependencies),
    ...readinessWatch(dependencies),
    ...reconcileSteps(dependencies),
    returnClients: redirectSteps(dependencies).returnClients,
    ...copySteps(dependencies),
  };
}
