import type { ClientContext } from './clientContext';
import { CONNECT_LOOK_MS, hex, recordedWrite } from './clientContext';
import { decodeValue, encodeValue } from './value';
import { nowMs } from './journalRecords';

interface Register {
  path: string;
  /** Last value attempted. */
  value: number;
  /** znode version the next write expects; unknown after a write whose fate is unknown. */
  version: number | undefined;
}

/**
 * Overwrites its registers in turn with rising values, one write in flight, until told to end.
 *
 * Every write names the version it replaces. A write whose fate is unknown may still reach the
 * ensemble later over its old connection; it then fails on its version instead of putting a lower
 * value over a higher acknowledged one.
 */
export async function writeRegisters(
  context: ClientContext,
  paths: readonly string[],
  dataBytes: number,
): Promise<void> {
  const registers = paths.map((path): Register => ({ path, value: 0, version: 0 }));
  for (let turn = 0; !context.signal.aborted;) {
    await context.pacer.turn(context.signal);
    if (context.signal.aborted) return;
    if (!(await context.session.whenConnected(CONNECT_LOOK_MS))) continue;
    const register = registers[turn % registers.length]!;
    register.version ??= await learnVersion(context, register);
    if (register.version === undefined) continue;
    await writeNext(context, register, register.version, dataBytes);
    turn++;
  }
}

async function writeNext(
  context: ClientContext,
  register: Register,
  version: number,
  dataBytes: number,
): Promise<void> {
  register.value++;
  const result = await recordedWrite(
    context,
    { k: 'set', p: register.path, v: register.value },
    () => context.session.set(register.path, encodeValue(register.value, dataBytes), version),
    (stat) => ({ z: hex(stat.mzxid) }),
  );
  register.version = result.outcome === 'acked' ? result.value.version : undefined;
}

/** Reads the register as the ensemble now has it; the read is checked like a reader's. */
async function learnVersion(
  context: ClientContext,
  register: Register,
): Promise<number | undefined> {
  const s = nowMs();
  // A revived session may be connected to a server behind its own writes.
  const synced = await context.session.sync(register.path);
  if (synced.outcome !== 'acked') return undefined;
  const { view } = context.session;
  const read = await context.session.get(register.path);
  if (read.outcome !== 'acked') return undefined;
  const { stat, data } = read.value;
  context.record({
    t: 'r',
    c: context.name,
    view,
    own: true,
    p: register.path,
    v: decodeValue(data),
    z: hex(stat.mzxid),
    s,
    e: nowMs(),
  });
  return stat.version;
}
