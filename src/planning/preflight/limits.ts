/** Limits against the measured tree: time to take it in, heap to hold it, buffers to carry its largest node. */
import type { EnsembleFacts, Finding, ServerFacts } from '../../model/facts';
import { error, megabytes, warning } from '../findings';
import { flagValue } from '../members';
import {
  DEFAULT_MAXBUFFER_BYTES,
  HEAP_BASE_BYTES,
  HEAP_PER_SNAPSHOT_BYTE,
  HEAP_PER_SNAPSHOT_BYTE_LEAST,
  LEADER_GAP_MS,
  LOAD_BYTES_PER_SECOND,
  SYNC_OVERHEAD_MS,
} from '../measured';

/** `treeBytes`: of a tree that is to come; of the one they have by default. */
export function limitFindings(
  facts: EnsembleFacts,
  treeBytes = measuredTreeBytes(facts),
): Finding[] {
  return [
    ...facts.servers.flatMap((server) => tickFindings(server, treeBytes)),
    ...facts.servers.flatMap((server) => heapFindings(server, treeBytes)),
    ...bufferFindings(facts.servers),
  ];
}

/** Size of the largest newest snapshot, or what a server says of its data, whichever is more. */
export function measuredTreeBytes(facts: EnsembleFacts): number {
  const sizes = facts.servers.flatMap((server) => [
    server.host?.data?.newestSnapshotBytes ?? 0,
    Number(server.monitor?.['zk_approximate_data_size'] ?? 0) || 0,
  ]);
  return Math.max(0, ...sizes);
}

/** ZooKeeper's own defaults where zoo.cfg says nothing: tickTime 3000; initLimit and syncLimit have none. */
function tickFindings({ server, host }: ServerFacts, treeBytes: number): Finding[] {
  const settings = host?.config?.settings;
  if (!settings) return [];
  const tickMs = positive(settings['tickTime']) ?? 3_000;
  const [initLimit, syncLimit] = [positive(settings['initLimit']), positive(settings['syncLimit'])];
  const findings: Finding[] = [];
  const needMs = Math.ceil(SYNC_OVERHEAD_MS + (treeBytes / LOAD_BYTES_PER_SECOND) * 1_000);
  if (initLimit !== undefined) {
    const haveMs = initLimit * tickMs;
    const seen = `initLimit × tickTime of ${server} is ${initLimit} × ${tickMs} = ${haveMs} ms; taking in ${megabytes(treeBytes)} may take ${needMs} ms`;
    const hint = `set initLimit to ${Math.ceil((2 * needMs) / tickMs)} or more on every server`;
    if (haveMs < needMs) findings.push(error('InitLimitTooShort', seen, { server, hint }));
    else if (haveMs < 2 * needMs) findings.push(warning('InitLimitTight', seen, { server, hint }));
  }
  if (syncLimit !== undefined && syncLimit * tickMs < LEADER_GAP_MS)
    findings.push(
      warning(
        'SyncLimitTight',
        `syncLimit × tickTime of ${server} is ${syncLimit} × ${tickMs} = ${syncLimit * tickMs} ms: a follower busy for that long is dropped`,
        { server, hint: `set syncLimit to ${Math.ceil((2 * LEADER_GAP_MS) / tickMs)} or more` },
      ),
    );
  return findings;
}

function positive(text: string | undefined): number | undefined {
  const value = Number(text);
  return text !== undefined && Number.isFinite(value) && value > 0 ? value : undefined;
}

function heapFindings({ server, host }: ServerFacts, treeBytes: number): Finding[] {
  const heap = host?.heapBytes;
  if (heap === undefined || treeBytes === 0) return [];
  const least = HEAP_PER_SNAPSHOT_BYTE_LEAST * treeBytes;
  const comfortable = HEAP_PER_SNAPSHOT_BYTE * treeBytes + HEAP_BASE_BYTES;
  const seen = `${server} has a heap of ${megabytes(heap)} for a tree of ${megabytes(treeBytes)}; ${megabytes(comfortable)} is comfortable`;
  const hint = 'raise -Xmx (heap is carried over unchanged)';
  if (heap < least) return [error('HeapTooSmall', seen, { server, hint })];
  return heap < comfortable ? [warning('HeapTight', seen, { server, hint })] : [];
}

/** As Java's Integer.getInteger reads it: decimal, 0x or # for hexadecimal. */
function bufferBytes(text: string): number {
  const value = Number(text.replace(/^#/, '0x'));
  return Number.isFinite(value) && value > 0 ? value : DEFAULT_MAXBUFFER_BYTES;
}

function bufferFindings(servers: readonly ServerFacts[]): Finding[] {
  const byValue = new Map<number, string[]>();
  for (const { server, host } of servers) {
    if (!host?.jvmFlags) continue;
    const text = flagValue(host.jvmFlags, 'jute.maxbuffer');
    const value = text === undefined ? DEFAULT_MAXBUFFER_BYTES : bufferBytes(text);
    byValue.set(value, [...(byValue.get(value) ?? []), server]);
  }
  if (byValue.size < 2) return [];
  const said = [...byValue].map(([value, names]) => `${value} on ${names.join(', ')}`).join('; ');
  return [
    error('MaxBufferDiffers', `jute.maxbuffer is not the same on all servers: ${said}`, {
      hint: 'a server with a smaller one cannot take what a larger one commits: give all the largest value before a leader changes',
    }),
  ];
}
