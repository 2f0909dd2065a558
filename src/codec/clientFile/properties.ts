/** One value of a Java properties file, in place: ../properties.ts tells the lines, this the characters of the value. */
import { parseProperties } from '../properties';
import { onlyOne, refuseAt, trimmed, type Slot, type Source } from './source';

/** @throws ZkferryError Unsupported where the key is missing or there twice, or Java could not load the file */
export function propertySlot(source: Source, key: string): Slot {
  const found: { start: number; raw: string; value: string }[] = [];
  let start = 0;
  for (const line of parseProperties(source.text)) {
    if (line.key !== undefined) checkEscapes(source, start, line.raw);
    if (line.key === key) found.push({ start, raw: line.raw, value: line.value ?? '' });
    start += line.raw.length;
  }
  const line = onlyOne(source, key, found, (one) => one.start);
  const from = line.start + valueOffset(line.raw);
  const span = trimmed(source.text, { start: from, end: line.start + line.raw.length });
  const raw = source.text.slice(span.start, span.end);
  return { ...span, value: line.value, spellings: (value) => [spelled(value, raw)] };
}

/** `Properties.load` fails for the whole file on such an escape. */
function checkEscapes(source: Source, start: number, raw: string): void {
  for (const match of raw.matchAll(/\\(u[0-9a-fA-F]{4}|[^])/g))
    if (match[1] === 'u')
      throw refuseAt(
        source,
        start + match.index,
        'malformed \\uxxxx: Java does not load this file',
      );
}

const CONTINUATION = /\\(?:\r\n|\r|\n)[ \t\f]*/y;
const BLANK = /[ \t\f]/;

/** Where the value of a logical line begins: after the key, one separator, and the blanks around that. */
function valueOffset(raw: string): number {
  let at = skipped(raw, 0, BLANK);
  while (at < raw.length && !/[=: \t\f\r\n]/.test(raw[at]!)) {
    const next = afterContinuation(raw, at);
    at = next ?? at + (raw[at] === '\\' ? 2 : 1);
  }
  at = skipped(raw, at, BLANK);
  return /[=:]/.test(raw[at] ?? '') ? skipped(raw, at + 1, BLANK) : at;
}

function skipped(raw: string, from: number, what: RegExp): number {
  let at = from;
  for (;;) {
    const next = afterContinuation(raw, at) ?? (what.test(raw[at] ?? '') ? at + 1 : undefined);
    if (next === undefined) return at;
    at = next;
  }
}

function afterContinuation(raw: string, at: number): number | undefined {
  CONTINUATION.lastIndex = at;
  return CONTINUATION.test(raw) ? CONTINUATION.lastIndex : undefined;
}

/** Escapes `:` and the like where the present value does, as `Properties.store` writes; other bytes only where it has such. */
function spelled(value: string, former: string): string {
  const stored = /(?:^|[^\\])(?:\\\\)*\\[:=#!]/.test(former);
  const raw = /[\u0080-\u00ff]/.test(former);
  return value.replace(/[^]/g, (character) => {
    if (character === '\\' || (stored && /[:=#!]/.test(character))) return `\\${character}`;
    if (/[\u0020-\u007e]/.test(character) || (raw && /[\u0080-\u00ff]/.test(character)))
      return character;
    return `\\u${character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}`;
  });
}
