/**
 * The part of the npm package `zookeeper` (C client 3.8.0) that is used, typed. Measured of it:
 * - zxids come as doubles, exact up to 2^53, i.e. to epoch 2,097,151;
 * - `a_get_acl` brings the whole process down (SIGSEGV) when the request fails, NoNode or a lost
 *   connection: it is never called, see aclReader.ts;
 * - at `close()` every pending callback is called with -116; a request handed over while the client is
 *   not connected waits inside it without a deadline;
 * - after a failed attempt to connect it does not set its timer anew (node-zk.cpp, `yield`): where the very
 *   first attempt is refused at once it never makes another, and after a lost connection it may wait for a
 *   third of the session timeout. So opening is tried several times, each with a client of its own;
 * - with `debug_level` 0 nothing is written to stdout or stderr;
 * - after ten polls without a whole response it closes its own session, unless `response_counter_limit`
 *   says otherwise.
 */
import type { EventEmitter } from 'node:events';

export interface NativeStat {
  czxid: number;
  mzxid: number;
  pzxid: number;
  ctime: Date;
  mtime: Date;
  version: number;
  cversion: number;
  aversion: number;
  /** Hex without 0x. */
  ephemeralOwner: string;
  dataLength: number;
  numChildren: number;
}

type Callback<A extends unknown[]> = (rc: number, message: string, ...result: A) => void;

/** Methods return 0, or a negative code, in which case the callback is never called. */
export interface NativeClient extends EventEmitter {
  readonly client_id: string;
  /** Session timeout in ms as negotiated. */
  readonly timeout: number;
  readonly state: number;
  init(config: Record<string, unknown>): unknown;
  close(): unknown;
  add_auth(scheme: string, credential: string, callback: Callback<[]>): number;
  a_create(path: string, data: Buffer, flags: number, callback: Callback<[string]>): number;
  a_get(path: string, watch: boolean, callback: Callback<[NativeStat, Buffer | null]>): number;
  a_set(path: string, data: Buffer, version: number, callback: Callback<[NativeStat]>): number;
  a_exists(path: string, watch: boolean, callback: Callback<[NativeStat]>): number;
  a_get_children(path: string, watch: boolean, callback: Callback<[string[]]>): number;
  a_delete_(path: string, version: number, callback: Callback<[]>): number;
  a_sync(path: string, callback: Callback<[string]>): number;
  a_set_acl(
    path: string,
    version: number,
    acl: { perms: number; scheme: string; auth: string }[],
    callback: Callback<[]>,
  ): number;
}

export const FLAG_EPHEMERAL = 1;
export const FLAG_SEQUENCE = 2;

/** Codes with which the client's `close` event says that it gave up the session by itself. */
export const EXPIRED_STATE = -112;
export const AUTH_FAILED_STATE = -113;

type NativeConstructor = new (config: Record<string, unknown>) => NativeClient;

let constructor: NativeConstructor | undefined;

/** Loads the native module on first use, so that commands which need no session start without it. */
export function newNativeClient(config: Record<string, unknown>): NativeClient {
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  constructor ??= require('zookeeper') as NativeConstructor;
  return new constructor(config);
}
