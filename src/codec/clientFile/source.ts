/** A client's file as text whose every byte can be given back, and refusals that name the place in it. */
import type { ClientFile } from '../../model/clientFile';
import { ZkferryError } from '../../model/errors';

/** Configuration, not data: what is larger is some other file. */
const MAX_BYTES = 4 * 1024 * 1024;

/** UTF-16 offsets into the text; `end` is the first one after. */
export interface Span {
  start: number;
  end: number;
}

export interface Source {
  name: string;
  text: string;
}

/** One value, and how it may be written anew. */
export interface Slot extends Span {
  /** As the client reads it, without blanks around it. */
  value: string;
  /** Texts that could stand in its place for another value: the most like the present one first. */
  spellings(value: string): string[];
}

/**
 * The text of the file with its byte order mark, where it has one. Java reads properties as ISO-8859-1, so that each
 * byte is a character; the other formats are UTF-8.
 *
 * @throws ZkferryError Unsupported for another encoding, or a file too large to be a configuration
 */
export function sourceOf({ name, format, bytes }: ClientFile): Source {
  if (bytes.length > MAX_BYTES)
    throw refusal(name, `${bytes.length} bytes; files of up to ${MAX_BYTES} are edited`);
  const source = { name, text: decode(name, format === 'properties', bytes) };
  const nul = source.text.indexOf('\0');
  if (nul !== -1) throw refuseAt(source, nul, 'a NUL: not a text, or in UTF-16; make it UTF-8');
  return source;
}

function decode(name: string, latin1: boolean, bytes: Uint8Array): string {
  if (latin1) return Buffer.from(bytes).toString('latin1');
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw refusal(name, 'not UTF-8; convert it, or redirect this client by a command');
  }
}

/** What `sourceOf` read, back to the same bytes. */
export const bytesOf = (format: ClientFile['format'], text: string): Uint8Array =>
  Buffer.from(text, format === 'properties' ? 'latin1' : 'utf8');

/** Replacements in order of the text, none overlapping. */
export function replaced(text: string, edits: readonly (Span & { text: string })[]): string {
  let result = '';
  let at = 0;
  for (const edit of edits) {
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at);
}

/** The span without the blanks and line ends around what is in it. */
export function trimmed(text: string, { start, end }: Span): Span {
  const inner = text.slice(start, end);
  const from = start + (inner.length - inner.trimStart().length);
  return { start: from, end: from + inner.trim().length };
}

/** From 1, as editors count. */
export function positionOf(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset).split(/\r\n|\r|\n/);
  return { line: before.length, column: before.at(-1)!.replace(/^\uFEFF/, '').length + 1 };
}

/** The file as it is cannot be edited; not a matter of trying again. */
export const refusal = (name: string, why: string): ZkferryError =>
  new ZkferryError('Unsupported', `${name}: ${why}`);

export function refuseAt(source: Source, offset: number, why: string): ZkferryError {
  const { line, column } = positionOf(source.text, offset);
  return refusal(`${source.name}:${line}:${column}`, why);
}

/** The one there is, of what was found under a name. */
export function onlyOne<T>(
  source: Source,
  what: string,
  found: readonly T[],
  offsetOf: (one: T) => number,
  hint = '',
): T {
  const [first, second] = found;
  if (first === undefined) throw refusal(source.name, `${what} is not there${hint}`);
  if (second === undefined) return first;
  const lines = found.map((one) => positionOf(source.text, offsetOf(one)).line).join(', ');
  throw refuseAt(
    source,
    offsetOf(second),
    `${what} is there ${found.length} times (lines ${lines}); leave one`,
  );
}
