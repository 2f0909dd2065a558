/** What an operator should know of a tree, found in one pass over it. Holds ten paths, whatever the tree's size. */
import type { SessionRecord, Txn } from '../codec/records';
import type { TreeFacts } from '../model/facts';
import { BoundAcls } from './boundAcls';
import { LAST_SEQUENCE } from './counters';
import { nodeType } from './nodeType';
import type { SourceNode } from './source';

/**
 * From here on a sequence counter counts as near its end: 2^28 numbers are left, which last a month at a hundred
 * sequential creates a second, time enough to move to a new parent.
 */
export const COUNTER_NEAR_LIMIT = LAST_SEQUENCE - 2 ** 28;
const MAX_LISTED = 10;

type Counter = TreeFacts['countersNearLimit']['listed'][number];

export class TreeCensus {
  private nodes = 0;
  private dataBytes = 0;
  private largestNode = { path: '/', bytes: 0 };
  private readonly types = { persistent: 0, container: 0, ttl: 0, ephemeral: 0 };
  private readonly counters: TreeFacts['countersNearLimit'] = { count: 0, listed: [] };

  private readonly acls = new BoundAcls();

  /** Every node once, in any order; `stat.cversion` is the stored one. */
  add({ path, data, acl, stat }: SourceNode): void {
    this.acls.add(path, acl);
    const bytes = data?.length ?? 0;
    this.nodes += 1;
    this.dataBytes += bytes;
    this.types[nodeType(stat.ephemeralOwner)] += 1;
    if (bytes > this.largestNode.bytes) this.largestNode = { path, bytes };
    // Negative: a 3.4 or 3.5 server has counted past the last number.
    if (stat.cversion < 0 || stat.cversion >= COUNTER_NEAR_LIMIT)
      this.noteCounter({ path, next: stat.cversion });
  }

  /** `sessions`: as of the same transaction as the nodes. */
  result(sessions: readonly SessionRecord[]): Omit<TreeFacts, 'source' | 'zxid'> {
    const { nodes, dataBytes, largestNode, types, counters, acls } = this;
    return {
      ...{ nodes, dataBytes, largestNode },
      containers: types.container,
      ttls: types.ttl,
      ephemerals: types.ephemeral,
      sessions: summaryOf(sessions),
      countersNearLimit: counters,
      boundAcls: acls.found,
    };
  }

  private noteCounter(counter: Counter): void {
    const { listed } = this.counters;
    this.counters.count += 1;
    listed.push(counter);
    // As unsigned numbers those past the end are the largest.
    listed.sort((a, b) => (b.next >>> 0) - (a.next >>> 0) || (a.path < b.path ? -1 : 1));
    if (listed.length > MAX_LISTED) listed.pop();
  }
}

function summaryOf(sessions: readonly SessionRecord[]): TreeFacts['sessions'] {
  const timeouts = sessions.map(({ timeoutMs }) => timeoutMs).sort((a, b) => a - b);
  if (timeouts.length === 0) return { count: 0 };
  return {
    count: timeouts.length,
    shortestMs: timeouts[0],
    medianMs: timeouts[(timeouts.length - 1) >> 1],
    longestMs: timeouts.at(-1),
  };
}

/** The sessions of a snapshot as the transactions after it leave them; some may be in the snapshot already. */
export function sessionsAfter(
  sessions: readonly SessionRecord[],
  txns: readonly Txn[],
): SessionRecord[] {
  const timeouts = new Map(sessions.map(({ sessionId, timeoutMs }) => [sessionId, timeoutMs]));
  for (const { header, body } of txns) {
    if (body.kind === 'createSession') timeouts.set(header.clientId, body.timeoutMs);
    else if (body.kind === 'closeSession') timeouts.delete(header.clientId);
  }
  return [...timeouts].map(([sessionId, timeoutMs]) => ({ sessionId, timeoutMs }));
}
