import type { ClientContext } from './clientContext';
import { CONNECT_LOOK_MS, recordedWrite } from './clientContext';
import { encodeValue } from './value';
import { ZNODEEXISTS } from './outcome';

/** Appends below one parent; keeps every list of children to a few tens of kilobytes. */
const APPENDS_PER_PARENT = 1000;

/** Name of the `n`-th append without the sequence number the server adds. */
export function appendPrefix(parent: string, n: number): string {
  return `${parent}/${n}-`;
}

/**
 * Creates sequential znodes, each under a name of its own, until told to end. An append whose fate is
 * unknown is never tried again: the next one has the next number.
 */
export async function append(
  context: ClientContext,
  directory: string,
  dataBytes: number,
): Promise<void> {
  let parent = '';
  for (let n = 1; !context.signal.aborted;) {
    await context.pacer.turn(context.signal);
    if (context.signal.aborted) return;
    if (!(await context.session.whenConnected(CONNECT_LOOK_MS))) continue;
    const wanted = `${directory}/${Math.floor(n / APPENDS_PER_PARENT)}`;
    if (wanted !== parent) {
      const made = await context.session.create(wanted, Buffer.alloc(0));
      if (made.outcome !== 'acked' && made.code !== ZNODEEXISTS) continue;
      parent = wanted;
    }
    const path = appendPrefix(parent, n);
    const number = n++;
    await recordedWrite(
      context,
      { k: 'append', p: path, v: number },
      () => context.session.create(path, encodeValue(number, dataBytes), { sequential: true }),
      (created) => ({ n: created }),
    );
  }
}
