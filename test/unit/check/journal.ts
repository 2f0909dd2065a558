/** Hand-made journals and the trees a healthy ensemble would hold after them. */
import type { EphemeralRecord, JournalRecord, Outcome } from '../../../src/lab/load/journalRecords';
import type { MemberTree, TreesByServer } from '../../../src/lab/check/compareWithTree';

export const SERVERS = ['127.66.0.1:2181', '127.66.0.2:2181', '127.66.0.3:2181'];

export function set(path: string, v: number, o: Outcome, e = v): JournalRecord {
  const z = o === 'acked' ? { z: `0x${(0x100000000 + v).toString(16)}` } : { why: '-4' };
  return { t: 'w', k: 'set', c: 'w0', p: path, v, s: e - 1, e, o, ...z };
}

export function appended(v: number, o: Outcome, e = v): JournalRecord {
  const p = `/load/appends/a0/0/${v}-`;
  return {
    t: 'w',
    k: 'append',
    c: 'a0',
    p,
    v,
    s: e - 1,
    e,
    o,
    ...(o === 'acked' ? { n: created(v) } : { why: '-4' }),
  };
}

/** Full path of the `v`-th append as the server names it. */
export function created(v: number, sequence = v): string {
  return `/load/appends/a0/0/${v}-${String(sequence).padStart(10, '0')}`;
}

export function ephemeral(
  what: EphemeralRecord['what'],
  owner: string | null,
  p = '/load/ephemerals/h0-e0',
): JournalRecord {
  return { t: 'ephemeral', c: 'h0', p, what, owner, at: 0 };
}

export function end(at: number): JournalRecord[] {
  return [
    { t: 'stopping', at },
    { t: 'end', at: at + 1 },
  ];
}

/** What every member holds when each write that may have been applied, was. */
export function healthyTree(records: JournalRecord[]): MemberTree {
  const registers = new Map<string, { value: number; zxid: string }>();
  const appends = new Set<string>();
  for (const record of records) {
    if (record.t !== 'w' || record.o === 'failed') continue;
    if (record.k === 'append') appends.add(created(record.v));
    else registers.set(record.p, { value: record.v, zxid: record.z ?? '0x1ffffffff' });
  }
  return { registers, appends };
}

export function everywhere(tree: MemberTree): TreesByServer {
  return Object.fromEntries(SERVERS.map((server) => [server, tree]));
}

/** The same trees with one member's replaced. */
export function except(
  trees: TreesByServer,
  server: string,
  change: (tree: {
    registers: Map<string, { value: number; zxid: string }>;
    appends: Set<string>;
  }) => void,
): TreesByServer {
  const tree = trees[server]!;
  const changed = { registers: new Map(tree.registers), appends: new Set(tree.appends) };
  change(changed);
  return { ...trees, [server]: changed };
}
