/**
 * The part of XML 1.0 that configuration files consist of, with the place of everything: elements, attributes, text,
 * CDATA, comments, processing instructions. Whatever could make a reader see something else than what stands there
 * (DOCTYPE, entities of one's own, XInclude, another encoding) is refused.
 */
import { refuseAt, trimmed, type Slot, type Source, type Span } from './source';

const MAX_DEPTH = 200;

export interface XmlText extends Span {
  kind: 'text' | 'cdata' | 'comment';
  /** Decoded. */
  value: string;
}

/** `start` to `end` with its tags. */
export interface XmlElement extends Span {
  kind: 'element';
  name: string;
  attributes: Map<string, Span & { value: string }>;
  children: XmlNode[];
}

export type XmlNode = XmlElement | XmlText;

const NAME = String.raw`[^\s/>=<&"'?!]+`;
const OPEN_TAG = new RegExp(`<(${NAME})`, 'y');
const ATTRIBUTE = new RegExp(String.raw`\s+(${NAME})\s*=\s*("[^"<]*"|'[^'<]*')`, 'y');
const TAG_END = /\s*(\/?)>/y;
const CLOSE_TAG = new RegExp(String.raw`<\/(${NAME})\s*>`, 'y');

/** The root element. @throws ZkferryError Unsupported, with line and column, for what is not that part of XML */
export function parseXml(source: Source): XmlElement {
  const { text } = source;
  const begin = text.startsWith('\uFEFF') ? 1 : 0;
  const declaration = match(/<\?xml\s[^?]*\?>/y, text, begin);
  if (declaration !== undefined) checkEncoding(source, begin, declaration[0]);
  const outer: XmlElement = {
    kind: 'element',
    name: '',
    attributes: new Map(),
    children: [],
    start: begin,
    end: text.length,
  };
  const open = [outer];
  let at = begin + (declaration?.[0].length ?? 0);
  while (at < text.length) at = next(source, at, open);
  const unclosed = open.at(-1)!;
  if (unclosed !== outer)
    throw refuseAt(source, unclosed.start, `<${unclosed.name}> is not closed`);
  const [root, second] = elementsOf(outer);
  const stray = outer.children.find(
    ({ kind, ...node }) => kind === 'cdata' || (kind === 'text' && /\S/.test(textIn(text, node))),
  );
  if (root === undefined) throw refuseAt(source, begin, 'not XML: it has no element');
  const extra = second ?? stray;
  if (extra !== undefined)
    throw refuseAt(source, trimmed(text, extra).start, 'not XML: more than one root');
  return root;
}

export const elementsOf = (parent: XmlElement, name?: string): XmlElement[] =>
  parent.children.filter(
    (child): child is XmlElement =>
      child.kind === 'element' && (name === undefined || child.name === name),
  );

/** The text of an element that holds nothing else, comments left out, without blanks around it. */
export function textOf(source: Source, element: XmlElement): string {
  const inner = elementsOf(element)[0];
  if (inner !== undefined)
    throw refuseAt(source, inner.start, `<${element.name}> holds elements where text belongs`);
  return element.children
    .map((child) => (child.kind === 'text' || child.kind === 'cdata' ? child.value : ''))
    .join('')
    .trim();
}

