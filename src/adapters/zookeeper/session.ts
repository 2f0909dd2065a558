/** ZkSession on the npm client. */
import { ZkferryError } from '../../model/errors';
import type { SessionOptions, ZkAcl, ZkSession, ZkStat } from '../../model/ports';
import { readAcl } from './aclReader';
import { connectStringOf, showServers } from './addresses';
import { Connection } from './connection';
import { operationError, zooKeeperCode } from './errors';
import { FLAG_EPHEMERAL, FLAG_SEQUENCE, type NativeStat } from './nativeClient';

export const DEFAULT_SESSION_TIMEOUT_MS = 10_000;
export const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
export const DEFAULT_OPERATION_TIMEOUT_MS = 10_000;
const ANY_VERSION = -1;

/** Doubles are exact to 2^53 only: a larger zxid (epoch above 2,097,151) is refused, not rounded. */
export function zxidOf(value: number): string {
  if (!Number.isSafeInteger(value)) {
    throw new ZkferryError(
      'Unsupported',
      `zxid ${value} is too large for the client in use (epochs up to 2,097,151)`,
    );
  }
  // Negative only for the stat of a znode no transaction has touched (-1 never occurs on 3.4–3.9).
  return `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`;
}

function statOf(stat: NativeStat): ZkStat {
  return {
    czxid: zxidOf(stat.czxid),
    mzxid: zxidOf(stat.mzxid),
    pzxid: zxidOf(stat.pzxid),
    ctimeMs: stat.ctime.getTime(),
    mtimeMs: stat.mtime.getTime(),
    version: stat.version,
    cversion: stat.cversion,
    aversion: stat.aversion,
    ephemeralOwner: `0x${stat.ephemeralOwner}`,
    dataLength: stat.dataLength,
    numChildren: stat.numChildren,
  };
}

/** A session, and whether it has a connection right now. */
export interface OpenSession extends ZkSession {
  readonly isConnected: boolean;
  /** As negotiated with the server. */
  readonly sessionTimeoutMs: number;
}

/** First attempt at connecting; each further one may take half as long again. See nativeClient.ts for why there are several. */
const FIRST_ATTEMPT_MS = 500;
const ATTEMPT_GROWTH = 1.5;
const PAUSE_BETWEEN_ATTEMPTS_MS = 50;

/** Tries until connected or out of time; whatever does not connect is closed again. */
async function connectInTime(
  shown: string,
  connectString: string,
  options: SessionOptions,
  timeoutMs: number,
): Promise<Connection> {
  const deadline = performance.now() + timeoutMs;
  const sessionTimeoutMs = options.sessionTimeoutMs ?? DEFAULT_SESSION_TIMEOUT_MS;
  for (let attemptMs = FIRST_ATTEMPT_MS; ; attemptMs *= ATTEMPT_GROWTH) {
    options.signal?.throwIfAborted();
    const leftMs = Math.max(1, deadline - performance.now());
    const connection = new Connection(shown, connectString, sessionTimeoutMs);
    const onAbort = (): void => void connection.close();
    options.signal?.addEventListener('abort', onAbort, { once: true });
    void connection.ended.then(() => options.signal?.removeEventListener('abort', onAbort));
    try {
      const waitMs = connection.isStuck ? 0 : Math.min(attemptMs, leftMs);
      await connection.whenConnected(waitMs, 'connecting to');
      return connection;
    } catch (error) {
      await connection.close();
      options.signal?.throwIfAborted();
      if (performance.now() + PAUSE_BETWEEN_ATTEMPTS_MS >= deadline) {
        throw operationError(
          zooKeeperCode(error) ?? 'ConnectionLoss',
          { operation: 'connecting to', servers: shown },
          `no session within ${Math.round(timeoutMs)} ms`,
        );
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_BETWEEN_ATTEMPTS_MS));
    }
  }
}

