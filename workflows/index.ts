export { rollingUpgrade } from './rollingUpgrade';
export { planStrategy } from './planStrategy';
export { holdEnsemble } from './run/hold';
