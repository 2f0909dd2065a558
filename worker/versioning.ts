/** Worker Deployments: which version of the worker this is, and whether runs stay with the version they began on. */
import type { WorkerOptions } from '@temporalio/worker';
import type { WorkerConfiguration } from './settings';

const BEHAVIOURS = { pinned: 'PINNED', autoUpgrade: 'AUTO_UPGRADE' } as const;

/** Without a deployment's name any worker continues any run: histories of earlier versions replay. */
export function versioningOf({
  ZKFERRY_DEPLOYMENT: deploymentName,
  ZKFERRY_BUILD_ID: buildId,
  ZKFERRY_VERSIONING: behaviour,
}: WorkerConfiguration): Pick<WorkerOptions, 'workerDeploymentOptions'> {
  if (deploymentName === undefined || buildId === undefined) return {};
  return {
    workerDeploymentOptions: {
      version: { deploymentName, buildId },
      useWorkerVersioning: true,
      defaultVersioningBehavior: BEHAVIOURS[behaviour],
    },
  };
}
