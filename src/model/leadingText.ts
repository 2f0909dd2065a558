/** Of a migration whose clients are not all where they are led: how far that is, in words. */
import type { MigrationStatus } from './status';

export function leadingText(
  migration: Pick<MigrationStatus, 'source' | 'target' | 'serving' | 'leading'>,
): string | undefined {
  const { leading, serving } = migration;
  if (leading === undefined) return undefined;
  const { to, led, clients, begun } = leading;
  const where = to === serving ? 'there' : `to ${migration[to]}`;
  return `${migration[serving]} is open; ${manyText({ led, clients, begun }, where)}`;
}

function manyText(
  { led, clients, begun }: Omit<NonNullable<MigrationStatus['leading']>, 'to'>,
  where: string,
): string {
  if (begun !== true) return `${led} of ${clients} clients are led ${where}`;
  return led === 0
    ? `clients are being led ${where}, ${clients} in all`
    : `at least ${led} of ${clients} clients are led ${where}`;
}
