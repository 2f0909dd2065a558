import { controlCases } from './control';
import { from34Cases } from './from34';
import { outageCases } from './outages';
import { supervised } from './supervised';
import type { Case } from './types';
import { workerKilledCases } from './workerKilled';

/** The full matrix; `npm test` runs one of each kind. */
export const upgradeCases: Case[] = [
  ...workerKilledCases,
  ...outageCases,
  supervised,
  ...controlCases,
  ...from34Cases,
];
