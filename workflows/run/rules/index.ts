import type { WorkflowType } from '../../../src/model/contract';
import { migrationInput, type RunState } from '../state';
import { moveRules } from './move';
import { resizeRules } from './resize';
import { restoreRules } from './restore';
import { stretchRules } from './stretch';
import type { StrategyRules } from './types';
import { upgradeRules } from './upgrade';

const RULES: Partial<Record<WorkflowType, StrategyRules>> = {
  rollingUpgrade: upgradeRules,
  resizeEnsemble: resizeRules,
  restoreBackup: restoreRules,
  migrateDataCenter: stretchRules,
};

export const rulesOf = (state: RunState): StrategyRules =>
  migrationInput(state) === undefined || migrationInput(state)?.mode === 'stretch'
    ? (RULES[state.identity.strategy] ?? upgradeRules)
    : moveRules;
