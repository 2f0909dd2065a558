export { rollingUpgrade } from './rollingUpgrade';
export { resizeEnsemble } from './resizeEnsemble';
export { planStrategy } from './planStrategy';
export { holdEnsemble } from './run/hold';
