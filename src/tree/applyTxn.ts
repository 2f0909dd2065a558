/**
 * What each transaction does to the nodes, after DataTree.java of 3.9. Where older servers differ
 * they do so only while replaying over a fuzzy snapshot, where the later rules come closer to the
 * leader's own tree; the one other difference is `cversionWraps`.
 */
import type { AclEntry, TxnBody, TxnHeader } from '../codec/records';
import { ZkferryError } from '../model/errors';
import { LAST_SEQUENCE } from './counters';
import type { Nodes, TreeNode } from './nodes';
import { CONTAINER_OWNER, ttlOwner } from './nodeType';

/** KeeperException codes that applying can end in. */
export const CODE = { ok: 0, noNode: -101, nodeExists: -110 } as const;

export interface Rules {
  readonly nodes: Nodes;
  readonly sessions: Map<bigint, number>;
  readonly cversionWraps: boolean;
}

export interface Outcome {
  /**
   * KeeperException code the server has for it: of an error transaction its own, of a multi that
   * failed its first; NoNode and NodeExists otherwise mean a transaction the snapshot has already.
   */
  code: number;
  /** Paths a closeSession removed, whether the record names them or not. Absent where none was. */
  closed?: string[];
}

const LOWEST_CVERSION = -0x8000_0000;

/** @throws ZkferryError BackupInvalid for what no server writes */
export function applyTxn(rules: Rules, header: TxnHeader, body: TxnBody): Outcome {
  switch (body.kind) {
    case 'createSession':
      rules.sessions.set(header.clientId, body.timeoutMs);
      return { code: CODE.ok };
    case 'closeSession':
      return closeSession(rules, header, body.paths);
    case 'setAcl':
      return { code: setAcl(rules.nodes, body.path, body.acl, body.version) };
    case 'reconfig':
      return { code: setData(rules.nodes, body.path, body.data, body.version, header) };
    case 'error':
      return { code: body.code };
    case 'multi':
      return { code: multi(rules, header, body.txns) };
    default:
      return { code: applyPart(rules, header, body) };
  }
}

/** What may stand alone or in a multi. */
function applyPart(rules: Rules, header: TxnHeader, body: TxnBody): number {
  switch (body.kind) {
    case 'create':
    case 'create2':
      return create(rules, header, body, body.ephemeral ? header.clientId : 0n);
    case 'createContainer':
      return create(rules, header, body, CONTAINER_OWNER);
    case 'createTtl':
      return create(rules, header, body, ttlOwner(body.ttl));
    case 'delete':
    case 'deleteContainer':
      return remove(rules.nodes, body.path, header.zxid);
    case 'setData':
      return setData(rules.nodes, body.path, body.data, body.version, header);
    case 'check':
      return CODE.ok;
    default:
      throw broken(`a multi with a ${body.kind} in it`);
  }
}

function multi(rules: Rules, header: TxnHeader, parts: TxnBody[]): number {
  let code: number = CODE.ok;
  let failed = false;
  for (const part of parts) {
    if (part.kind !== 'error') continue;
    failed = true;
    if (code === CODE.ok && part.rest === undefined) code = part.code;
  }
  if (failed) return code;
  for (const part of parts) {
    const partCode = applyPart(rules, header, part);
    if (code === CODE.ok) code = partCode;
  }
  return code;
}

type Create = Extract<TxnBody, { parentCversion: number }>;

/**
 * A node that exists already gets the ACL and its parent the counter, as after a replay; servers raise
 * the counter there for plain `create` only and stay behind the leader for the other kinds.
 */
function create(rules: Rules, header: TxnHeader, body: Create, owner: bigint): number {
  const { nodes } = rules;
  const { path } = body;
  const slash = splitPath(path);
  const parent = nodes.parentOf(path, slash);
  if (parent === undefined) return CODE.noNode;
  const acl = nodes.acls.use(body.acl);
  const name = path.substring(slash + 1);
  const existing = parent.children?.get(name);
  raiseCversion(rules, parent, body.parentCversion, header.zxid);
  if (existing !== undefined) {
    nodes.setAcl(existing, acl);
    return CODE.nodeExists;
  }
  nodes.insertNew(parent, name, path, body.data, acl, owner, header.zxid, header.time);
  return CODE.ok;
}

function raiseCversion(rules: Rules, parent: TreeNode, written: number, zxid: bigint): void {
  const { stats } = rules.nodes;
  const current = stats.cversion(parent.row);
  // -1 is what servers before 3.4 wrote: they left the counting to whoever applies.
  const next = written === -1 ? (current + 1) | 0 : written;
  const wraps = rules.cversionWraps && current === LAST_SEQUENCE && next === LOWEST_CVERSION;
  if (next <= current && !wraps) return;
  stats.setCversion(parent.row, next);
  stats.setPzxid(parent.row, zxid);
  rules.nodes.restat(parent);
}

function remove(nodes: Nodes, path: string, zxid: bigint): number {
  const slash = splitPath(path);
  const parent = nodes.parentOf(path, slash);
  if (parent === undefined) return CODE.noNode;
  // Even where the node is gone already: the parent may have been written to the snapshot before that.
  if (zxid > nodes.stats.pzxid(parent.row)) {
    nodes.stats.setPzxid(parent.row, zxid);
    nodes.restat(parent);
  }
  const node = parent.children?.get(path.substring(slash + 1));
  if (node === undefined) return CODE.noNode;
  nodes.remove(node);
  return CODE.ok;
}

function setData(
  nodes: Nodes,
  path: string,
  data: Buffer | null,
  version: number,
  header: TxnHeader,
): number {
  const node = nodes.find(path);
  if (node === undefined) return CODE.noNode;
  nodes.setData(node, path, data, version, header.zxid, header.time);
  return CODE.ok;
}

function setAcl(nodes: Nodes, path: string, acl: AclEntry[] | null, version: number): number {
  const node = nodes.find(path);
  if (node === undefined) return CODE.noNode;
  nodes.setAcl(node, nodes.acls.use(acl));
  nodes.stats.setAversion(node.row, version);
  nodes.restat(node);
  return CODE.ok;
}

/** First the paths the record names, from 3.6 on, then whatever else the session still owns here. */
function closeSession(rules: Rules, header: TxnHeader, paths: string[] | null): Outcome {
  const { nodes } = rules;
  rules.sessions.delete(header.clientId);
  const closed: string[] = [];
  const close = (path: string) => {
    if (remove(nodes, path, header.zxid) === CODE.ok) closed.push(path);
  };
  paths?.forEach(close);
  const owned = nodes.ownedBy(header.clientId);
  if (owned !== undefined) Array.from(owned, (node) => nodes.pathOf(node)).forEach(close);
  return closed.length === 0 ? { code: CODE.ok } : { code: CODE.ok, closed };
}

/**
 * Where the parent's path ends: at the last slash.
 *
 * @throws ZkferryError BackupInvalid for the root, or what is no absolute path
 */
export function splitPath(path: string): number {
  const slash = path.lastIndexOf('/');
  if (path.charCodeAt(0) !== 47 || slash === path.length - 1) {
    throw broken(`the path ${JSON.stringify(path.slice(0, 200))}`);
  }
  return slash;
}

export function broken(what: string): ZkferryError {
  return new ZkferryError(
    'BackupInvalid',
    `no ZooKeeper server writes ${what}: the snapshot or log is damaged, take it from another server`,
    { details: { code: 'BrokenTree' } },
  );
}
