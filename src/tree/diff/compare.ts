/** Two sorted sequences of lines to their differences, in the order of the paths. Pure; holds one line of each. */
import { differingFields, pathOf, type DiffField, type Side } from './line';

export type Difference =
  | { path: string; kind: 'onlyInSource' | 'onlyInTarget' }
  | { path: string; kind: 'different'; fields: DiffField[]; source: Side; target: Side };

type Lines = AsyncIterator<string> | Iterator<string>;

/** Both sorted by UTF-16 code units, each path once a side. */
export async function* compareLines(source: Lines, target: Lines): AsyncGenerator<Difference> {
  let [left, right] = [await source.next(), await target.next()];
  for (;;) {
    if (left.done === true && right.done === true) return;
    if (left.done !== true && right.done !== true && left.value === right.value) {
      [left, right] = [await source.next(), await target.next()];
      continue;
    }
    const leftPath = left.done === true ? undefined : pathOf(left.value);
    const rightPath = right.done === true ? undefined : pathOf(right.value);
    if (leftPath !== undefined && leftPath === rightPath) {
      const { fields, ...sides } = differingFields(left.value as string, right.value as string);
      yield { path: leftPath, kind: 'different', fields, ...sides };
      [left, right] = [await source.next(), await target.next()];
    } else if (
      rightPath === undefined ||
      (leftPath !== undefined && before(left.value as string, right.value as string))
    ) {
      yield { path: leftPath as string, kind: 'onlyInSource' };
      left = await source.next();
    } else {
      yield { path: rightPath, kind: 'onlyInTarget' };
      right = await target.next();
    }
  }
}

const before = (one: string, other: string): boolean => one < other;
