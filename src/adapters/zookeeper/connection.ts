/**
 * One session: keeps it connected to one of its servers after the other, and runs requests over it.
 *
 * Written instead of using the npm package `zookeeper` (a binding of the C client), which in a process with
 * several sessions and dying servers was seen to abort the process (uv_poll_start on a handle whose
 * initialisation had failed), crashes on every failed getACL, and after a refused connection waits up to a
 * third of the session timeout, or for ever at the first attempt.
 *
 * Every request has a deadline; none is sent without a connection, so none is carried out long after its
 * caller gave up waiting for one; none is forgotten when the session ends.
 */
import {
  decodeReply,
  encodeAuth,
  encodeBare,
  hexOf,
  NEW_SESSION,
  OPCODE,
  XID,
  type ConnectReply,
  type Reply,
  type SessionTicket,
} from '../../codec/clientProtocol';
import { operationError, type OperationFailure } from './errors';
import type { ServerAddress } from './fourLetterClient';
import { Wire } from './wire';
import { hostPort } from '../../model/hostPort';

export type SessionEnd = 'expired' | 'authFailed' | 'closed';

/** Requests waiting or in flight in one session; more are refused. */
const MAX_PENDING = 4_096;
const RETRY_ROUND_AFTER_MS = 50;
/** Most one server may take for connection and handshake before the next is tried. */
const HANDSHAKE_TIMEOUT_MS = 2_000;
const CLOSE_TIMEOUT_MS = 500;
const MAX_XID = 0x7fff_ffff;

const END_CODES: Record<SessionEnd, string> = {
  expired: 'SessionExpired',
  authFailed: 'AuthFailed',
  closed: 'Closing',
};

interface Pending {
  settle(act: 'lost' | SessionEnd | Reply): void;
}

export interface ConnectionOptions {
  servers: readonly ServerAddress[];
  sessionTimeoutMs: number;
  auth: readonly { scheme: string; credential: string }[];
  /** The servers, for messages. */
  shown: string;
  /** What gives `auth`, for messages; default the inventory. */
  authFrom?: string;
  /** A session that exists, to be taken over; by default a new one. */
  ticket?: SessionTicket;
  /** A server that has not applied this transaction lets the session not in. Default 0: any will do. */
  seenZxid?: bigint;
}

export class Connection {
  readonly ended: Promise<SessionEnd>;
  private endedAs: SessionEnd | undefined;
  private settleEnded!: (end: SessionEnd) => void;
  private wire: Wire | undefined;
  private connected = false;
  private authPending = 0;
  private ticket: SessionTicket;
  private negotiatedMs: number;
  private lastZxid: bigint;
  private nextXid = 1;
  private attempts = 0;
  private lastFailure = 'not tried yet';
  private retry: NodeJS.Timeout | undefined;
  private readonly waiting = new Set<(outcome: SessionEnd | 'connected') => void>();
  private readonly pending = new Map<number, Pending>();

  constructor(private readonly options: ConnectionOptions) {
    this.negotiatedMs = options.sessionTimeoutMs;
    this.lastZxid = options.seenZxid ?? 0n;
    this.ticket = options.ticket ?? NEW_SESSION;
    this.attempts = Math.floor(Math.random() * options.servers.length);
    this.ended = new Promise((resolve) => (this.settleEnded = resolve));
    this.attempt();
  }

  get isConnected(): boolean {
    return this.connected;
  }

  /** The last transaction that its server had applied, as the newest answer said; `seenZxid` before any. */
  get seenZxid(): bigint {
    return this.lastZxid;
  }

  get sessionId(): string {
    return hexOf(this.ticket.sessionId);
  }

  /** What takes the session over; whoever has it is the session. */
  get sessionTicket(): SessionTicket {
    return this.ticket;
  }

  get sessionTimeoutMs(): number {
    return this.negotiatedMs;
  }

  private attempt(): void {
    const { servers, sessionTimeoutMs } = this.options;
    const server = servers[this.attempts % servers.length]!;
    this.attempts += 1;
    const wire = new Wire(
      server,
      {
        sessionTimeoutMs,
        lastZxid: this.lastZxid,
        ticket: this.ticket,
        handshakeTimeoutMs: Math.min(HANDSHAKE_TIMEOUT_MS, sessionTimeoutMs / 3),
      },
      {
        onOpen: (reply) => this.opened(reply),
        onFrame: (frame) => this.received(decodeReply(frame)),
        onEnd: (reason) =>
          this.disconnected(`${hostPort(server.host, server.clientPort)}: ${reason}`),
      },
    );
    this.wire = wire;
  }

  private opened(reply: ConnectReply): void {
    if (reply.timeoutMs <= 0 || reply.sessionId === 0n) return this.end('expired');
    this.ticket = { sessionId: reply.sessionId, password: reply.password };
    this.negotiatedMs = reply.timeoutMs;
    this.authPending = this.options.auth.length;
    for (const { scheme, credential } of this.options.auth) {
      this.wire?.send(encodeAuth(scheme, credential));
    }
    if (this.authPending === 0) this.ready();
  }

