/** The ACLs that would have kept a copy out of its own nodes: set at the end, children before parents. */
import { encodeSetAcl } from '../../codec/clientProtocol';
import { isZkferryError } from '../../model/errors';
import type { FinalAcl } from '../../tree/copy/operations';
import { Connection } from '../zookeeper/connection';
import { zooKeeperCode } from '../zookeeper/errors';
import type { CopyTarget } from './copyTree';

const AT_ONCE = 64;
const SESSION_TIMEOUT_MS = 20_000;
const REQUEST_TIMEOUT_MS = 30_000;
const TRIES = 10;
const ANY_VERSION = -1;

/** `acls` in the order in which the nodes were created. */
export async function setFinalAcls(target: CopyTarget, acls: readonly FinalAcl[]): Promise<void> {
  if (acls.length === 0) return;
  const { servers, auth, shown } = target;
  const connection = new Connection({
    servers,
    auth,
    shown,
    sessionTimeoutMs: SESSION_TIMEOUT_MS,
  });
  try {
    for (let end = acls.length; end > 0; end -= AT_ONCE) {
      const block = acls.slice(Math.max(0, end - AT_ONCE), end).reverse();
      await Promise.all(block.map((entry) => setAcl(connection, entry)));
    }
  } finally {
    await connection.close();
  }
}

async function setAcl(connection: Connection, { path, acl }: FinalAcl): Promise<void> {
  let mayBeSet = false;
  for (let attempt = 1; ; attempt++) {
    try {
      await connection.request(
        { operation: 'setAcl', path, timeoutMs: REQUEST_TIMEOUT_MS },
        (xid) => encodeSetAcl(xid, path, acl, ANY_VERSION),
        () => undefined,
      );
      return;
    } catch (error) {
      // A first attempt whose answer was lost has set it, and shut the copy out.
      if (mayBeSet && zooKeeperCode(error) === 'NoAuth') return;
      if (!isZkferryError(error) || !error.retryable || attempt === TRIES) throw error;
      mayBeSet = true;
    }
  }
}
