/** Following an ensemble over its leader's quorum port. */
export {
  openTap,
  type QuorumSecurity,
  type Tap,
  type TapEvent,
  type TapLeader,
  type TapOptions,
  type TapServer,
  type UnseenRange,
} from './tap';
export { SharedTaps, type SharedTapsOptions } from './sharedTap';
export { connectLeader, type ConnectOptions, type LeaderConnection } from './connectLeader';
export { findLeader, type FoundLeader } from './findLeader';
