import type { ClientSession, Result } from './clientSession';
import { nowMs, type JournalRecord, type WriteRecord } from './journalRecords';
import type { Pacer } from './pacer';

/** What every client of a load is given. */
export interface ClientContext {
  name: string;
  session: ClientSession;
  pacer: Pacer;
  /** Aborted when the clients are to end. */
  signal: AbortSignal;
  /** Takes one record; also feeds the counters behind the status. */
  record(record: JournalRecord): void;
}

/** How long a client looks for a connection before it looks whether it is to end. */
export const CONNECT_LOOK_MS = 500;

/** Runs one write and records it from the moment before it was sent. */
export async function recordedWrite<T>(
  context: ClientContext,
  write: Pick<WriteRecord, 'k' | 'p' | 'v'>,
  send: () => Promise<Result<T>>,
  reply: (value: T) => Pick<WriteRecord, 'z' | 'n'>,
): Promise<Result<T>> {
  const s = nowMs();
  const result = await send();
  context.record({
    t: 'w',
    ...write,
    c: context.name,
    s,
    e: nowMs(),
    o: result.outcome,
    ...(result.outcome === 'acked' ? reply(result.value) : { why: String(result.code) }),
  });
  return result;
}

export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
