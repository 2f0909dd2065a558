import type { WorkflowType } from '../../../src/model/contract';
import type { RunState } from '../state';
import { resizeRules } from './resize';
import { restoreRules } from './restore';
import type { StrategyRules } from './types';
import { upgradeRules } from './upgrade';

const RULES: Partial<Record<WorkflowType, StrategyRules>> = {
  rollingUpgrade: upgradeRules,
  resizeEnsemble: resizeRules,
  restoreBackup: restoreRules,
};

export const rulesOf = ({ identity }: Pick<RunState, 'identity'>): StrategyRules =>
  RULES[identity.strategy] ?? upgradeRules;
