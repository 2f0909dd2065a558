/**
 * Java properties text as ZooKeeper reads zoo.cfg (java.util.Properties): `key=value`, `key: value` or
 * `key value`, comments with # or !, a final backslash joins the next line. Keeps every byte so that an
 * edit changes nothing but what it means to change.
 */

/** One logical line: a setting, or anything else (comment, blank) kept as it is. */
export interface PropertyLine {
  /** The text with its line ending(s), joined lines included. */
  raw: string;
  key?: string;
  /** Unescaped, surrounding blanks trimmed (as QuorumPeerConfig does). */
  value?: string;
}

/** Splits into physical lines, each with its own ending. */
function physicalLines(text: string): string[] {
  return text.match(/[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$/g) ?? [];
}

const withoutEnding = (line: string): string => line.replace(/(?:\r\n|\r|\n)$/, '');

const isComment = (line: string): boolean => /^[ \t\f]*(?:[#!]|$)/.test(line);

const continues = (line: string): boolean => /(?:^|[^\\])(?:\\\\)*\\$/.test(line);

function unescape(text: string): string {
  return text.replace(/\\(u[0-9a-fA-F]{4}|[^])/g, (_, escaped: string) => {
    if (escaped.length === 5) return String.fromCharCode(parseInt(escaped.slice(1), 16));
    const named: Record<string, string> = { t: '\t', n: '\n', r: '\r', f: '\f' };
    return named[escaped] ?? escaped;
  });
}

function parseLogical(content: string): { key: string; value: string } {
  const match = /^[ \t\f]*((?:\\[^]|[^\\=: \t\f])*)(?:[ \t\f]*[=:][ \t\f]*|[ \t\f]+|$)([^]*)$/.exec(
    content,
  );
  return { key: unescape(match?.[1] ?? ''), value: unescape(match?.[2] ?? '').trim() };
}

/** Never fails: whatever is no setting is kept as a line without a key. */
export function parseProperties(text: string): PropertyLine[] {
  const result: PropertyLine[] = [];
  const lines = physicalLines(text);
  for (let index = 0; index < lines.length; index += 1) {
    let raw = lines[index]!;
    let content = withoutEnding(raw);
    if (isComment(content)) {
      result.push({ raw });
      continue;
    }
    while (continues(content) && index + 1 < lines.length) {
      index += 1;
      raw += lines[index]!;
      content = content.slice(0, -1) + withoutEnding(lines[index]!).replace(/^[ \t\f]+/, '');
    }
    result.push({ raw, ...parseLogical(content) });
  }
  return result;
}

/** `key=value` so that `parseProperties` gives the same pair back. */
export function formatProperty(key: string, value: string): string {
  return `${key}=${value.replaceAll('\\', '\\\\')}`;
}

/** The line ending a text uses (that of its first line), `\n` if it has none. */
export function lineEndingOf(text: string): string {
  return /\r\n|\r|\n/.exec(text)?.[0] ?? '\n';
}
