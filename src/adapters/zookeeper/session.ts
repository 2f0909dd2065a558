/** Sessions: the ZkSession of the port, one method a request. */
import {
  decodeAclList,
  decodeData,
  decodeStat,
  decodeString,
  decodeStrings,
  encodeCreate,
  encodeDelete,
  encodePath,
  encodeRead,
  encodeSetAcl,
  encodeSetData,
  OPCODE,
} from '../../codec/clientProtocol';
import { encodeReconfig } from '../../codec/clientRequests';
import { ZkferryError } from '../../model/errors';
import { hostPort } from '../../model/hostPort';
import type { SessionOptions, ZkAcl, ZkSession } from '../../model/ports';
import { Connection } from './connection';
import { zooKeeperCode } from './errors';

export const DEFAULT_SESSION_TIMEOUT_MS = 10_000;
export const DEFAULT_CONNECT_TIMEOUT_MS = 10_000;
export const DEFAULT_OPERATION_TIMEOUT_MS = 10_000;
const MAX_SERVERS = 64;
const ANY_VERSION = -1;
const FLAG_EPHEMERAL = 1;
const FLAG_SEQUENCE = 2;
const OPEN_TO_ALL: ZkAcl[] = [{ perms: 31, scheme: 'world', id: 'anyone' }];

/** A session, and whether it has a connection right now. */
export interface OpenSession extends ZkSession {
  readonly isConnected: boolean;
  /** As negotiated with the server. */
  readonly sessionTimeoutMs: number;
}

/**
 * Opens a session and adds its credentials. ZooKeeperUnavailable (retryable) where no server takes it within
 * `connectTimeoutMs`; ZooKeeperAuthFailed for a scheme the server does not know. An aborted `signal` rejects
 * with its reason, and closes the session later on.
 */
export async function openSession(options: SessionOptions): Promise<OpenSession> {
  const { servers, signal } = options;
  if (servers.length === 0 || servers.length > MAX_SERVERS) {
    throw new ZkferryError(
      'InvalidInput',
      `expected 1–${MAX_SERVERS} servers, got ${servers.length}`,
    );
  }
  signal?.throwIfAborted();
  const connection = new Connection({
    servers,
    sessionTimeoutMs: options.sessionTimeoutMs ?? DEFAULT_SESSION_TIMEOUT_MS,
    auth: options.auth ?? [],
    authFrom: options.authFrom,
    shown: servers.map(({ host, clientPort }) => hostPort(host, clientPort)).join(','),
  });
  const onAbort = (): void => void connection.close();
  signal?.addEventListener('abort', onAbort, { once: true });
  void connection.ended.then(() => signal?.removeEventListener('abort', onAbort));
  try {
    const timeoutMs = options.connectTimeoutMs ?? DEFAULT_CONNECT_TIMEOUT_MS;
    await connection.whenConnected(timeoutMs, 'opening a session at');
  } catch (error) {
    await connection.close();
    signal?.throwIfAborted();
    throw error;
  }
  const { sessionId } = connection;
  own.add(sessionId);
  void connection.ended.then(() => own.delete(sessionId));
  return sessionOn(connection, options.operationTimeoutMs ?? DEFAULT_OPERATION_TIMEOUT_MS);
}

const own = new Set<string>();

/** Whether this process has it open: then it is no client's. */
export const isOwnSession = (sessionId: string): boolean => own.has(sessionId);

function sessionOn(connection: Connection, timeoutMs: number): OpenSession {
  const ask = <T>(
    operation: string,
    path: string,
    encode: (xid: number) => Buffer,
    decode: (body: Buffer) => T,
  ): Promise<T> => connection.request({ operation, path, timeoutMs }, encode, decode);
  const nothing = (): void => undefined;

  return {
    sessionId: connection.sessionId,
    sessionTimeoutMs: connection.sessionTimeoutMs,
    ended: connection.ended,
    get isConnected() {
      return connection.isConnected;
    },
    create(path, data, { ephemeral = false, sequential = false, acl = OPEN_TO_ALL } = {}) {
      const flags = (ephemeral ? FLAG_EPHEMERAL : 0) | (sequential ? FLAG_SEQUENCE : 0);
      return ask('create', path, (xid) => encodeCreate(xid, path, data, acl, flags), decodeString);
    },
    get: (path) => ask('get', path, (xid) => encodeRead(xid, OPCODE.getData, path), decodeData),
    set: (path, data, version = ANY_VERSION) =>
      ask('set', path, (xid) => encodeSetData(xid, path, data, version), decodeStat),
    async exists(path) {
      try {
        return await ask('exists', path, (xid) => encodeRead(xid, OPCODE.exists, path), decodeStat);
      } catch (error) {
        if (zooKeeperCode(error) === 'NoNode') return null;
        throw error;
      }
    },
    children: (path) =>
      ask('getChildren', path, (xid) => encodeRead(xid, OPCODE.getChildren, path), decodeStrings),
    delete: (path, version = ANY_VERSION) =>
      ask('delete', path, (xid) => encodeDelete(xid, path, version), nothing),
    sync: (path) => ask('sync', path, (xid) => encodePath(xid, OPCODE.sync, path), nothing),
    getAcl: (path) =>
      ask('getAcl', path, (xid) => encodePath(xid, OPCODE.getAcl, path), decodeAclList),
    setAcl: (path, acl, version = ANY_VERSION) =>
      ask('setAcl', path, (xid) => encodeSetAcl(xid, path, acl, version), nothing),
    reconfig: ({ joining, leaving, fromVersion }) =>
      ask(
        'reconfig',
        '/zookeeper/config',
        (xid) =>
          encodeReconfig(xid, {
            joining: joining.length > 0 ? joining.join(',') : null,
            leaving: leaving.length > 0 ? leaving.join(',') : null,
            newMembers: null,
            fromConfig: BigInt(fromVersion),
          }),
        nothing,
      ),
    close: () => connection.close(),
  };
}
