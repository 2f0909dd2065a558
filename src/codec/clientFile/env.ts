/**
 * One assignment of an environment file, as both a shell that sources it and systemd's EnvironmentFile read it. The
 * rest of the script is only told apart into comments, quoted text and other words, so that what looks like the
 * assignment but is none is not taken for it. What sets the variable in any other way is refused.
 */
import { ZkferryError } from '../../model/errors';
import { onlyOne, refuseAt, type Slot, type Source, type Span } from './source';

interface Assignment extends Span {
  /** Offset of the value; `start` is that of the name. */
  from: number;
}

/** @throws ZkferryError Unsupported where the variable is missing, set twice, or in a way not understood */
export function envSlot(source: Source, key: string): Slot {
  const found = onlyOne(source, key, assignments(source, key), ({ start }) => start);
  const { text } = source;
  const raw = text.slice(found.from, found.end);
  const quote = /^["']/.exec(raw)?.[0] ?? '';
  return {
    start: found.from,
    end: found.end,
    value: valueOf(source, found, raw, quote).trim(),
    spellings: (value) => spellings(value, quote),
  };
}

function assignments(source: Source, key: string): Assignment[] {
  const { text } = source;
  const found: Assignment[] = [];
  const plain = new RegExp(`[ \\t]*(?:export[ \\t]+)?(?=${key}=)`, 'y');
  const other = new RegExp(
    `(?<![A-Za-z0-9_$])(?:${key}[ \\t]*\\+?=|unset[ \\t]+${key}\\b)|\\$\\{${key}:?=`,
    'y',
  );
  let at = text.startsWith('\uFEFF') ? 1 : 0;
  let lineBegins = true;
  while (at < text.length) {
    if (lineBegins) {
      plain.lastIndex = at;
      const match = plain.exec(text);
      if (match !== null) {
        const start = at + match[0].length;
        const from = start + key.length + 1;
        const end = valueEnd(source, from);
        found.push({ start, from, end });
        at = end;
        lineBegins = false;
        continue;
      }
    }
    other.lastIndex = at;
    if (other.test(text))
      throw refuseAt(source, at, `${key} is set in a way that is not understood; write ${key}=…`);
    lineBegins = /[\r\n]/.test(text[at]!);
    at = afterWord(source, at);
  }
  return found;
}

/** One step on: over a comment, a quoted text, an escaped character, or any other one. */
function afterWord(source: Source, at: number): number {
  const { text } = source;
  const character = text[at]!;
  if (character === '#' && /^$|[\s;]/.test(text[at - 1] ?? '')) return lineEnd(text, at);
  // Comments of systemd, which a shell would take for a syntax error.
  if (character === ';' && /^[ \t]*$/.test(text.slice(lineStart(text, at), at)))
    return lineEnd(text, at);
  if (character === '"' || character === "'") return quotedEnd(source, at);
  if (character === '\\') return at + (text.startsWith('\r\n', at + 1) ? 3 : 2);
  if (text.startsWith('<<', at) && !text.startsWith('<<<', at) && text[at - 1] !== '<')
    throw refuseAt(source, at, 'a here-document: files that have one are not edited');
  return at + 1;
}

function lineEnd(text: string, from: number): number {
  let at = from;
  while (at < text.length && !/[\r\n]/.test(text[at]!)) at += 1;
  return at;
}

const lineStart = (text: string, at: number): number =>
  Math.max(text.lastIndexOf('\n', at - 1), text.lastIndexOf('\r', at - 1)) + 1;

/** After the closing quote. */
function quotedEnd(source: Source, at: number): number {
  const quote = source.text[at]!;
  for (let next = at + 1; next < source.text.length; next += 1) {
    if (source.text[next] === quote) return next + 1;
    if (quote === '"' && source.text[next] === '\\') next += 1;
  }
  throw refuseAt(source, at, `${quote} is not closed`);
}

function valueEnd(source: Source, from: number): number {
  const { text } = source;
  let end = from;
  if (/["']/.test(text[from] ?? '')) {
    end = quotedEnd(source, from);
  } else {
    while (end < text.length && !/[\s;&|()<>"'`]/.test(text[end]!)) {
      end += text[end] === '\\' ? (text.startsWith('\r\n', end + 1) ? 3 : 2) : 1;
    }
    end = Math.min(end, text.length);
  }
  if (!/^(?:[ \t]*(?:[\r\n]|$)|[ \t]+#)/.test(text.slice(end, lineEnd(text, end) + 1)))
    throw refuseAt(source, end, 'more than a value and a comment follows; put the value in quotes');
  return end;
}

function valueOf(source: Source, { from }: Assignment, raw: string, quote: string): string {
  if (quote === "'") return raw.slice(1, -1);
  const inner = quote === '' ? raw : raw.slice(1, -1);
  const special = quote === '' ? /^[^]/ : /^["\\$`]/;
  return inner.replace(/\\(\r\n|[^])|[$`]/g, (match, escaped: string | undefined) => {
    if (escaped === undefined)
      throw refuseAt(source, from, 'the value is put together from others; give it in full');
    if (/[\r\n]/.test(escaped)) return '';
    return special.test(escaped) ? escaped : match;
  });
}

function spellings(value: string, quote: string): string[] {
  const double = `"${value.replace(/["\\$`]/g, '\\$&')}"`;
  if (quote === "'" && !value.includes("'")) return [`'${value}'`];
  return quote === '' && /^[\w./:,[\]%+@=-]+$/.test(value) ? [value] : [double];
}

/** @throws ZkferryError InvalidInput */
export function checkVariable(name: string, key: string): void {
  if (!/^[A-Za-z_]\w*$/.test(key))
    throw new ZkferryError(
      'InvalidInput',
      `${name}: ${JSON.stringify(key)} is not the name of a variable`,
    );
}
