/**
 * One session of the native client with what that lacks: every request has a deadline, none is handed over
 * while there is no connection (it would wait inside the client and could be sent much later), and none
 * is forgotten when the session ends.
 */
import {
  AUTH_FAILED_STATE,
  EXPIRED_STATE,
  newNativeClient,
  type NativeClient,
} from './nativeClient';
import { operationError } from './errors';

export type SessionEnd = 'expired' | 'authFailed' | 'closed';
type Outcome = SessionEnd | 'connected' | 'failed';

/** Requests waiting or in flight in one session; more are refused. */
const MAX_PENDING = 4_096;
/** Connecting, associating, connected (zookeeper.h). */
const LIVE_STATES = new Set([1, 2, 3]);
const UNLIMITED = 2 ** 31 - 1;

const END_CODES: Record<Exclude<Outcome, 'connected'>, string> = {
  failed: 'ConnectionLoss',
  expired: 'SessionExpired',
  authFailed: 'AuthFailed',
  closed: 'Closing',
};

export class Connection {
  readonly client: NativeClient;
  readonly ended: Promise<SessionEnd>;
  private endedAs: SessionEnd | undefined;
  private connected = false;
  private everConnected = false;
  private settleEnded!: (end: SessionEnd) => void;
  private readonly waiting = new Set<(outcome: Outcome) => void>();
  private readonly pending = new Set<(end: SessionEnd) => void>();

  constructor(
    private readonly shown: string,
    connectString: string,
    sessionTimeoutMs: number,
  ) {
    this.ended = new Promise((resolve) => (this.settleEnded = resolve));
    this.client = newNativeClient({
      connect: connectString,
      timeout: sessionTimeoutMs,
      debug_level: 0,
      host_order_deterministic: false,
      response_counter_limit: UNLIMITED,
    });
    this.client.on('connect', () => {
      this.connected = this.everConnected = true;
      this.wake('connected');
    });
    this.client.on('connecting', () => {
      this.connected = false;
      // A server that accepts connections without serving: whoever opens the session may try another way.
      if (!this.everConnected) this.wake('failed');
    });
    this.client.on('close', (_client: unknown, code: number) => {
      if (code === EXPIRED_STATE) this.end('expired');
      else this.end(code === AUTH_FAILED_STATE ? 'authFailed' : 'closed');
    });
    this.client.init({});
  }

  get isConnected(): boolean {
    return this.connected && this.endedAs === undefined;
  }

  /** The client gave up its first attempt and will not make another (see nativeClient.ts). */
  get isStuck(): boolean {
    return !LIVE_STATES.has(this.client.state);
  }

  private wake(outcome: Outcome): void {
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const settle of waiting) settle(outcome);
  }

  private end(end: SessionEnd): void {
    if (this.endedAs !== undefined) return;
    this.endedAs = end;
    this.connected = false;
    this.wake(end);
    for (const settle of [...this.pending]) settle(end);
    this.settleEnded(end);
  }

  /** Resolves when connected; rejects with ZooKeeperUnavailable or ZooKeeperAuthFailed otherwise. */
  whenConnected(timeoutMs: number, operation: string, path?: string): Promise<void> {
    const failure = { operation, path, servers: this.shown };
    if (this.endedAs !== undefined) {
      return Promise.reject(operationError(END_CODES[this.endedAs], failure));
    }
    if (this.connected) return Promise.resolve();
    if (this.waiting.size >= MAX_PENDING) {
      return Promise.reject(
        operationError('ThrottledOp', failure, 'too many requests are waiting'),
      );
    }
    return new Promise((resolve, reject) => {
      const settle = (outcome: Outcome): void => {
        clearTimeout(timer);
        this.waiting.delete(settle);
        if (outcome === 'connected') resolve();
        else reject(operationError(END_CODES[outcome], failure));
      };
      const timer = setTimeout(() => {
        this.waiting.delete(settle);
        reject(
          operationError(
            'ConnectionLoss',
            failure,
            `no connection within ${timeoutMs} ms; not sent`,
          ),
        );
      }, timeoutMs);
      this.waiting.add(settle);
    });
  }

  /**
   * Waits for a connection and runs one request, both within `timeoutMs`. After `OperationTimeout` and
   * `ConnectionLoss` of a request that was sent, whether it was applied is not known.
   */
  async request<R extends unknown[]>(
    operation: string,
    path: string | undefined,
    timeoutMs: number,
    start: (callback: (rc: number, message: string, ...result: R) => void) => number,
  ): Promise<R> {
    const failure = { operation, path, servers: this.shown };
    const deadline = performance.now() + timeoutMs;
    if (!this.isConnected) await this.whenConnected(timeoutMs, operation, path);
    if (this.pending.size >= MAX_PENDING) {
      throw operationError('ThrottledOp', failure, 'too many requests are in flight');
    }
    return new Promise((resolve, reject) => {
      const onEnd = (end: SessionEnd): void =>
        settle(() => reject(operationError(END_CODES[end], failure)));
      const timer = setTimeout(
        () => settle(() => reject(operationError('OperationTimeout', failure))),
        Math.max(1, deadline - performance.now()),
      );
      const settle = (act: () => void): void => {
        clearTimeout(timer);
        this.pending.delete(onEnd);
        act();
      };
      this.pending.add(onEnd);
      const rc = start((code, _message, ...result) =>
        settle(() => (code === 0 ? resolve(result) : reject(operationError(code, failure)))),
      );
      if (rc !== 0) settle(() => reject(operationError(rc, failure)));
    });
  }

  /**
   * Ends the session. The native close runs outside any of the client's callbacks; it sends the close
   * request and returns without waiting for the answer (at most 3 s where the socket takes no bytes).
   */
  async close(): Promise<void> {
    if (this.endedAs !== undefined) return;
    this.end('closed');
    await new Promise<void>((resolve) => {
      setImmediate(() => {
        this.client.close();
        resolve();
      });
    });
  }
}