/** The text of an element that holds nothing else. @throws ZkferryError Unsupported for text in several parts */
export function textSlot(source: Source, element: XmlElement): Slot {
  const value = textOf(source, element);
  const parts = element.children.filter(
    (child) => child.kind !== 'text' || child.value.trim() !== '',
  );
  const [part, more] = parts;
  if (part === undefined || part.kind === 'element')
    throw refuseAt(source, element.start, `<${element.name}> is empty`);
  if (more !== undefined || part.kind === 'comment')
    throw refuseAt(source, part.start, `<${element.name}> holds a comment, or text in parts`);
  if (part.kind === 'text')
    return { ...trimmed(source.text, part), value, spellings: (text) => [escaped(text)] };
  const inner = { start: part.start + '<![CDATA['.length, end: part.end - ']]>'.length };
  return {
    ...trimmed(source.text, inner),
    value,
    spellings: (text) => (text.includes(']]>') ? [] : [text]),
  };
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const textIn = (text: string, { start, end }: Span): string => text.slice(start, end);

function match(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

function checkEncoding(source: Source, at: number, declaration: string): void {
  const named = /\sencoding\s*=\s*["']([^"']*)["']/.exec(declaration)?.[1] ?? 'UTF-8';
  if (!/^(?:utf-8|us-ascii)$/i.test(named))
    throw refuseAt(source, at, `it says that it is in ${named}; files in UTF-8 are edited`);
}

/** Reads what begins at `at` into the innermost open element; gives the offset after it. */
function next(source: Source, at: number, open: XmlElement[]): number {
  const { text } = source;
  const parent = open.at(-1)!;
  if (text[at] !== '<') {
    const less = text.indexOf('<', at);
    const end = less === -1 ? text.length : less;
    parent.children.push({ kind: 'text', start: at, end, value: decoded(source, at, end) });
    return end;
  }
  if (text.startsWith('<!--', at)) {
    const end = until(source, at, '<!--', '-->');
    parent.children.push({ kind: 'comment', start: at, end, value: '' });
    return end;
  }
  if (text.startsWith('<![CDATA[', at)) {
    const end = until(source, at, '<![CDATA[', ']]>');
    const value = text.slice(at + '<![CDATA['.length, end - ']]>'.length);
    parent.children.push({ kind: 'cdata', start: at, end, value });
    return end;
  }
  if (match(/<\?xml\s/iy, text, at) !== undefined)
    throw refuseAt(source, at, 'not XML: <?xml is not at the very beginning, or malformed');
  if (text.startsWith('<?', at)) return until(source, at, '<?', '?>');
  if (text.startsWith('<!', at))
    throw refuseAt(source, at, 'a DOCTYPE or another declaration, which is not understood');
  return text[at + 1] === '/' ? closeTag(source, at, open) : openTag(source, at, open);
}

function until(source: Source, at: number, begin: string, mark: string): number {
  const end = source.text.indexOf(mark, at + begin.length);
  if (end === -1) throw refuseAt(source, at, `${begin} is not closed by ${mark}`);
  return end + mark.length;
}

function closeTag(source: Source, at: number, open: XmlElement[]): number {
  const found = match(CLOSE_TAG, source.text, at);
  const element = open.at(-1)!;
  if (found === undefined || open.length === 1 || found[1] !== element.name)
    throw refuseAt(
      source,
      at,
      `not XML: ${open.length === 1 ? 'nothing is open here' : `expected </${element.name}>`}`,
    );
  open.pop();
  element.end = at + found[0].length;
  return element.end;
}

function openTag(source: Source, at: number, open: XmlElement[]): number {
  const { text } = source;
  const tag = match(OPEN_TAG, text, at);
  if (tag === undefined) throw refuseAt(source, at, 'not XML: a stray <');
  if (open.length > MAX_DEPTH) throw refuseAt(source, at, `nested more than ${MAX_DEPTH} deep`);
  const name = tag[1]!;
  if (/^(?:.*:)?include$/i.test(name))
    throw refuseAt(source, at, `<${name}>: what it brings in is not known here`);
  const element: XmlElement = {
    kind: 'element',
    name,
    attributes: new Map(),
    children: [],
    start: at,
    end: at,
  };
  let end = at + tag[0].length;
  for (let found; (found = match(ATTRIBUTE, text, end)) !== undefined;) {
    const stop = end + found[0].length;
    if (element.attributes.has(found[1]!))
      throw refuseAt(source, end, `not XML: the attribute ${found[1]} is there twice`);
    const start = stop - found[2]!.length + 1;
    element.attributes.set(found[1]!, {
      start,
      end: stop - 1,
      value: decoded(source, start, stop - 1),
    });
    end = stop;
  }
  const close = match(TAG_END, text, end);
  if (close === undefined) throw refuseAt(source, end, `not XML: the tag <${name}> is malformed`);
  element.end = end + close[0].length;
  open.at(-1)!.children.push(element);
  if (close[1] === '') open.push(element);
  return element.end;
}

const NAMED: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

function decoded(source: Source, start: number, end: number): string {
  return source.text
    .slice(start, end)
    .replace(
      /&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(\w+));|&/g,
      (whole, decimal?: string, hex?: string, named?: string, offset?: number) => {
        const code = decimal !== undefined ? Number(decimal) : parseInt(hex ?? '', 16);
        if (code > 0 && code <= 0x10ffff) return String.fromCodePoint(code);
        const known = named !== undefined && Object.hasOwn(NAMED, named) ? NAMED[named] : undefined;
        if (known !== undefined) return known;
        throw refuseAt(source, start + (offset ?? 0), `${whole} is not understood`);
      },
    );
}
