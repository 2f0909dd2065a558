/** One string of a JSON document (RFC 8259: no comments, no trailing commas), in place. */
import type { PathPart } from '../../model/clientFile';
import { onlyOne, refuseAt, type Slot, type Source } from './source';
import { shownPath } from './shownPath';

const MAX_DEPTH = 200;

interface JsonNode {
  start: number;
  end: number;
  /** Of an object, in order; a key given twice is there twice. */
  members?: { key: string; start: number; value: JsonNode }[];
  items?: JsonNode[];
  /** Of anything else. */
  value?: unknown;
}

/**
 * `numbers`: an unsigned integer counts as its digits, as ports are written.
 *
 * @throws ZkferryError Unsupported where the path is missing, ambiguous or no text, or the document is no JSON
 */
export function jsonSlot(source: Source, path: readonly PathPart[], numbers = false): Slot {
  let node = parse(source);
  path.forEach((part, index) => {
    const shown = shownPath(path.slice(0, index + 1));
    const found =
      node.members?.filter(({ key }) => key === String(part)).map(({ value }) => value) ??
      (typeof part === 'number' ? (node.items?.slice(part, part + 1) ?? []) : []);
    node = onlyOne(source, shown, found, ({ start }) => start);
  });
  const { start, end, value } = node;
  const raw = source.text.slice(start, end);
  if (numbers && /^\d+$/.test(raw)) return { start, end, value: raw, spellings: (text) => [text] };
  if (typeof value !== 'string') throw refuseAt(source, start, `${shownPath(path)} is no string`);
  const slashes = raw.includes('\\/');
  return {
    start,
    end,
    value: value.trim(),
    spellings: (text) => {
      const plain = JSON.stringify(text);
      return [slashes ? plain.replaceAll('/', '\\/') : plain];
    },
  };
}

function parse(source: Source): JsonNode {
  const start = source.text.startsWith('\uFEFF') ? 1 : 0;
  const root = parseValue(source, skipBlanks(source.text, start), 0);
  const rest = skipBlanks(source.text, root.end);
  if (rest < source.text.length) throw unexpected(source, rest);
  return root;
}

function parseValue(source: Source, start: number, depth: number): JsonNode {
  if (depth > MAX_DEPTH) throw refuseAt(source, start, `nested more than ${MAX_DEPTH} deep`);
  const { text } = source;
  if (text[start] === '{') return parseObject(source, start, depth);
  if (text[start] === '[') return parseArray(source, start, depth);
  const scalar =
    /(?:"(?:[ !#-[\]-\uffff]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"|true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/y;
  scalar.lastIndex = start;
  const match = scalar.exec(text);
  if (match === null) throw unexpected(source, start);
  return { start, end: scalar.lastIndex, value: JSON.parse(match[0]) };
}

function parseObject(source: Source, start: number, depth: number): JsonNode {
  const members: JsonNode['members'] = [];
  const end = eachItem(source, start, '}', (at) => {
    const key = parseValue(source, at, depth + 1);
    if (typeof key.value !== 'string') throw unexpected(source, at);
    const colon = skipBlanks(source.text, key.end);
    if (source.text[colon] !== ':') throw unexpected(source, colon);
    const value = parseValue(source, skipBlanks(source.text, colon + 1), depth + 1);
    members.push({ key: key.value, start: at, value });
    return value.end;
  });
  return { start, end, members };
}

function parseArray(source: Source, start: number, depth: number): JsonNode {
  const items: JsonNode[] = [];
  const end = eachItem(source, start, ']', (at) => {
    const item = parseValue(source, at, depth + 1);
    items.push(item);
    return item.end;
  });
  return { start, end, items };
}

/** From the opening bracket to after the closing one; `item` gives the end of what begins at an offset. */
function eachItem(
  source: Source,
  open: number,
  close: string,
  item: (at: number) => number,
): number {
  const { text } = source;
  let at = skipBlanks(text, open + 1);
  if (text[at] === close) return at + 1;
  for (;;) {
    at = skipBlanks(text, item(at));
    if (text[at] === close) return at + 1;
    if (text[at] !== ',') throw unexpected(source, at);
    at = skipBlanks(text, at + 1);
  }
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (/[ \t\r\n]/.test(text[at] ?? '')) at += 1;
  return at;
}

function unexpected(source: Source, at: number): Error {
  const found = source.text[at];
  const what = found === undefined ? 'it ends too early' : `unexpected ${JSON.stringify(found)}`;
  return refuseAt(source, at, `not JSON: ${what}`);
}
