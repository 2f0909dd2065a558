/** All activities, built from what they depend on. */
import type { Activities } from './api';
import type { Dependencies } from './dependencies';
import { guardActivities } from './guard';
import { lockActivities } from './lock';
import { openActivities } from './open';
import { planActivities } from './plan';
import { probeActivities } from './probe';
import { changeSteps } from './steps/change';
import { confirmSteps } from './steps/confirm';
import { prepareSteps } from './steps/prepare';

export function createActivities(dependencies: Dependencies): Activities {
  return {
    ...openActivities(dependencies),
    ...planActivities(dependencies),
    ...lockActivities(dependencies),
    ...guardActivities(dependencies),
    ...probeActivities(dependencies),
    ...prepareSteps(dependencies),
    ...changeSteps(dependencies),
    ...confirmSteps(dependencies),
  };
}
