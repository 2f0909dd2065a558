/** Whether a running server serves a tree, as far as a client can tell: data, ACLs and every field of the stat. */
import { isServersOwn } from '../../tree/compareTrees';
import type { DataTree } from '../../tree/dataTree';
import { servedDifferences, type ServedDifference } from '../../tree/restore/servedNode';
import { ClientSource } from '../source/clientSource';
import type { ServerAddress } from '../zookeeper/fourLetterClient';

export interface CompareServedOptions {
  /** Of somebody who may read everything: the superuser, where ACLs restrict. */
  auth?: readonly { scheme: string; credential: string }[];
  /** Paths to leave out. What servers write for themselves is always left out. */
  ignore?: (path: string) => boolean;
  signal?: AbortSignal;
}

export interface ServedComparison {
  /** On both sides. */
  nodes: number;
  /** All of them; the first are in `differences`. */
  differing: number;
  differences: ServedDifference[];
}

const MAX_LISTED = 100;
/** Read apart, since a client source leaves out `/zookeeper`. */
const QUOTAS = '/zookeeper/quota';
const SYSTEM_ROOT = '/zookeeper';

/**
 * Reads the whole tree through the client port. The server must be written to by nobody else meanwhile. Node types are
 * seen as far as they show: an ephemeral's owner, but no container or TTL. Holds the path of every node.
 *
 * @throws ZkferryError ZooKeeperUnavailable, ZooKeeperRequestFailed (NoAuth: `auth` may not read a node)
 */
export async function compareServed(
  tree: DataTree,
  server: ServerAddress,
  { auth = [], ignore = () => false, signal }: CompareServedOptions = {},
): Promise<ServedComparison> {
  const found: ServedComparison = { nodes: 0, differing: 0, differences: [] };
  const seen = new Set<string>();
  const note = (difference: ServedDifference) => {
    found.differing += 1;
    if (found.differences.length < MAX_LISTED) found.differences.push(difference);
  };
  const isLeftOut = (path: string) => ignore(path) || isServersOwn(path);
  for (const root of ['/', QUOTAS]) {
    const source = new ClientSource({
      servers: [server],
      shown: `${server.host}:${server.clientPort}`,
      ...{ auth, root, refuseRedacted: false, ...(signal && { signal }) },
    });
    try {
      for await (const nodes of source.nodes()) {
        for (const node of nodes) {
          if (isLeftOut(node.path)) continue;
          seen.add(node.path);
          const expected = tree.get(node.path);
          if (expected === undefined)
            note({ path: node.path, field: 'node', expected: false, served: true });
          else {
            found.nodes += 1;
            for (const difference of servedDifferences(expected, node)) note(difference);
          }
        }
      }
    } finally {
      await source.close();
    }
  }
  for (const { path } of tree.nodes())
    if (path !== SYSTEM_ROOT && !isLeftOut(path) && !seen.has(path))
      note({ path, field: 'node', expected: true, served: false });
  return found;
}
