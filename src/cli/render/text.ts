/** Small pieces of text: durations, cutting and wrapping that count what is seen, quoting for a shell. */

// Built from text: a control character in a regular expression is easily taken for a slip.
const ANSI_TEXT = '\\u001b\\[[0-9;]*m';
const ANSI = new RegExp(ANSI_TEXT, 'g');
const ANSI_KEPT = new RegExp(`(${ANSI_TEXT})`);

export const visibleLength = (text: string): number => text.replace(ANSI, '').length;

/** Cuts a line so that at most `width` characters are seen; colours are closed. */
export function cutToWidth(line: string, width: number): string {
  if (visibleLength(line) <= width) return line;
  let seen = 0;
  let cut = '';
  for (const part of line.split(ANSI_KEPT)) {
    if (part.startsWith('\u001b[')) {
      cut += part;
      continue;
    }
    const room = width - 1 - seen;
    if (part.length > room) return `${cut}${part.slice(0, Math.max(0, room))}…\u001b[0m`;
    cut += part;
    seen += part.length;
  }
  return cut;
}

/** Wraps plain text at spaces; every line after the first begins with `indent`. */
export function wrap(text: string, width: number, indent = ''): string {
  return text
    .split('\n')
    .map((paragraph) => wrapParagraph(paragraph, Math.max(20, width), indent))
    .join(`\n${indent}`);
}

function wrapParagraph(text: string, width: number, indent: string): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const room = lines.length === 0 ? width : width - indent.length;
    if (line !== '' && visibleLength(line) + 1 + visibleLength(word) > room) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${indent}`);
}

/** `420 ms`, `3.2 s`, `4 min 05 s`, `2 h 07 min`, `3 d 04 h`. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return '?';
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 59_950) return `${(ms / 1_000).toFixed(1)} s`;
  const two = (value: number) => String(value).padStart(2, '0');
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${two(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} min`;
  const hours = Math.round(minutes / 60);
  return `${Math.floor(hours / 24)} d ${two(hours % 24)} h`;
}

/** `2026-01-31 23:59:58Z`: of an ISO time, as people read it. */
export const instant = (iso: string): string => iso.replace('T', ' ').replace(/\.\d+Z$/, 'Z');

/** `23:59:58` of an ISO time. */
export const timeOfDay = (iso: string): string => iso.slice(11, 19);

export const count = (value: number, one: string, many = `${one}s`): string =>
  `${value} ${value === 1 ? one : many}`;

/** One word of a POSIX shell command line. */
export const shellWord = (word: string): string =>
  /^[A-Za-z0-9_./:=@%+,-]+$/.test(word) ? word : `'${word.replace(/'/g, `'\\''`)}'`;

/** `812 bytes`, `3.4 KiB`, `12.0 MiB`. */
export function bytesText(bytes: number): string {
  if (bytes < 1024) return count(bytes, 'byte');
  const units = ['KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes / 1024;
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit += 1) value /= 1024;
  return `${value.toFixed(1)} ${units[unit]}`;
}
