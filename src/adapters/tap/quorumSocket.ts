/** A connection to a quorum port, as far as it goes before the learner protocol: TCP, TLS, SASL. */
import { randomBytes } from 'node:crypto';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import {
  AUTH_STATUS,
  decodeAuthPacket,
  digestResponse,
  encodeAuthPacket,
  type AuthPacket,
  type DigestCredential,
} from '../../codec/quorum/auth';
import { ZkferryError } from '../../model/errors';
import { hostPort } from '../../model/hostPort';
import { reasonOf, receive } from './receive';

export interface QuorumTls {
  /** PEM; who signed the servers' certificates. */
  ca: string;
  /** PEM; quorum ports demand a client's certificate unless ssl.quorum.clientAuth says otherwise. */
  certificate?: string;
  key?: string;
  /** Whether the server's certificate must name the host connected to. Default true, as in ZooKeeper. */
  verifyHostName?: boolean;
}

export interface QuorumSecurity {
  tls?: QuorumTls;
  /** User and password of the servers' JAAS section QuorumServer, or of the learners' QuorumLearner. */
  sasl?: DigestCredential;
}

export interface QuorumAddress {
  quorumHost: string;
  quorumPort: number;
}

interface Limits {
  timeoutMs: number;
  signal?: AbortSignal;
}

const shown = ({ quorumHost, quorumPort }: QuorumAddress): string =>
  hostPort(quorumHost, quorumPort);

/**
 * ZooKeeperUnavailable, retryable: nobody listens (only a leader does), or nothing answers within
 * `timeoutMs`. ZooKeeperAuthFailed: a certificate or password was refused, by either side. The socket is
 * paused.
 */
export async function openQuorumSocket(
  address: QuorumAddress,
  { tls, sasl }: QuorumSecurity,
  limits: Limits,
): Promise<Socket> {
  const deadline = performance.now() + limits.timeoutMs;
  const left = (): Limits => ({
    ...limits,
    timeoutMs: Math.max(1, Math.round(deadline - performance.now())),
  });
  const socket = await connectSocket(address, tls, left());
  try {
    if (sasl !== undefined) await authenticate(socket, address, sasl, left());
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

function connectSocket(
  address: QuorumAddress,
  tls: QuorumTls | undefined,
  { timeoutMs, signal }: Limits,
): Promise<Socket> {
  const { quorumHost: host, quorumPort: port } = address;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(reasonOf(signal));
    const socket =
      tls === undefined
        ? connectTcp({ host, port, noDelay: true })
        : connectTls({
            host,
            port,
            ca: tls.ca,
            cert: tls.certificate,
            key: tls.key,
            ...(isIP(host) === 0 && { servername: host }),
            ...(tls.verifyHostName === false && { checkServerIdentity: () => undefined }),
          });
    // An error between two stages, when nobody looks, must not end the process; 'close' follows anyway.
    socket.on('error', () => undefined);
    const ready = tls === undefined ? 'connect' : 'secureConnect';
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.off(ready, onReady).off('error', onError).off('close', onClose);
      settle();
    };
    const fail = (error: Error): void =>
      finish(() => {
        socket.destroy();
        reject(error);
      });
    const onReady = (): void =>
      finish(() => {
        socket.setNoDelay(true);
        socket.pause();
        resolve(socket);
      });
    const onError = (error: NodeJS.ErrnoException): void =>
      fail(connectionFailure(address, error.code ?? error.message, tls !== undefined));
    const onClose = (): void => fail(connectionFailure(address, 'ECONNRESET', tls !== undefined));
    const onAbort = (): void => fail(reasonOf(signal!));
    const timer = setTimeout(
      () => fail(unreachable(address, `no connection within ${timeoutMs} ms`)),
      timeoutMs,
    );
    socket.on(ready, onReady).on('error', onError).on('close', onClose);
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

async function authenticate(
  socket: Socket,
  address: QuorumAddress,
  credential: DigestCredential,
  limits: Limits,
): Promise<void> {
  const answer = async (): Promise<AuthPacket> => {
    const received = await receive(
      socket,
      (bytes) => {
        const decoded = decodeAuthPacket(bytes);
        return decoded && { value: decoded.packet, length: decoded.length };
      },
      limits,
    );
    if (received.kind === 'value') return received.value;
    if (received.kind === 'closed' && received.code !== undefined) {
      throw connectionFailure(address, received.code, false);
    }
    throw unreachable(
      address,
      `it ${received.kind === 'late' ? 'did not answer' : 'closed the connection on'} our authentication: is SASL switched on there (quorum.auth.enableSasl)?`,
    );
  };
  socket.write(encodeAuthPacket(Buffer.alloc(0)));
  const challenge = await answer();
  if (challenge.status !== AUTH_STATUS.inProgress) throw refused(address);
  const cnonce = randomBytes(24).toString('base64');
  socket.write(encodeAuthPacket(digestResponse(challenge.token, credential, cnonce)));
  const verdict = await answer();
  if (verdict.status !== AUTH_STATUS.success) throw refused(address);
}

const refused = (address: QuorumAddress): ZkferryError =>
  new ZkferryError(
    'ZooKeeperAuthFailed',
    `the quorum port ${shown(address)} refused the user or password: check the SASL credential against the servers' JAAS section QuorumServer`,
    { details: { code: 'SaslRefused' } },
  );

export const unreachable = (address: QuorumAddress, why: string): ZkferryError =>
  new ZkferryError('ZooKeeperUnavailable', `the quorum port ${shown(address)}: ${why}`, {
    retryable: true,
    details: { code: 'QuorumPortUnreachable' },
  });

/** What a failed or broken connection says, by the code of Node or OpenSSL. */
export function connectionFailure(
  address: QuorumAddress,
  code: string,
  overTls: boolean,
): ZkferryError {
  const where = shown(address);
  if (code === 'ECONNREFUSED') {
    return unreachable(
      address,
      'nothing listens there; only the leader does, and it may have moved',
    );
  }
  if (/ALERT/.test(code)) {
    return authFailed(
      `the quorum port ${where} refused our certificate (${code}): give one its trust store holds`,
    );
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(code)) {
    return authFailed(
      `the certificate of the quorum port ${where} is not trusted (${code}): check the CA and the host name it was made out for`,
    );
  }
  if (overTls && /WRONG_VERSION|PROTOCOL|ECONNRESET/.test(code)) {
    return unreachable(
      address,
      `no TLS handshake (${code}): it speaks plain TCP (sslQuorum is off there), or takes no learner now`,
    );
  }
  return unreachable(address, `the connection failed (${code})`);
}

const authFailed = (message: string): ZkferryError =>
  new ZkferryError('ZooKeeperAuthFailed', message, { details: { code: 'TlsRefused' } });
