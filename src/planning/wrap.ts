/** Lines of at most 100 columns, for terminals and approvals. */

const COLUMNS = 100;

/** Breaks at blanks; a word longer than a line stays whole. Line breaks in the text become blanks. */
export function wrap(text: string, first: string, next: string): string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  for (const word of splitKeepingColumns(text)) {
    if (!empty && line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = next;
      empty = true;
    }
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
}

/** Words; the blanks that align a label with its text stay with the label. */
function splitKeepingColumns(text: string): string[] {
  const flat = text.replace(/[\r\n\t]+/g, ' ');
  const label = /^\S+( \S+)? {2,}/.exec(flat)?.[0] ?? '';
  const [head = '', ...rest] = flat.slice(label.length).split(' ');
  return [label + head, ...rest];
}
