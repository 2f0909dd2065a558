/** The part of the npm `zookeeper` client used here, as it behaves rather than as it is declared. */
import ZooKeeper from 'zookeeper';

export interface NativeStat {
  czxid: number;
  mzxid: number;
  version: number;
  /** Hexadecimal without prefix; `0` for a persistent znode. */
  ephemeralOwner: string;
}

type Reply<T extends unknown[]> = (code: number, message: string, ...values: T) => void;

/** Calls return a code at once: other than 0 means the request was never sent and no reply comes. */
export interface NativeClient {
  readonly state: number;
  readonly client_id: string;
  readonly client_password: string;
  readonly timeout: number;
  init(options: Record<string, unknown>): unknown;
  close(): unknown;
  set_servers(servers: string): number;
  a_create(path: string, data: Buffer, flags: number, reply: Reply<[string]>): number;
  a_get(path: string, watch: boolean, reply: Reply<[NativeStat, Buffer | null]>): number;
  a_set(path: string, data: Buffer, version: number, reply: Reply<[NativeStat]>): number;
  a_exists(path: string, watch: boolean, reply: Reply<[NativeStat]>): number;
  a_get_children(path: string, watch: boolean, reply: Reply<[string[]]>): number;
  a_delete_(path: string, version: number, reply: Reply<[]>): number;
  a_sync(path: string, reply: Reply<[string]>): number;
  on(event: 'connect' | 'connecting', listener: () => void): unknown;
  on(event: 'close', listener: (client: unknown, code: number) => void): unknown;
}

/** `state` of a client with a session and a connection (zk_adaptor.h, CONNECTED_STATE_DEF). */
export const CONNECTED = 3;
/** No connection and no attempt under way: 0 between attempts, 999 after a send found the connection reset. */
const IDLE_STATES = [0, 999];

export function isIdle(client: NativeClient): boolean {
  return IDLE_STATES.includes(client.state);
}

export interface NativeClientOptions {
  /** `host:port,…/chroot`, tried in this order. */
  connectString: string;
  sessionTimeoutMs: number;
  /** Takes up a session that already exists. */
  session?: { id: string; password: string };
}

/** A client that has not begun to connect: attach listeners, then `init(initOptions(…))`. */
export function createNativeClient(): NativeClient {
  return new ZooKeeper({}) as unknown as NativeClient;
}

export function initOptions(options: NativeClientOptions): Record<string, unknown> {
  return {
    connect: options.connectString,
    timeout: options.sessionTimeoutMs,
    // 0 switches the library's own output on standard error off.
    debug_level: 0,
    host_order_deterministic: true,
    // The wrapper closes its own session after this many polls without a reply; never do that.
    response_counter_limit: 0x7fffffff,
    ...(options.session && {
      client_id: options.session.id,
      client_password: options.session.password,
    }),
  };
}
