import { controlCases } from './control';
import { outageCases } from './outages';
import type { Case } from './types';
import { workerKilledCases } from './workerKilled';

/** The full matrix; `npm test` runs one of each kind. */
export const upgradeCases: Case[] = [...workerKilledCases, ...outageCases, ...controlCases];
