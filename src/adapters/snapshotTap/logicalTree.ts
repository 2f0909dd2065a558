/**
 * A tree read znode by znode through the client port, as a snapshot that a server starts on.
 *
 * Left out: sessions and their ephemerals, which no client can read; /zookeeper with its quotas, which is put in as servers
 * begin it; zkferry's own znodes. Containers and znodes with a time to live look like plain ones. The rest is as it is:
 * data, ACLs, versions, times, zxids, and the number of the next sequential child.
 *
 * It is read while it moves. Before, each session has its server catch up with what is committed (sync): all that was
 * committed up to `readFrom` is in it. Every answer names the last transaction that its server had applied: the highest of
 * these is the tree's zxid, and nothing later is in it. Where the two are the same it is of one moment.
 */
import { DataTree } from '../../tree/dataTree';
import { nodeType } from '../../tree/nodeType';
import type { SourceNode } from '../../tree/source';
import { ClientSource, type ClientSourceOptions } from '../source/clientSource';
import { writeTree } from '../source/writeTree';
import type { ServerAddress } from '../zookeeper/fourLetterClient';
import type { TakenTree, TakeTree } from './snapshotTap';

export interface LogicalTreeOptions extends Pick<
  ClientSourceOptions,
  'shown' | 'auth' | 'authFrom' | 'sessions'
> {
  /** At least one. */
  servers: readonly ServerAddress[];
  /** zkferry's own znodes, with all below. */
  ownRoot: string;
  /** Of the server, where it tells. */
  versionOf: (server: ServerAddress, signal: AbortSignal) => Promise<string | undefined>;
}

/** ZooKeeperUnavailable (retryable), ZooKeeperAuthFailed (an unreadable znode or ACL, by its path), NoDiskSpace. */
export const logicalTree =
  ({ ownRoot, versionOf, ...options }: LogicalTreeOptions): TakeTree =>
  async ({ directory, signal }): Promise<TakenTree> => {
    const source = new ClientSource({ ...options, root: '/', leftOut: [ownRoot], signal });
    const seen = { highest: 0n };
    try {
      const readFrom = await source.catchUp();
      const { file, bytes } = await writeTree(readable(source, seen), directory, signal);
      const { seenZxid } = source;
      const zxid = seen.highest > seenZxid ? seen.highest : seenZxid;
      const [server] = options.servers;
      const version = await versionOf(server!, signal).catch(() => undefined);
      return {
        ...{ file, bytes, zxid },
        ...(readFrom < zxid && { readFrom }),
        server: { ...server!, ...(version !== undefined && { version }) },
      };
    } finally {
      await source.close();
    }
  };

/** Without ephemerals, and with what every server has of its own. */
async function* readable(
  source: ClientSource,
  seen: { highest: bigint },
): AsyncGenerator<SourceNode[]> {
  let isFirst = true;
  for await (const nodes of source.nodes()) {
    const kept: SourceNode[] = [];
    for (const node of nodes) {
      for (const zxid of [node.stat.czxid, node.stat.mzxid, node.stat.pzxid])
        if (zxid > seen.highest) seen.highest = zxid;
      if (nodeType(node.stat.ephemeralOwner) !== 'ephemeral') kept.push(node);
    }
    // The root comes first, alone.
    yield isFirst ? [...kept, ...systemNodes()] : kept;
    isFirst = false;
  }
}

const OPEN = [{ perms: 31, scheme: 'world', id: 'anyone' }];

/** Without these a server does not start. */
const systemNodes = (): SourceNode[] =>
  [...DataTree.empty(true).nodes()]
    .filter(({ path }) => path !== '/')
    .map(({ path, data, acl, stat }) => ({ path, data, acl: acl ?? OPEN, stat }));
