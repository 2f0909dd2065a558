/**
 * What a learner and its leader say to each other over the quorum port (ZooKeeper: Leader.java,
 * Learner.java, LearnerHandler.java, zookeeper.jute): packets as values, and the few a tap ever sends.
 */
import { JuteWriter } from '../jute';

export const PACKET = {
  request: 1,
  proposal: 2,
  ack: 3,
  commit: 4,
  ping: 5,
  revalidate: 6,
  sync: 7,
  inform: 8,
  commitAndActivate: 9,
  newLeader: 10,
  followerInfo: 11,
  upToDate: 12,
  diff: 13,
  trunc: 14,
  snap: 15,
  observerInfo: 16,
  leaderInfo: 17,
  ackEpoch: 18,
  informAndActivate: 19,
} as const;

const NAMES = new Map<number, string>(
  Object.entries(PACKET).map(([name, type]) => [type, name.toUpperCase()]),
);

/** For messages: `SNAP`, or `type 42`. */
export const packetName = (type: number): string => NAMES.get(type) ?? `type ${type}`;

export interface QuorumPacket {
  type: number;
  zxid: bigint;
  /** A view of the bytes received, not a copy. */
  data: Buffer | null;
}

/** Zab 1.0, spoken since 3.4. */
const PROTOCOL_VERSION = 0x10000;
const NO_CONFIG_VERSION = 0n;
/** "This does not count as an acknowledgement of your epoch" (Learner.registerWithLeader). */
const NO_EPOCH_VOTE = -1;

export function encodePacket(type: number, zxid: bigint, data: Buffer | null): Buffer {
  const noAuthInfo = -1;
  return new JuteWriter().int(type).long(zxid).buffer(data).int(noAuthInfo).bytes();
}

/** Names an accepted epoch of 0, so that a leader in the making never raises its own because of us. */
export function encodeObserverInfo(sid: bigint): Buffer {
  const info = new JuteWriter().long(sid).int(PROTOCOL_VERSION).long(NO_CONFIG_VERSION).bytes();
  return encodePacket(PACKET.observerInfo, 0n, info);
}

/** `lastZxid`: where the leader shall go on from; 0 asks for a snapshot. */
export function encodeAckEpoch(lastZxid: bigint): Buffer {
  return encodePacket(PACKET.ackEpoch, lastZxid, new JuteWriter().int(NO_EPOCH_VOTE).bytes());
}

/**
 * Acknowledges that an epoch began, the only thing a tap may acknowledge: the zxid sent has counter 0,
 * whatever the caller gives. 3.4 counts whoever acknowledges a transaction, member or not.
 */
export const encodeEpochAck = (epoch: bigint): Buffer =>
  encodePacket(PACKET.ack, BigInt.asIntN(64, epoch << 32n), null);

/** Without sessions to keep alive; the data is empty, never null, which the leader would choke on. */
export const encodePingReply = (zxid: bigint): Buffer =>
  encodePacket(PACKET.ping, zxid, Buffer.alloc(0));

export const epochOf = (zxid: bigint): bigint => BigInt.asUintN(32, zxid >> 32n);
export const counterOf = (zxid: bigint): bigint => zxid & 0xffff_ffffn;

/** Whether `zxid` is what a leader gives out next after `last`: the next number, or an epoch's first. */
export const follows = (zxid: bigint, last: bigint): boolean =>
  zxid === last + 1n || (epochOf(zxid) > epochOf(last) && counterOf(zxid) === 1n);
