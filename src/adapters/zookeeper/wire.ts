/** One TCP connection to one server, from handshake to its end. Knows frames and pings, no requests. */
import { randomInt } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import {
  decodeConnect,
  encodeBare,
  encodeConnect,
  FrameSplitter,
  OPCODE,
  XID,
  type ConnectReply,
  type SessionTicket,
} from '../../codec/clientProtocol';
import type { ServerAddress } from './fourLetterClient';

export interface WireHandlers {
  /** After the handshake; `timeoutMs` 0: the session is gone. */
  onOpen(reply: ConnectReply): void;
  onFrame(frame: Buffer): void;
  /** Exactly once, whatever ended it. */
  onEnd(reason: string): void;
}

export interface WireOptions {
  sessionTimeoutMs: number;
  lastZxid: bigint;
  ticket: SessionTicket;
  /** For connecting and the handshake. */
  handshakeTimeoutMs: number;
}

export class Wire {
  private readonly socket: Socket;
  private readonly splitter = new FrameSplitter();
  private open = false;
  private ended = false;
  private timer: NodeJS.Timeout;
  private pinger: NodeJS.Timeout | undefined;
  private lastSent = 0;
  private silenceLimitMs = 0;

  constructor(
    address: ServerAddress,
    options: WireOptions,
    private readonly handlers: WireHandlers,
  ) {
    const { sessionTimeoutMs, lastZxid, ticket, handshakeTimeoutMs } = options;
    const { host, clientPort: port, localPorts } = address;
    // One that is taken fails, and the next attempt has another.
    const localPort = localPorts && randomInt(localPorts.from, localPorts.to + 1);
    this.socket = connect({ host, port, noDelay: true, ...(localPort && { localPort }) });
    this.timer = setTimeout(
      () => this.end(`no session within ${Math.round(handshakeTimeoutMs)} ms`),
      handshakeTimeoutMs,
    );
    this.socket.on('connect', () =>
      this.socket.write(encodeConnect(sessionTimeoutMs, lastZxid, ticket)),
    );
    this.socket.on('data', (chunk: Buffer) => this.received(chunk));
    this.socket.on('error', (error: NodeJS.ErrnoException) =>
      this.end(error.code ?? error.message),
    );
    this.socket.on('close', () => this.end('the server closed the connection'));
  }

  private received(chunk: Buffer): void {
    try {
      for (const frame of this.splitter.push(chunk)) {
        if (this.ended) return;
        if (this.open) this.handlers.onFrame(frame);
        else this.opened(decodeConnect(frame));
      }
    } catch (error) {
      this.end((error as Error).message);
    }
    if (this.open && !this.ended) this.timer.refresh();
  }

  /** Pings every third of the timeout, and gives up after two thirds of silence, as ZooKeeper's own clients do. */
  private opened(reply: ConnectReply): void {
    this.open = true;
    clearTimeout(this.timer);
    this.silenceLimitMs = Math.max(1, (reply.timeoutMs * 2) / 3);
    const pingEveryMs = Math.max(1, reply.timeoutMs / 3);
    this.timer = setTimeout(
      () => this.end(`nothing heard for ${Math.round(this.silenceLimitMs)} ms`),
      this.silenceLimitMs,
    );
    this.pinger = setInterval(() => {
      if (performance.now() - this.lastSent >= pingEveryMs / 2) {
        this.send(encodeBare(XID.ping, OPCODE.ping));
      }
    }, pingEveryMs / 2);
    this.handlers.onOpen(reply);
  }

  send(frame: Buffer): void {
    if (this.ended) return;
    this.lastSent = performance.now();
    this.socket.write(frame);
  }

  end(reason: string): void {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.timer);
    clearInterval(this.pinger);
    this.socket.destroy();
    this.handlers.onEnd(reason);
  }
}
