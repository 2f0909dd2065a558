/**
 * The number a parent gives its next sequential child. It is the parent's stored cversion: creates
 * raise it, nothing lowers it (DataNode.copyStat, PrepRequestProcessor).
 */

/**
 * The last number a parent can give. 3.6 and later then stand still, every further sequential create
 * failing with NodeExists; 3.4 and 3.5 go on with negative numbers.
 */
export const LAST_SEQUENCE = 0x7fff_ffff;

/**
 * The next number, from what a client sees: `cversion` there is 2 × creates − children, in 32 bits, so
 * it overflows from 2^30 creates on. The result is right from 0 to LAST_SEQUENCE; a parent gone
 * negative (3.4 and 3.5 past the last) can't be told from its positive twin, 2^31 higher.
 */
export function nextSequenceSeen(stat: { cversion: number; numChildren: number }): number {
  return ((stat.cversion + stat.numChildren) >>> 0) / 2;
}

/** A sequential node's path, as the server makes it: ten digits, the sign counting as one. */
export function sequentialPath(prefix: string, sequence: number): string {
  const digits = String(Math.abs(sequence)).padStart(sequence < 0 ? 9 : 10, '0');
  return prefix + (sequence < 0 ? '-' : '') + digits;
}

export type CounterRaise =
  /** `pairs` creates, each deleted again; together with the children to come they give the number. */
  | { kind: 'raise'; pairs: number }
  /** The target gave `by` numbers more than it may have: nothing lowers a counter. */
  | { kind: 'ahead'; by: number }
  /** One side is negative, or the last number itself would have to be given away: not reachable exactly. */
  | { kind: 'wrapped' };

/**
 * What brings a parent's next number from `current` to `wanted`, when `childrenToCreate` children are
 * still to be created under it (each raises it by one, whatever its type).
 *
 * @param wanted the source's next number
 * @param current the target's next number, 0 for a parent still to be created
 */
export function counterRaise(
  wanted: number,
  current: number,
  childrenToCreate: number,
): CounterRaise {
  if (wanted < 0 || current < 0 || current + childrenToCreate > LAST_SEQUENCE) {
    return wanted === current && childrenToCreate === 0
      ? { kind: 'raise', pairs: 0 }
      : { kind: 'wrapped' };
  }
  const pairs = wanted - current - childrenToCreate;
  return pairs < 0 ? { kind: 'ahead', by: -pairs } : { kind: 'raise', pairs };
}
