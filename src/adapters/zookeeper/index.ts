/** Talking to ZooKeeper: probes, sessions, the ensemble lock, the canary and the availability probe. */
export { createZooKeeperAdapter } from './adapter';
export { zooKeeperCode } from './errors';
export type { ServerAddress } from './fourLetterClient';
export { digestId, ownerAcl, type ZnodeRoot } from './ownedNodes';
export {
  acquireLock,
  breakLock,
  breakLocksUpTo,
  inspectLock,
  releaseLock,
  verifyLock,
  type HeldLock,
  type LockHolder,
  type LockOwner,
} from './ensembleLock';
export { advanceFence, removeFence } from './fence';
export {
  commitCanary,
  commitCanaryThrough,
  readCanaryFrom,
  removeCanary,
  type CanaryCommit,
} from './canary';
export {
  runAvailabilityProbe,
  type AvailabilityProbeOptions,
  type ProbeCarry,
  type ProbeSegment,
} from './availabilityProbe';
