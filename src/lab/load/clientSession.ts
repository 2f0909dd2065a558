/**
 * One ZooKeeper session of a load client, kept for as long as the ensemble keeps it.
 *
 * The C client under npm `zookeeper` tries each server of its list once at full speed; when the last
 * one fails (a server that is up but not serving closes the connection, which counts as failing) it
 * waits for its next timer, up to a third of the session timeout: 3.3 s at 10 s. That pause would be
 * measured as the ensemble's. So where `reviveAfterMs` is set, an attempt that stands still is dropped
 * without closing the session, and a fresh client takes the same session up by id and password.
 *
 * A fresh client forgets the last zxid its session saw, so a revived session may see an older tree
 * until it syncs: `view` changes with it. Readers, which check exactly that, are not revived.
 *
 * One more trap of that client: a request that meets a connection already reset closes the socket inside
 * the call, says nothing, and leaves the poll handle on a file descriptor the next socket will get; the
 * process then dies of it. So the state is looked at after every call, and nothing is called from inside
 * the client's own callbacks.
 */
import { CONNECTED, createNativeClient, initOptions, isIdle } from './nativeClient';
import type { NativeClient, NativeStat } from './nativeClient';
import { outcomeOf, ZSESSIONEXPIRED } from './outcome';
import type { SessionRecord } from './journalRecords';
import { rotated } from './connectString';

const WATCH_EVERY_MS = 5;

/** Stands in while one client has gone and the next has not come. */
const NO_CLIENT = { state: 0 } as NativeClient;

export type Result<T> =
  | { outcome: 'acked'; value: T }
  | { outcome: 'unknown' | 'failed'; code: number | 'deadline' | 'ended' };

export interface ClientSessionOptions {
  /** Tried in this order. */
  servers: string[];
  chroot: string;
  sessionTimeoutMs: number;
  operationTimeoutMs: number;
  /** 0: never revived. */
  reviveAfterMs: number;
  onChange?(what: SessionRecord['what'], sessionId: string, timeoutMs: number): void;
}

export class ClientSession {
  private client!: NativeClient;
  private servers: string[];
  private credentials: { id: string; password: string } | undefined;
  private watch: NodeJS.Timeout | undefined;
  private attemptSince = 0;
  private patienceMs = 0;
  /** Clients used so far. */
  private generation = 0;
  private ended = false;
  private waiting: (() => void)[] = [];

  constructor(private readonly options: ClientSessionOptions) {
    this.servers = options.servers;
    this.connect();
  }

  get connected(): boolean {
    return !this.ended && this.client.state === CONNECTED;
  }

  /** Closed by `close`; nothing will ever connect again. */
  get closed(): boolean {
    return this.ended;
  }

  /** `0x…`; `0x0` until the first connection. */
  get sessionId(): string {
    return `0x${this.credentials?.id ?? '0'}`;
  }

  /** Names the stretch within which ZooKeeper promises that reads never go back. */
  get view(): string {
    return `${this.sessionId}/${this.generation}`;
  }

