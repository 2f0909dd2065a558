/** ZooKeeper's result codes (KeeperException, zookeeper.h) → ZkferryError. */
import { isZkferryError, ZkferryError } from '../../model/errors';

const CODE_NAMES: Record<number, string> = {
  [-1]: 'SystemError',
  [-2]: 'RuntimeInconsistency',
  [-3]: 'DataInconsistency',
  [-4]: 'ConnectionLoss',
  [-5]: 'MarshallingError',
  [-6]: 'Unimplemented',
  [-7]: 'OperationTimeout',
  [-8]: 'BadArguments',
  [-9]: 'InvalidState',
  [-13]: 'NewConfigNoQuorum',
  [-14]: 'ReconfigInProgress',
  [-101]: 'NoNode',
  [-102]: 'NoAuth',
  [-103]: 'BadVersion',
  [-108]: 'NoChildrenForEphemerals',
  [-110]: 'NodeExists',
  [-111]: 'NotEmpty',
  [-112]: 'SessionExpired',
  [-114]: 'InvalidAcl',
  [-115]: 'AuthFailed',
  [-116]: 'Closing',
  [-118]: 'SessionMoved',
  [-119]: 'NotReadOnly',
  [-123]: 'ReconfigDisabled',
  [-125]: 'QuotaExceeded',
  [-127]: 'ThrottledOp',
};

/** After these a request may or may not have been carried out; asking again can help. */
const UNAVAILABLE = new Set([
  'SystemError',
  'ConnectionLoss',
  'OperationTimeout',
  'InvalidState',
  'SessionExpired',
  'Closing',
  'SessionMoved',
  'NotReadOnly',
  'ThrottledOp',
]);

const AUTH = new Set(['NoAuth', 'AuthFailed']);

const HINTS: Record<string, string> = {
  ConnectionLoss: 'the connection broke; a write may have been applied',
  OperationTimeout: 'no answer in time; a write may have been applied',
  SessionExpired: 'the session expired; open a new one',
  SessionMoved: 'the session reconnected elsewhere meanwhile; try again',
  NotReadOnly: 'the server is in read-only mode: it has no quorum',
};

const AUTH_HINTS: Record<string, string> = {
  NoAuth: "the znode's ACL does not allow this",
  AuthFailed: 'the server refused the credential',
};

const INVENTORY_AUTH = '"auth" of the ensemble in the inventory';

export interface OperationFailure {
  /** What was asked, e.g. `create`. */
  operation: string;
  path?: string;
  /** Where: connect string of the session. */
  servers: string;
  /** What gives the credentials, to be checked where they do not do; default the inventory. */
  authFrom?: string;
}

export const codeName = (rc: number): string => CODE_NAMES[rc] ?? `Code${rc}`;

/** The error for a result code or code name. `details.code` is the name. */
export function operationError(
  code: number | string,
  { operation, path, servers, authFrom = INVENTORY_AUTH }: OperationFailure,
  extra?: string,
): ZkferryError {
  const name = typeof code === 'number' ? codeName(code) : code;
  const where = path === undefined ? servers : `${path} at ${servers}`;
  const refusal = AUTH_HINTS[name];
  const hint = extra ?? (refusal === undefined ? HINTS[name] : `${refusal}: check ${authFrom}`);
  const message = `${operation} ${where} failed: ${name}${hint === undefined ? '' : ` (${hint})`}`;
  const details = { code: name, operation, path };
  if (UNAVAILABLE.has(name)) {
    return new ZkferryError('ZooKeeperUnavailable', message, { retryable: true, details });
  }
  return new ZkferryError(
    AUTH.has(name) ? 'ZooKeeperAuthFailed' : 'ZooKeeperRequestFailed',
    message,
    {
      details,
    },
  );
}

/** `details.code` of an error of this adapter (`NoNode`, `ConnectionLoss` …); undefined for any other. */
export function zooKeeperCode(error: unknown): string | undefined {
  if (!isZkferryError(error)) return undefined;
  const code = (error.options.details as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
