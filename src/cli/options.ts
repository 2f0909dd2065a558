/** Parsers of option values: a wrong value is a usage error that says what is accepted. */
import { InvalidArgumentError, type Command } from 'commander';

export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`);
    return value;
  };
}

/** `a,b` with each one of `accepted`. */
export function listOf<T extends string>(accepted: readonly T[]): (text: string) => T[] {
  return (text) => {
    const given = text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== '');
    const unknown = given.find((part) => !(accepted as readonly string[]).includes(part));
    if (unknown !== undefined || given.length === 0)
      throw new InvalidArgumentError(
        `Expected some of ${accepted.join(', ')}, separated by commas.`,
      );
    return given as T[];
  };
}

const parts = (text: string): string[] => {
  const given = text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  if (given.length === 0) throw new InvalidArgumentError('Expected names, separated by commas.');
  return given;
};

/** `old=new,…` */
function pairs(text: string): Record<string, string> {
  return Object.fromEntries(
    parts(text).map((part) => {
      const [old, fresh, more] = part.split('=').map((name) => name.trim());
      if (!old || !fresh || more !== undefined)
        throw new InvalidArgumentError('Expected old=new, several separated by commas.');
      return [old, fresh];
    }),
  );
}

/** What `plan` and `run` take instead of a file. */
export const withInputOptions = (command: Command): Command =>
  command
    .option('-f, --file <file>', 'input as JSON or YAML; - reads standard input')
    .option('--ensemble <name>', 'ensemble of the inventory')
    .option('--repository <name>', 'backup, verify: repository of the inventory')
    .option('--to <version>', 'upgrade: target version')
    .option('--add <names>', 'resize: spares that join', parts)
    .option('--remove <names>', 'resize: members that leave', parts)
    .option('--replace <pairs>', 'resize: old=new, the new one joins, the old one leaves', pairs)
    .option('--promote <names>', 'resize: observers that become voters', parts)
    .option('--demote <names>', 'resize: voters that become observers', parts);

const UNITS: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `500ms`, `30s`, `5m`, `2h`, `1d` → milliseconds. */
export function milliseconds(text: string): number {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
  if (!match)
    throw new InvalidArgumentError('Expected a duration such as 500ms, 30s, 5m, 2h or 1d.');
  return Number(match[1]) * UNITS[match[2]!]!;
}

export const BASE_RATE = 'most of a base that is read a second to be stored, such as 8MiB';

const LEAST_RATE = 64 << 10;
const MOST_RATE = 2 ** 40;
const SIZES: Record<string, number> = { '': 1, KiB: 1 << 10, MiB: 1 << 20, GiB: 1 << 30 };

/** `500000`, `512KiB`, `8MiB`, `1GiB` → bytes. */
export function bytesPerSecond(text: string): number {
  const match = /^(\d{1,13})(|KiB|MiB|GiB)$/.exec(text);
  const bytes = match === null ? 0 : Number(match[1]) * SIZES[match[2]!]!;
  if (bytes < LEAST_RATE || bytes > MOST_RATE)
    throw new InvalidArgumentError(
      'Expected bytes a second such as 500000, 512KiB or 8MiB, from 64KiB to 1024GiB.',
    );
  return bytes;
}

/** `0x…`, or hex digits alone. */
const LAST_ZXID = 0x7fffffffffffffffn;

export function zxid(text: string): bigint {
  const value = /^0x[0-9a-f]{1,16}$/i.test(text) ? BigInt(text) : undefined;
  if (value === undefined || value > LAST_ZXID)
    throw new InvalidArgumentError(
      'Expected a zxid in hexadecimal, such as 0x10000002a, up to 0x7fffffffffffffff.',
    );
  return value;
}
