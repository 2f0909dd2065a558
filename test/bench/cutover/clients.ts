/** What the clients of a load got acknowledged, by their journals. */
import { readJournal } from '../../../src/lab/check/readJournal';

/** Ends of acknowledged writes of all clients together, wall-clock ms, ascending. */
export async function acknowledgedAt(journalPath: string): Promise<Float64Array> {
  const { records } = await readJournal(journalPath);
  const times = records.flatMap((one) => (one.t === 'w' && one.o === 'acked' ? [one.e] : []));
  return Float64Array.from(times).sort();
}

export interface Silence {
  fromMs: number;
  toMs: number;
}

/** The longest time between two of them; of ascending times. */
export function longestSilence(times: Float64Array): Silence {
  let longest = { fromMs: 0, toMs: 0 };
  for (let index = 1; index < times.length; index += 1) {
    const [fromMs, toMs] = [times[index - 1]!, times[index]!];
    if (toMs - fromMs > longest.toMs - longest.fromMs) longest = { fromMs, toMs };
  }
  return longest;
}
