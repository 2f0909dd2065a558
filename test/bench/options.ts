/** Options of a bench: numbers and words with defaults, so that a short try is a short line. */
import { parseArgs } from 'node:util';
import { ZkferryError } from '../../src/model/errors';

type Defaults = Record<string, number | string>;

/**
 * `--some-name value` or `--some-name=value` for each `someName` of `defaults`, the rest as they are there.
 * Numbers are whole, 1–999,999,999; words are of `choices`. BadUsage otherwise.
 */
export function benchOptions<T extends Defaults>(
  args: string[],
  defaults: T,
  choices: readonly string[] = [],
): { [K in keyof T]: T[K] extends number ? number : string } {
  const flags = new Map(Object.keys(defaults).map((name) => [flagOf(name), name]));
  const options: Defaults = { ...defaults };
  for (const [flag, text] of Object.entries(parse(args, [...flags.keys()]))) {
    const name = flags.get(flag)!;
    if (typeof defaults[name] === 'number') options[name] = wholeNumber(flag, text);
    else if (choices.includes(text)) options[name] = text;
    else throw usage(`--${flag}: expected ${choices.join(', ')}; got ${text}`);
  }
  return options as { [K in keyof T]: T[K] extends number ? number : string };
}

const flagOf = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function parse(args: string[], flags: string[]): Record<string, string> {
  const options = Object.fromEntries(flags.map((flag) => [flag, { type: 'string' as const }]));
  try {
    return { ...parseArgs({ args, options }).values } as Record<string, string>;
  } catch (error) {
    const known = flags.map((flag) => `--${flag}`).join(', ');
    throw usage(`${(error as { message: string }).message}; options: ${known}`);
  }
}

function wholeNumber(flag: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw usage(`--${flag}: expected a whole number from 1 to 999999999; got ${text}`);
  return Number(text);
}

const usage = (message: string) => new ZkferryError('BadUsage', message);
