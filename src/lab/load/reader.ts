import type { ClientContext } from './clientContext';
import { CONNECT_LOOK_MS, hex } from './clientContext';
import { nowMs } from './journalRecords';
import { decodeValue } from './value';

/** Reads the registers in turn and records what each session saw, until told to end. */
export async function readRegisters(
  context: ClientContext,
  paths: readonly string[],
): Promise<void> {
  for (let turn = 0; !context.signal.aborted && paths.length > 0; turn++) {
    await context.pacer.turn(context.signal);
    if (context.signal.aborted) return;
    if (!(await context.session.whenConnected(CONNECT_LOOK_MS))) continue;
    const path = paths[turn % paths.length]!;
    const { view } = context.session;
    const s = nowMs();
    const read = await context.session.get(path);
    if (read.outcome !== 'acked') continue;
    context.record({
      t: 'r',
      c: context.name,
      view,
      p: path,
      v: decodeValue(read.value.data),
      z: hex(read.value.stat.mzxid),
      s,
      e: nowMs(),
    });
  }
}
