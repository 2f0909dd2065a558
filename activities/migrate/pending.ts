/** Steps that are not there yet. */
import { ZkferryError } from '../../src/model/errors';
import type { StepActivities } from '../api';
import { operation } from '../operation';

const NAMES = [
  'copyTrees',
  'compareTrees',
  'drainTrees',
  'awaitSessionExpiry',
  'openNewSide',
  'endCopy',
] as const;

export const pendingSteps = (): Pick<StepActivities, (typeof NAMES)[number]> =>
  Object.fromEntries(
    NAMES.map((name) => [
      name,
      () => operation(() => Promise.reject(new ZkferryError('Unsupported', `no ${name} yet`))),
    ]),
  ) as unknown as Pick<StepActivities, (typeof NAMES)[number]>;
