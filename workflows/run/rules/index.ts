import type { RunState } from '../state';
import { resizeRules } from './resize';
import type { StrategyRules } from './types';
import { upgradeRules } from './upgrade';

export const rulesOf = ({ identity }: RunState): StrategyRules =>
  identity.strategy === 'resizeEnsemble' ? resizeRules : upgradeRules;
