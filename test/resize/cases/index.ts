/** The matrix of `npm run proof -- resize`; the test suite runs one of each kind. */
import type { Case } from '../../upgrade/cases/types';
import {
  foreignReconfigCase,
  joinerDiesCase,
  killedAtEveryBoundary,
  pausedAtEveryBoundary,
} from './faults';
import { dynamicCase, staticCase } from './growAndShrink';
import { frozenCase } from './frozen';
import { observerCase } from './observers';
import { leaderDiesCase } from './leaderDies';
import { replaceAllCase, replaceLeaderCase } from './replaceLeader';
import { wayBackCases } from './wayBack';

const DYNAMIC = ['3.5.10', '3.8.6', '3.9.6'];

export const resizeCases: Case[] = [
  ...DYNAMIC.flatMap((version) => [
    dynamicCase(version),
    replaceLeaderCase(version),
    replaceAllCase(version),
    observerCase(version),
  ]),
  killedAtEveryBoundary('3.9.6'),
  pausedAtEveryBoundary('3.9.6'),
  joinerDiesCase('3.9.6'),
  foreignReconfigCase('3.9.6'),
  ...wayBackCases,
  leaderDiesCase('3.4.14'),
  frozenCase,
  staticCase('3.4.14'),
  staticCase('3.9.6'),
];