/**
 * Opens a session and adds its credentials. ZooKeeperUnavailable (retryable) where no server takes it within
 * `connectTimeoutMs`; an aborted `signal` rejects with its reason, and closes the session later on.
 */
export async function openSession(options: SessionOptions): Promise<OpenSession> {
  const { signal } = options;
  signal?.throwIfAborted();
  const connectTimeoutMs = options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS;
  const shown = showServers(options.servers);
  const started = performance.now();
  const connectString = await connectStringOf(options.servers, connectTimeoutMs);
  const leftMs = Math.max(1, connectTimeoutMs - (performance.now() - started));
  const connection = await connectInTime(shown, connectString, options, leftMs);
  try {
    for (const { scheme, credential } of options.auth ?? []) {
      await connection.request('adding a credential at', undefined, connectTimeoutMs, (done) =>
        connection.client.add_auth(scheme, credential, done),
      );
    }
  } catch (error) {
    await connection.close();
    signal?.throwIfAborted();
    throw error;
  }
  return sessionOn(connection, options, shown);
}

function sessionOn(connection: Connection, options: SessionOptions, shown: string): OpenSession {
  const timeoutMs = options.operationTimeoutMs ?? DEFAULT_OPERATION_TIMEOUT_MS;
  const { client } = connection;
  const sessionId = `0x${client.client_id}`;
  const sessionTimeoutMs = client.timeout;

  return {
    sessionId,
    sessionTimeoutMs,
    ended: connection.ended,
    get isConnected() {
      return connection.isConnected;
    },
    async create(path, data, { ephemeral = false, sequential = false } = {}) {
      const flags = (ephemeral ? FLAG_EPHEMERAL : 0) | (sequential ? FLAG_SEQUENCE : 0);
      const [created] = await connection.request<[string]>('create', path, timeoutMs, (done) =>
        client.a_create(path, data, flags, done),
      );
      return created;
    },
    async get(path) {
      const [stat, data] = await connection.request<[NativeStat, Buffer | null]>(
        'get',
        path,
        timeoutMs,
        (done) => client.a_get(path, false, done),
      );
      return { data, stat: statOf(stat) };
    },
    async set(path, data, version = ANY_VERSION) {
      const [stat] = await connection.request<[NativeStat]>('set', path, timeoutMs, (done) =>
        client.a_set(path, data, version, done),
      );
      return statOf(stat);
    },
    async exists(path) {
      try {
        const [stat] = await connection.request<[NativeStat]>('exists', path, timeoutMs, (done) =>
          client.a_exists(path, false, done),
        );
        return statOf(stat);
      } catch (error) {
        if (zooKeeperCode(error) === 'NoNode') return null;
        throw error;
      }
    },
    async children(path) {
      const [names] = await connection.request<[string[]]>('getChildren', path, timeoutMs, (done) =>
        client.a_get_children(path, false, done),
      );
      return names;
    },
    async delete(path, version = ANY_VERSION) {
      await connection.request('delete', path, timeoutMs, (done) =>
        client.a_delete_(path, version, done),
      );
    },
    async sync(path) {
      await connection.request<[string]>('sync', path, timeoutMs, (done) =>
        client.a_sync(path, done),
      );
    },
    async getAcl(path): Promise<ZkAcl[]> {
      if (!connection.isConnected) await connection.whenConnected(timeoutMs, 'getAcl', path);
      return readAcl({ servers: options.servers, auth: options.auth ?? [], path, timeoutMs });
    },
    async setAcl(path, acl, version = ANY_VERSION) {
      if (acl.length === 0) {
        throw operationError('InvalidAcl', { operation: 'setAcl', path, servers: shown });
      }
      const entries = acl.map(({ perms, scheme, id }) => ({ perms, scheme, auth: id }));
      await connection.request('setAcl', path, timeoutMs, (done) =>
        client.a_set_acl(path, version, entries, done),
      );
    },
    close: () => connection.close(),
  };
}