  private ready(): void {
    this.connected = true;
    this.wake('connected');
  }

  private received(reply: Reply): void {
    if (reply.zxid > this.lastZxid) this.lastZxid = reply.zxid;
    if (reply.xid === XID.auth) {
      if (reply.error !== 0) return this.end('authFailed');
      this.authPending -= 1;
      if (this.authPending === 0) this.ready();
    } else {
      this.pending.get(reply.xid)?.settle(reply);
    }
  }

  private disconnected(reason: string): void {
    this.connected = false;
    this.wire = undefined;
    if (this.endedAs !== undefined) return;
    this.lastFailure = reason;
    for (const request of [...this.pending.values()]) request.settle('lost');
    // Between rounds through all servers a pause, within a round none.
    const roundIsOver = this.attempts % this.options.servers.length === 0;
    this.retry = setTimeout(() => this.attempt(), roundIsOver ? RETRY_ROUND_AFTER_MS : 0);
  }

  private wake(outcome: SessionEnd | 'connected'): void {
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const settle of waiting) settle(outcome);
  }

  private end(end: SessionEnd): void {
    if (this.endedAs !== undefined) return;
    this.endedAs = end;
    this.connected = false;
    clearTimeout(this.retry);
    this.wire?.end(end);
    this.wake(end);
    for (const request of [...this.pending.values()]) request.settle(end);
    this.settleEnded(end);
  }

  private failureOf(operation: string, path?: string): OperationFailure {
    const { shown: servers, authFrom } = this.options;
    return { operation, path, servers, authFrom };
  }

  /** Resolves when connected; rejects with ZooKeeperUnavailable or ZooKeeperAuthFailed otherwise. */
  whenConnected(timeoutMs: number, operation: string, path?: string): Promise<void> {
    const failure = this.failureOf(operation, path);
    if (this.endedAs !== undefined) {
      return Promise.reject(operationError(END_CODES[this.endedAs], failure));
    }
    if (this.connected) return Promise.resolve();
    if (this.waiting.size >= MAX_PENDING) {
      return Promise.reject(operationError('ThrottledOp', failure, 'too many requests wait'));
    }
    return new Promise((resolve, reject) => {
      const settle = (outcome: SessionEnd | 'connected'): void => {
        clearTimeout(timer);
        this.waiting.delete(settle);
        if (outcome === 'connected') resolve();
        else reject(operationError(END_CODES[outcome], failure));
      };
      const timer = setTimeout(() => {
        this.waiting.delete(settle);
        const detail = `no connection within ${Math.round(timeoutMs)} ms; last tried ${this.lastFailure}`;
        reject(operationError('ConnectionLoss', failure, detail));
      }, timeoutMs);
      this.waiting.add(settle);
    });
  }

  /**
   * Waits for a connection and runs one request, both within `timeoutMs`. After `OperationTimeout`, and
   * after `ConnectionLoss` of a request that was sent, whether it was applied is not known.
   */
  async request<T>(
    { operation, path, timeoutMs }: { operation: string; path: string; timeoutMs: number },
    encode: (xid: number) => Buffer,
    decode: (body: Buffer) => T,
  ): Promise<T> {
    const failure = this.failureOf(operation, path);
    const deadline = performance.now() + timeoutMs;
    if (!this.connected) await this.whenConnected(timeoutMs, operation, path);
    if (this.pending.size >= MAX_PENDING) {
      throw operationError('ThrottledOp', failure, 'too many requests are in flight');
    }
    const xid = this.nextXid;
    this.nextXid = xid === MAX_XID ? 1 : xid + 1;
    const reply = await new Promise<Reply>((resolve, reject) => {
      const settle: Pending['settle'] = (outcome) => {
        clearTimeout(timer);
        this.pending.delete(xid);
        if (typeof outcome === 'object') resolve(outcome);
        else {
          const code = outcome === 'lost' ? 'ConnectionLoss' : END_CODES[outcome];
          reject(operationError(code, failure));
        }
      };
      const timer = setTimeout(
        () => {
          this.pending.delete(xid);
          reject(operationError('OperationTimeout', failure));
        },
        Math.max(1, deadline - performance.now()),
      );
      this.pending.set(xid, { settle });
      this.wire?.send(encode(xid));
    });
    if (reply.error !== 0) throw operationError(reply.error, failure);
    return decode(reply.body);
  }

  /** Ends the connection; the session lives until it times out, or another connection takes it over. */
  leave(): void {
    this.end('closed');
  }

  /** Ends the session at the server where there is a connection, waiting at most half a second for its word. */
  async close(): Promise<void> {
    if (this.endedAs !== undefined) return;
    if (this.connected) {
      const closing = { operation: 'closing', path: '/', timeoutMs: CLOSE_TIMEOUT_MS };
      await this.request(
        closing,
        (xid) => encodeBare(xid, OPCODE.closeSession),
        () => undefined,
      ).catch(() => undefined);
    }
    this.end('closed');
  }
}
