export { rollingUpgrade } from './rollingUpgrade';
export { resizeEnsemble } from './resizeEnsemble';
export { planStrategy } from './planStrategy';
export { holdEnsemble } from './run/hold';
export { hotBackup } from './hotBackup';
export { restoreBackup } from './restoreBackup';
export { verifyBackup } from './verifyBackup';
export { takeBase } from './takeBase';
