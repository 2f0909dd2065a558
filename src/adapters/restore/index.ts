/** From a base and its log to something a server starts on, and the proof that it does. */
export { compareServed, type CompareServedOptions, type ServedComparison } from './compareServed';
export type { CleanOptions } from './cleanFiles';
export type { ExactOptions } from './exactFiles';
export type { RestoreInput } from './input';
export { restoreSource } from './restoreSource';
export { startScratchServer, type ScratchOptions, type ScratchServer } from './scratchServer';
export { digestOf, treeAt, type TreeAt, type TreeAtOptions } from './treeAt';
export {
  writeDataDirectory,
  type RestoredDirectory,
  type WriteOptions,
} from './writeDataDirectory';
