/** From a list of servers to a leader that has taken us in as an observer and is about to synchronise us. */
import type { Socket } from 'node:net';
import {
  counterOf,
  encodeAckEpoch,
  encodeObserverInfo,
  epochOf,
  PACKET,
  packetName,
} from '../../codec/quorum/packet';
import { QuorumPacketDecoder } from '../../codec/quorum/packetDecoder';
import { LearnerProtocol } from '../../codec/quorum/learnerProtocol';
import { ZkferryError } from '../../model/errors';
import { hostPort } from '../../model/hostPort';
import { diagnosePort } from './diagnosePort';
import { findLeader, type FoundLeader, type TapServer } from './findLeader';
import { learnerSid } from './learnerSid';
import {
  connectionFailure,
  openQuorumSocket,
  unreachable,
  type QuorumSecurity,
} from './quorumSocket';
import { receive } from './receive';

export interface LeaderConnection {
  leader: FoundLeader;
  /** Paused; what the leader sends next is DIFF, TRUNC or SNAP. */
  socket: Socket;
  protocol: LearnerProtocol;
}

export interface ConnectOptions {
  servers: readonly TapServer[];
  security?: QuorumSecurity;
  /** The last transaction had: the leader goes on from there. 0, and what it could not tell, ask for a snapshot. */
  lastZxid: bigint;
  /** For connecting and the handshake, after the leader was found. */
  timeoutMs: number;
  signal?: AbortSignal;
}

/**
 * Finds the leader, connects and introduces itself, once. Nothing counts this learner: it names an epoch of
 * 0, and a server id no member has. ZooKeeperUnavailable (retryable): no leader, unreachable, or not yet
 * proven in its reign. ZooKeeperAuthFailed: wrong certificate or password, or the port demands TLS or SASL
 * that was not given.
 */
export async function connectLeader(options: ConnectOptions): Promise<LeaderConnection> {
  const { servers, security = {}, timeoutMs, signal } = options;
  const leader = await findLeader(servers, signal);
  const lastZxid = tells(options.lastZxid, leader) ? options.lastZxid : 0n;
  const socket = await openQuorumSocket(leader, security, { timeoutMs, signal });
  try {
    socket.write(encodeObserverInfo(learnerSid(leader.memberIds)));
    const protocol = new LearnerProtocol(lastZxid);
    await leaderInfo(socket, protocol, leader, options);
    if (leader.epoch !== undefined && protocol.epoch !== leader.epoch) {
      // Elected anew since it was asked: until it serves, part of its history may yet be given up.
      throw unreachable(
        leader,
        `it is being elected into epoch ${protocol.epoch} and not yet proven; try again`,
      );
    }
    socket.write(encodeAckEpoch(lastZxid));
    return { leader, socket, protocol };
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/**
 * The first zxid of an epoch is no transaction, which only its own leader has: every later one goes on from it (DIFF),
 * also one whose ensemble was put back to before it.
 */
const tells = (lastZxid: bigint, { epoch }: FoundLeader): boolean =>
  counterOf(lastZxid) !== 0n || epochOf(lastZxid) === epoch;

async function leaderInfo(
  socket: Socket,
  protocol: LearnerProtocol,
  leader: FoundLeader,
  { security = {}, timeoutMs, signal }: ConnectOptions,
): Promise<void> {
  const received = await receive(
    socket,
    (bytes) => {
      const decoder = new QuorumPacketDecoder();
      decoder.push(bytes);
      const packet = decoder.next();
      return packet && { value: packet, length: bytes.length - decoder.buffered };
    },
    { timeoutMs, signal },
  );
  if (received.kind === 'value') {
    if (received.value.type !== PACKET.leaderInfo) {
      throw unreachable(
        leader,
        `it answered with ${packetName(received.value.type)}: not a leader this learner understands`,
      );
    }
    protocol.accept(received.value);
    return;
  }
  if (received.kind === 'late') {
    throw unreachable(leader, `it did not take the learner in within ${timeoutMs} ms`);
  }
  if (received.code !== undefined && received.code !== 'ECONNRESET') {
    throw connectionFailure(leader, received.code, security.tls !== undefined);
  }
  throw await hungUp(leader, security);
}

async function hungUp(leader: FoundLeader, security: QuorumSecurity): Promise<ZkferryError> {
  const where = hostPort(leader.quorumHost, leader.quorumPort);
  const demand = (what: string, code: string): ZkferryError =>
    new ZkferryError('ZooKeeperAuthFailed', `the quorum port ${where} demands ${what}`, {
      details: { code },
    });
  if (security.tls === undefined && security.sasl === undefined) {
    switch (await diagnosePort(leader)) {
      case 'tls':
        return demand(
          'TLS: give the CA and a client certificate its trust store holds',
          'TlsDemanded',
        );
      case 'sasl':
        return demand(
          'SASL (quorum.auth.serverRequireSasl): give the user and password of its JAAS section QuorumServer',
          'SaslDemanded',
        );
      case 'unknown':
    }
  }
  return unreachable(
    leader,
    `it hung up on the learner: it stopped leading, or demands ${security.tls === undefined ? 'TLS or ' : ''}another authentication; its log says which`,
  );
}
