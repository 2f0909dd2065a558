/** The two questions the lab asks a server itself: how are you, and do you commit. */
import { connect } from 'node:net';

export interface Address {
  host: string;
  clientPort: number;
}

export interface Srvr {
  version: string;
  mode: string;
  zxid: string;
}

const MAX_ANSWER_BYTES = 64 * 1024;

/** Opens a connection, hands every received byte to `onData` until that resolves or `timeoutMs` have passed. */
function converse<T>(
  { host, clientPort }: Address,
  timeoutMs: number,
  first: Buffer,
  onData: (received: Buffer, ended: boolean, send: (bytes: Buffer) => void) => T | undefined,
): Promise<T | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: clientPort });
    let received = Buffer.alloc(0);
    const finish = (result: T | undefined) => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const timer = setTimeout(() => finish(undefined), timeoutMs);
    const ask = (ended: boolean) => {
      const result = onData(received, ended, (bytes) => socket.write(bytes));
      if (result !== undefined || ended || received.length > MAX_ANSWER_BYTES) finish(result);
    };
    socket.on('connect', () => socket.write(first));
    socket.on('data', (piece) => {
      received = Buffer.concat([received, piece]);
      ask(false);
    });
    socket.on('end', () => ask(true));
    socket.on('error', () => finish(undefined));
  });
}

/** `srvr` of one server; undefined when it does not answer within `timeoutMs` or does not serve. */
export function srvr(address: Address, timeoutMs = 1_000): Promise<Srvr | undefined> {
  return converse(address, timeoutMs, Buffer.from('srvr'), (received, ended) => {
    if (!ended) return undefined;
    const text = received.toString('utf8');
    const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1];
    const [version, mode, zxid] = [field('Zookeeper version'), field('Mode'), field('Zxid')];
    return version !== undefined && mode !== undefined && zxid !== undefined
      ? { version, mode, zxid }
      : undefined;
  });
}

const SESSION_TIMEOUT_MS = 10_000;

/** ConnectRequest of the client protocol, for a new session (ZooKeeper: zookeeper.jute). */
function connectRequest(): Buffer {
  const bytes = Buffer.alloc(4 + 45);
  bytes.writeInt32BE(45, 0);
  bytes.writeInt32BE(SESSION_TIMEOUT_MS, 4 + 12);
  bytes.writeInt32BE(16, 4 + 24);
  return bytes;
}

/** RequestHeader {xid 1, closeSession −11}. */
function closeRequest(): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeInt32BE(8, 0);
  bytes.writeInt32BE(1, 4);
  bytes.writeInt32BE(-11, 8);
  return bytes;
}

/**
 * Opens and closes a session on one server: two committed transactions that leave no znode. False if
 * they were not both acknowledged within `timeoutMs`.
 */
export async function commitTransaction(address: Address, timeoutMs = 5_000): Promise<boolean> {
  let closing = false;
  const committed = await converse<true>(
    address,
    timeoutMs,
    connectRequest(),
    (received, _ended, send) => {
      if (received.length < 4) return undefined;
      const answerBytes = 4 + received.readInt32BE(0);
      if (received.length < answerBytes) return undefined;
      if (!closing) {
        // Time-out 0 refuses the session.
        if (received.readInt32BE(8) <= 0) return undefined;
        closing = true;
        send(closeRequest());
      }
      return received.length > answerBytes ? true : undefined;
    },
  );
  return committed === true;
}
