/**
 * Why a quorum port hung up on a plain learner: asked only after it did. Both questions are what a real
 * learner might begin with, so that a leader takes no harm: it reads them, and drops the connection.
 */
import { connect as connectTcp } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { decodeAuthPacket, encodeAuthPacket } from '../../codec/quorum/auth';
import type { QuorumAddress } from './quorumSocket';
import { receive } from './receive';

const ASK_TIMEOUT_MS = 1_500;

export async function diagnosePort(address: QuorumAddress): Promise<'tls' | 'sasl' | 'unknown'> {
  if (await speaksTls(address)) return 'tls';
  return (await speaksSasl(address)) ? 'sasl' : 'unknown';
}

/** A handshake, or an alert: either is TLS. */
function speaksTls({ quorumHost: host, quorumPort: port }: QuorumAddress): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTls({ host, port, rejectUnauthorized: false });
    const settle = (yes: boolean): void => {
      clearTimeout(timer);
      socket.on('error', () => undefined).destroy();
      resolve(yes);
    };
    const timer = setTimeout(() => settle(false), ASK_TIMEOUT_MS);
    socket.on('secureConnect', () => settle(true));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      settle(/ALERT/.test(error.code ?? error.message)),
    );
    socket.on('close', () => settle(false));
  });
}

/** Only a port with SASL answers an empty first token, with a challenge. */
async function speaksSasl({ quorumHost: host, quorumPort: port }: QuorumAddress): Promise<boolean> {
  const socket = connectTcp({ host, port, noDelay: true });
  try {
    socket.write(encodeAuthPacket(Buffer.alloc(0)));
    const answer = await receive(
      socket,
      (bytes) => {
        const decoded = decodeAuthPacket(bytes);
        return decoded && { value: true, length: decoded.length };
      },
      { timeoutMs: ASK_TIMEOUT_MS },
    );
    return answer.kind === 'value';
  } catch {
    return false;
  } finally {
    socket.on('error', () => undefined).destroy();
  }
}
