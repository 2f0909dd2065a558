/** A tree without sessions: what is right for a tree of the past, whose sessions may have ended, and their locks moved on. */
import { TXN_TYPE } from '../../codec/records';
import type { DataTree } from '../dataTree';

export interface Dropped {
  sessions: number;
  ephemerals: number;
}

/**
 * Closes every session as the server's closeSession does at `zxid`: ephemerals go, their parents' pzxid becomes `zxid`,
 * and cversions stay, so that sequence numbers go on and none is given twice. A client that comes back with a watch on
 * the children of such a parent is told by that pzxid. Ephemerals of sessions that the tree does not list go too.
 */
export function dropSessions(tree: DataTree, zxid: bigint): Dropped {
  const sessions = tree.sessions.size;
  const owners = [...new Set([...tree.sessions.keys(), ...tree.ephemeralOwners()])];
  owners.sort((one, other) => (one < other ? -1 : 1));
  let ephemerals = 0;
  for (const clientId of owners) {
    const { closed = [] } = tree.apply({
      header: { clientId, cxid: 0, zxid, time: 0n, type: TXN_TYPE.closeSession },
      body: { kind: 'closeSession', paths: null },
    });
    ephemerals += closed.length;
  }
  return { sessions, ephemerals };
}