  /** Whether there is a connection by `deadlineMs` from now; resolves the moment there is one. */
  async whenConnected(deadlineMs: number): Promise<boolean> {
    if (this.connected || this.ended) return this.connected;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.waiting = this.waiting.filter((waiter) => waiter !== done);
        resolve();
      };
      const timer = setTimeout(done, deadlineMs);
      this.waiting.push(done);
    });
    return this.connected;
  }

  /** Creates with an open ACL; resolves with the path, sequence number included. */
  create(
    path: string,
    data: Buffer,
    kind: { ephemeral?: boolean; sequential?: boolean } = {},
  ): Promise<Result<string>> {
    const flags = (kind.ephemeral ? 1 : 0) | (kind.sequential ? 2 : 0);
    return this.call((client, reply) =>
      client.a_create(path, data, flags, (code, _message, created) => reply(code, created)),
    );
  }

  set(path: string, data: Buffer, version: number): Promise<Result<NativeStat>> {
    return this.call((client, reply) =>
      client.a_set(path, data, version, (code, _message, stat) => reply(code, stat)),
    );
  }

  get(path: string): Promise<Result<{ stat: NativeStat; data: Buffer | null }>> {
    return this.call((client, reply) =>
      client.a_get(path, false, (code, _message, stat, data) => reply(code, { stat, data })),
    );
  }

  exists(path: string): Promise<Result<NativeStat>> {
    return this.call((client, reply) =>
      client.a_exists(path, false, (code, _message, stat) => reply(code, stat)),
    );
  }

  children(path: string): Promise<Result<string[]>> {
    return this.call((client, reply) =>
      client.a_get_children(path, false, (code, _message, names) => reply(code, names)),
    );
  }

  /** Whatever its version is. */
  delete(path: string): Promise<Result<undefined>> {
    return this.call((client, reply) =>
      client.a_delete_(path, -1, (code) => reply(code, undefined)),
    );
  }

  sync(path: string): Promise<Result<string>> {
    return this.call((client, reply) =>
      client.a_sync(path, (code, _message, synced) => reply(code, synced)),
    );
  }

  /** Moves to other servers, session and all; stays where it is if that server is one of them. */
  redirect(servers: string[]): void {
    this.servers = servers;
    if (this.ended) return;
    this.client.set_servers(servers.join(','));
    this.replaceIfDropped(this.client);
  }

  /** Closes the session at the server, where there is a connection. Blocks the process while it does. */
  async close(): Promise<void> {
    if (this.ended) return;
    this.ended = true;
    this.stopWatch();
    this.wake();
    await new Promise((resolve) => setImmediate(resolve));
    this.client.close();
    this.options.onChange?.('closed', this.sessionId, 0);
  }

  private connect(): void {
    const client = createNativeClient();
    this.client = client;
    client.on('connect', () => this.onConnect(client));
    client.on('connecting', () => this.startWatch(client));
    client.on('close', (_client, code) => this.onClose(client, code));
    const servers = rotated(this.servers, this.generation++).join(',');
    client.init(
      initOptions({
        connectString: servers + this.options.chroot,
        sessionTimeoutMs: this.options.sessionTimeoutMs,
        session: this.credentials,
      }),
    );
    this.startWatch(client);
  }

  private onConnect(client: NativeClient): void {
    if (client !== this.client || this.ended) return;
    this.stopWatch();
    const before = this.credentials?.id;
    this.credentials = { id: client.client_id, password: client.client_password };
    const what = before === client.client_id ? 'reconnected' : 'opened';
    this.options.onChange?.(what, this.sessionId, client.timeout);
    setImmediate(() => this.wake());
  }

  /** Comes here only when the server ended the session: `close` and `replace` turn away first. */
  private onClose(client: NativeClient, code: number): void {
    if (client !== this.client || this.ended) return;
    this.stopWatch();
    if (code === ZSESSIONEXPIRED) this.options.onChange?.('lost', this.sessionId, 0);
    this.credentials = undefined;
    setImmediate(() => {
      if (!this.ended && client === this.client) this.connect();
    });
  }

  private wake(): void {
    for (const waiter of [...this.waiting]) waiter();
  }

  private startWatch(client: NativeClient): void {
    if (client !== this.client || this.ended) return;
    this.attemptSince = performance.now();
    // Sessions that lost their server together try again out of step, so that one of them is soon first.
    this.patienceMs = this.options.reviveAfterMs * (0.5 + Math.random());
    if (this.options.reviveAfterMs === 0 || this.watch !== undefined) return;
    this.watch = setInterval(() => this.look(), WATCH_EVERY_MS);
  }

  private stopWatch(): void {
    clearInterval(this.watch);
    this.watch = undefined;
  }

  private look(): void {
    if (this.connected) return;
    const allowedMs = isIdle(this.client) ? this.patienceMs : this.attemptMs();
    if (performance.now() - this.attemptSince >= allowedMs) this.replace();
  }

  /**
   * How long an attempt under way may go unanswered. One that makes a session is never cut short: the
   * server may have made it by then.
   */
  private attemptMs(): number {
    return this.credentials === undefined ? Infinity : this.options.sessionTimeoutMs / 3;
  }

  private replaceIfDropped(client: NativeClient): void {
    if (client === this.client && !this.ended && isIdle(client)) this.replace();
  }

  /**
   * Takes the session up with a fresh client. The old one, which must not be connected, is closed first:
   * that tells the server nothing, and frees its file descriptor's poll handle.
   */
  private replace(): void {
    const old = this.client;
    this.stopWatch();
    this.client = NO_CLIENT;
    old.close();
    this.connect();
  }

  /** Never rejects; settles by the reply or by the operation's deadline, whichever is first. */
  private call<T>(
    send: (client: NativeClient, reply: (code: number, value: T) => void) => number,
  ): Promise<Result<T>> {
    return new Promise((resolve) => {
      if (this.ended) return resolve({ outcome: 'failed', code: 'ended' });
      const timer = setTimeout(
        () => resolve({ outcome: 'unknown', code: 'deadline' }),
        this.options.operationTimeoutMs,
      );
      const settle = (result: Result<T>) => {
        clearTimeout(timer);
        setImmediate(() => resolve(result));
      };
      const { client } = this;
      const sent = send(client, (code, value) => {
        const outcome = outcomeOf(code);
        settle(outcome === 'acked' ? { outcome, value } : { outcome, code });
      });
      if (sent !== 0) settle({ outcome: 'failed', code: sent });
      this.replaceIfDropped(client);
    });
  }
}
