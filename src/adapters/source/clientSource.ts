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
import { persistently } from '../zookeeper/persistently';

export interface ClientSourceOptions extends Omit<ConnectionOptions, 'sessionTimeoutMs'> {
  /** Where reading begins, absolute. */
  root: string;
  sessions?: number;
  /** False: ACLs are read but may be incomplete, as for a comparison of data alone. */
  refuseRedacted?: boolean;
  /** Not read, nor what is below; beside /zookeeper. */
  leftOut?: readonly string[];
  signal?: AbortSignal;
}

const SESSIONS = 4;
const SESSION_TIMEOUT_MS = 20_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** Nodes asked for at once, two requests each. */
const NODES_AT_ONCE = 512;
/** Of data asked for at once: a server holds all of it until it is sent. */
const BYTES_AT_ONCE = 8 << 20;
/** Subtrees every server keeps for itself. */
const SKIPPED = '/zookeeper';

export class ClientSource implements TreeSource {
  readonly knowsTypes = false;
  private readonly connections: Connection[];
  private turn = 0;
  private hasAnswered = false;
  private readonly leftOut: ReadonlySet<string>;

  constructor(private readonly options: ClientSourceOptions) {
    this.leftOut = new Set([SKIPPED, ...(options.leftOut ?? [])]);
    this.connections = Array.from({ length: options.sessions ?? SESSIONS }, () => this.connect());
  }

  get shown(): string {
    return `${this.options.shown}, read through the client port`;
  }

  /** The highest zxid that any server has named in an answer. */
  get seenZxid(): bigint {
    return this.connections.map(({ seenZxid }) => seenZxid).reduce((a, b) => (a > b ? a : b), 0n);
  }

  /**
   * All sessions are there, and the server of each has applied what is committed by now. Resolves with a zxid: what is
   * read from now on holds everything up to it.
   */
  async catchUp(): Promise<bigint> {
    // The sessions are transactions themselves: those of all are there after the first round.
    for (let round = 0; round < 2; round += 1)
      await Promise.all(this.connections.map(() => this.sync()));
    return this.connections.map(({ seenZxid }) => seenZxid).reduce((a, b) => (a < b ? a : b));
  }

  /** Of the session whose turn it is. */
  private sync(): Promise<void> {
    const { root } = this.options;
    return this.ask(
      'sync',
      root,
      (xid) => encodePath(xid, OPCODE.sync, root),
      () => undefined,
    );
  }

  /** Depth first by blocks: what waits to be read is at most the children of the nodes above it. */
  async *nodes(): AsyncGenerator<SourceNode[]> {
    const waiting: string[] = [this.options.root];
    while (waiting.length > 0) {
      this.options.signal?.throwIfAborted();
      const block = waiting.splice(-NODES_AT_ONCE);
      const listed = await Promise.all(block.map((path) => this.list(path)));
      const nodes = await this.read(listed.filter((node) => node !== undefined));
      for (const { path, children } of nodes) {
        const prefix = path === '/' ? '/' : `${path}/`;
        for (const child of children)
          if (!this.leftOut.has(prefix + child)) waiting.push(prefix + child);
      }
      if (nodes.length > 0) yield nodes.map(({ node }) => node);
    }
  }

  async node(path: string): Promise<SourceNode | undefined> {
    const listed = await this.list(path, false);
    return listed && (await this.read([listed], false))[0]?.node;
  }

  async close(): Promise<void> {
    await Promise.all(this.connections.map((connection) => connection.close()));
  }

  /** undefined: deleted meanwhile. Any other failure, an unreadable node too, ends the reading. */
  private list(path: string, mustBe = path === this.options.root): Promise<Listed | undefined> {
    return unlessGone(mustBe, async () => {
      const [acl, { children, stat }] = await Promise.all([
        this.ask('getAcl', path, (xid) => encodePath(xid, OPCODE.getAcl, path), decodeAclList),
        this.ask('getChildren', path, (xid) => encodeGetChildren2(xid, path), decodeChildren2),
      ]);
      if (this.options.refuseRedacted !== false) refuseRedacted(path, acl);
      return { path, acl, children, bytes: stat.dataLength };
    });
  }

  private async read(
    listed: readonly Listed[],
    mustBe = true,
  ): Promise<(Listed & { node: SourceNode })[]> {
    const nodes: (Listed & { node: SourceNode })[] = [];
    for (let from = 0; from < listed.length;) {
      let to = from;
      for (let bytes = 0; to < listed.length && (to === from || bytes < BYTES_AT_ONCE); to += 1)
        bytes += listed[to]!.bytes;
      const read = await Promise.all(
        listed.slice(from, to).map((one) => this.readData(one, mustBe)),
      );
      for (const one of read) if (one !== undefined) nodes.push(one);
      from = to;
    }
    return nodes;
  }

  private readData(
    listed: Listed,
    mustBe: boolean,
  ): Promise<(Listed & { node: SourceNode }) | undefined> {
    const { path, acl } = listed;
    return unlessGone(mustBe && path === this.options.root, async () => {
      const encode = (xid: number) => encodeRead(xid, OPCODE.getData, path);
      const { data, stat } = await this.ask('get', path, encode, decodeData);
      return { ...listed, node: { path, data, acl, stat: recordOf(stat) } };
    });
  }

  /** What has worked before is worth another try. */
  private async ask<T>(
    operation: string,
    path: string,
    encode: (xid: number) => Buffer,
    decode: (body: Buffer) => T,
  ): Promise<T> {
    const slot = this.turn++ % this.connections.length;
    const request = { operation, path, timeoutMs: REQUEST_TIMEOUT_MS };
    const once = async () => {
      const connection = this.connections[slot]!;
      try {
        return await connection.request(request, encode, decode);
      } catch (error) {
        const isExpired = zooKeeperCode(error) === 'SessionExpired';
        if (isExpired && this.connections[slot] === connection)
          this.connections[slot] = this.connect();
        if (!isExpired) throw error;
        return this.connections[slot]!.request(request, encode, decode);
      }
    };
    const answer = await (this.hasAnswered ? persistently(once) : once());
    this.hasAnswered = true;
    return answer;
  }

  private connect(): Connection {
    const { servers, auth, authFrom, shown } = this.options;
    return new Connection({
      ...{ servers, auth, authFrom, shown, sessionTimeoutMs: SESSION_TIMEOUT_MS },
      // In place of an expired one: what was read must not be followed by what is older.
      seenZxid: this.connections === undefined ? 0n : this.seenZxid,
    });
  }
}

interface Listed {
  path: string;
  acl: ZkAcl[];
  children: string[];
  /** Of its data. */
  bytes: number;
}

async function unlessGone<T>(mustBe: boolean, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (zooKeeperCode(error) === 'NoNode' && !mustBe) return undefined;
    throw error;
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
