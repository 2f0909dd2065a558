/** The matrix of `npm run proof -- resize`; the test suite runs one of each kind. */
import type { Case } from '../../upgrade/cases/types';
import { dynamicCase, staticCase } from './growAndShrink';
import { observerCase } from './observers';
import { replaceAllCase, replaceLeaderCase } from './replaceLeader';

const DYNAMIC = ['3.5.10', '3.8.6', '3.9.6'];

export const resizeCases: Case[] = [
  ...DYNAMIC.flatMap((version) => [
    dynamicCase(version),
    replaceLeaderCase(version),
    replaceAllCase(version),
    observerCase(version),
  ]),
  staticCase('3.4.14'),
  staticCase('3.9.6'),
];
