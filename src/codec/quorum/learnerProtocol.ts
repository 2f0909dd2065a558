/**
 * An observer's side of the conversation with its leader, from LEADERINFO on: packets in, what to do about
 * each out. Pure; whoever owns the socket acts. Orders seen on the wire, 3.4–3.9:
 *
 *     LEADERINFO, then our ACKEPOCH, then
 *     SNAP + body | DIFF | TRUNC
 *     (PROPOSAL COMMIT)* and INFORMs, mixed, with PINGs and repetitions among them
 *     NEWLEADER, then our ACK; more of the former; UPTODATE, then our ACK
 *     INFORM | INFORMANDACTIVATE | PING | SYNC | REVALIDATE …
 */
import { ZkferryError } from '../../model/errors';
import { epochOf, follows, PACKET, packetName, type QuorumPacket } from './packet';

export type Step =
  /** Nothing to do. */
  | 'nothing'
  /** Answer with ACKEPOCH; `epoch` is known. */
  | 'leaderInfo'
  /** The leader goes on from the zxid it was given. */
  | 'diff'
  /** The leader's history ends before the zxid it was given: `syncZxid`. */
  | 'trunc'
  /** A snapshot follows, as of `syncZxid` or somewhat later: hand its bytes to a SnapshotScanner. */
  | 'snap'
  /** Answer with the epoch's ACK. */
  | 'newLeader'
  /** Answer with the epoch's ACK; what was committed before the leader took us in has been delivered. */
  | 'upToDate'
  /** Answer with a PING of the same zxid. */
  | 'ping'
  /** `txn` is committed and the next in order; `lastZxid` is its zxid. */
  | 'txn'
  /** `txn` is committed, yet does not follow `lastZxid`, which stays: `gapZxid` came instead. */
  | 'gap';

/** Proposals of the synchronisation that wait for their commit: they come in pairs, so hardly any. */
const MAX_UNCOMMITTED = 10_000;
const TXN_HEADER_BYTES = 32;
const ZXID_OFFSET = 12;
/** INFORMANDACTIVATE: the id of the next leader before the transaction. */
const DESIGNATED_LEADER_BYTES = 8;

interface Proposal {
  zxid: bigint;
  bytes: Buffer;
}

export class LearnerProtocol {
  epoch = 0n;
  syncZxid = 0n;
  gapZxid = 0n;
  /** Header, body and, from 3.6 on, digest: as logged by a server. A view of the bytes received. */
  txn: Buffer = Buffer.alloc(0);
  private phase: 'leaderInfo' | 'sync' | 'streaming' | 'upToDate' = 'leaderInfo';
  private acknowledged = false;
  private readonly uncommitted: Proposal[] = [];

  /** `lastZxid`: the last transaction had, 0 for none; after SNAP the zxid of the snapshot. */
  constructor(public lastZxid: bigint) {}

  /** Throws ZkferryError ZooKeeperUnavailable, retryable, for a packet that cannot stand there. */
  accept(packet: QuorumPacket): Step {
    switch (packet.type) {
      case PACKET.inform:
        return this.committed(packet.zxid, this.transaction(packet, 0));
      case PACKET.ping:
        // Before UPTODATE the leader reads whatever we send as the acknowledgement it waits for.
        return this.phase === 'upToDate' ? 'ping' : 'nothing';
      case PACKET.proposal:
        return this.proposed(packet);
      case PACKET.commit:
      case PACKET.commitAndActivate:
        return this.commit(packet);
      case PACKET.informAndActivate:
        return this.committed(packet.zxid, this.transaction(packet, DESIGNATED_LEADER_BYTES));
      case PACKET.leaderInfo:
        this.expect(packet, 'leaderInfo');
        this.epoch = epochOf(packet.zxid);
        this.phase = 'sync';
        return 'leaderInfo';
      case PACKET.diff:
      case PACKET.trunc:
      case PACKET.snap:
        return this.synchronise(packet);
      case PACKET.newLeader:
        this.expect(packet, 'streaming');
        this.acknowledged = true;
        return 'newLeader';
      case PACKET.upToDate:
        this.expect(packet, 'streaming');
        if (!this.acknowledged) throw unexpected(packet, 'before NEWLEADER');
        this.phase = 'upToDate';
        // Outstanding proposals are for voters; an observer hears of their commit by INFORM.
        this.uncommitted.length = 0;
        return 'upToDate';
      case PACKET.sync:
      case PACKET.revalidate:
        return 'nothing';
      default:
        throw unexpected(packet, `in phase ${this.phase}`);
    }
  }

  private synchronise(packet: QuorumPacket): Step {
    this.expect(packet, 'sync');
    this.phase = 'streaming';
    this.syncZxid = packet.zxid;
    if (packet.type === PACKET.diff) return 'diff';
    if (packet.type === PACKET.trunc) return 'trunc';
    this.lastZxid = packet.zxid;
    return 'snap';
  }

  private proposed(packet: QuorumPacket): Step {
    const bytes = this.transaction(packet, 0);
    if (this.phase === 'upToDate') return 'nothing';
    if (this.uncommitted.length >= MAX_UNCOMMITTED) {
      throw unexpected(packet, `after ${MAX_UNCOMMITTED} others without a commit`);
    }
    this.uncommitted.push({ zxid: packet.zxid, bytes });
    return 'nothing';
  }

  private commit(packet: QuorumPacket): Step {
    if (this.phase === 'upToDate') return 'nothing';
    this.expect(packet, 'streaming');
    for (;;) {
      const first = this.uncommitted[0];
      if (first === undefined || first.zxid > packet.zxid) {
        // Committed twice: 3.4 sends what it is just applying from its queue and from its log.
        if (packet.zxid <= this.lastZxid) return 'nothing';
        throw unexpected(packet, `of 0x${packet.zxid.toString(16)}, which was never proposed`);
      }
      this.uncommitted.shift();
      if (first.zxid === packet.zxid) return this.committed(first.zxid, first.bytes);
    }
  }

  private committed(zxid: bigint, bytes: Buffer): Step {
    // Sent again, or contained in the snapshot, which may be later than where its queue begins.
    if (zxid <= this.lastZxid) return 'nothing';
    this.txn = bytes;
    if (!follows(zxid, this.lastZxid)) {
      this.gapZxid = zxid;
      return 'gap';
    }
    this.lastZxid = zxid;
    return 'txn';
  }

  private transaction(packet: QuorumPacket, offset: number): Buffer {
    const { data } = packet;
    if (this.phase === 'leaderInfo' || this.phase === 'sync') {
      throw unexpected(packet, `in phase ${this.phase}`);
    }
    if (
      data === null ||
      data.length < offset + TXN_HEADER_BYTES ||
      data.readBigInt64BE(offset + ZXID_OFFSET) !== packet.zxid
    ) {
      throw unexpected(packet, 'without the transaction it names');
    }
    return offset === 0 ? data : data.subarray(offset);
  }

  private expect(packet: QuorumPacket, phase: typeof this.phase): void {
    if (this.phase !== phase) throw unexpected(packet, `in phase ${this.phase}`);
  }
}

const unexpected = (packet: QuorumPacket, where: string): ZkferryError =>
  new ZkferryError(
    'ZooKeeperUnavailable',
    `unexpected quorum packet ${packetName(packet.type)} ${where}: what answers is not a leader this learner understands`,
    { retryable: true, details: { code: 'MarshallingError', packet: packet.type } },
  );
