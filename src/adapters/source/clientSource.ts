/**
 * A tree read node by node through the client port: what is left where the quorum port is out of reach. It
 * moves while it is read, its container and TTL nodes look like plain ones, and who may not see an ACL
 * whole may not copy it.
 */
import {
  encodePath,
  encodeRead,
  decodeAclList,
  decodeData,
  OPCODE,
} from '../../codec/clientProtocol';
import { decodeChildren2, encodeGetChildren2 } from '../../codec/clientRequests';
import { ZkferryError } from '../../model/errors';
import type { ZkAcl, ZkStat } from '../../model/ports';
import { nextSequenceSeen } from '../../tree/counters';
import type { SourceNode, TreeSource } from '../../tree/source';
import { Connection, type ConnectionOptions } from '../zookeeper/connection';
import { zooKeeperCode } from '../zookeeper/errors';

export interface ClientSourceOptions extends Omit<ConnectionOptions, 'sessionTimeoutMs'> {
  /** Where reading begins, absolute. */
  root: string;
  sessions?: number;
  /** False: ACLs are read but may be incomplete, as for a comparison of data alone. */
  refuseRedacted?: boolean;
  signal?: AbortSignal;
}

const SESSIONS = 4;
const SESSION_TIMEOUT_MS = 20_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Nodes asked for at once, three requests each at most. */
const NODES_AT_ONCE = 512;
/** Subtrees every server keeps for itself. */
const SKIPPED = '/zookeeper';

export class ClientSource implements TreeSource {
  readonly knowsTypes = false;
  private readonly connections: Connection[];
  private turn = 0;

  constructor(private readonly options: ClientSourceOptions) {
    const { servers, auth, shown } = options;
    this.connections = Array.from(
      { length: options.sessions ?? SESSIONS },
      () => new Connection({ servers, auth, shown, sessionTimeoutMs: SESSION_TIMEOUT_MS }),
    );
  }

  get shown(): string {
    return `${this.options.shown}, read through the client port`;
  }

  /** Depth first by blocks: what waits to be read is at most the children of the nodes above it. */
  async *nodes(): AsyncGenerator<SourceNode[]> {
    const waiting: string[] = [this.options.root];
    while (waiting.length > 0) {
      this.options.signal?.throwIfAborted();
      const block = waiting.splice(-NODES_AT_ONCE);
      const read = await Promise.all(block.map((path) => this.read(path)));
      const nodes: SourceNode[] = [];
      for (const found of read) {
        if (found === undefined) continue;
        nodes.push(found.node);
        const prefix = found.node.path === '/' ? '/' : `${found.node.path}/`;
        for (const child of found.children)
          if (prefix + child !== SKIPPED) waiting.push(prefix + child);
      }
      if (nodes.length > 0) yield nodes;
    }
  }

  async node(path: string): Promise<SourceNode | undefined> {
    return (await this.read(path, false))?.node;
  }

  async close(): Promise<void> {
    await Promise.all(this.connections.map((connection) => connection.close()));
  }

  /** undefined: deleted meanwhile. Any other failure, an unreadable node too, ends the reading. */
  private async read(
    path: string,
    mustBe = path === this.options.root,
  ): Promise<{ node: SourceNode; children: string[] } | undefined> {
    const connection = this.connections[this.turn++ % this.connections.length]!;
    const ask = <T>(
      operation: string,
      encode: (xid: number) => Buffer,
      decode: (body: Buffer) => T,
    ) => connection.request({ operation, path, timeoutMs: REQUEST_TIMEOUT_MS }, encode, decode);
    try {
      const [{ data, stat }, acl, { children }] = await Promise.all([
        ask('get', (xid) => encodeRead(xid, OPCODE.getData, path), decodeData),
        ask('getAcl', (xid) => encodePath(xid, OPCODE.getAcl, path), decodeAclList),
        ask('getChildren', (xid) => encodeGetChildren2(xid, path), decodeChildren2),
      ]);
      if (this.options.refuseRedacted !== false) refuseRedacted(path, acl);
      return { node: { path, data, acl, stat: recordOf(stat) }, children };
    } catch (error) {
      if (zooKeeperCode(error) === 'NoNode' && !mustBe) return undefined;
      throw error;
    }
  }
}

/** From 3.8 on, whoever may not administer a node is shown `user:x` in place of its digest. */
function refuseRedacted(path: string, acl: readonly ZkAcl[]): void {
  const redacted = acl.find(({ scheme, id }) => scheme === 'digest' && id.endsWith(':x'));
  if (redacted === undefined) return;
  throw new ZkferryError(
    'ZooKeeperAuthFailed',
    `the ACL of ${path} is shown without its digest (digest:${redacted.id}): copied so, it would lock ${redacted.id.slice(0, -2)} out; authenticate as an administrator of the node, or read through the quorum port`,
  );
}

function recordOf(stat: ZkStat): SourceNode['stat'] {
  return {
    czxid: BigInt(stat.czxid),
    mzxid: BigInt(stat.mzxid),
    pzxid: BigInt(stat.pzxid),
    ctime: BigInt(stat.ctimeMs),
    mtime: BigInt(stat.mtimeMs),
    version: stat.version,
    cversion: nextSequenceSeen(stat),
    aversion: stat.aversion,
    ephemeralOwner: BigInt.asIntN(64, BigInt(stat.ephemeralOwner)),
  };
}
