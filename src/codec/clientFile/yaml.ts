/** One scalar of a YAML file, in place. The library's ranges say where it stands; the rest is never written by it. */
import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  parse,
  parseAllDocuments,
  visit,
  type Document,
  type Node,
  type ParsedNode,
  type Scalar,
} from 'yaml';
import type { PathPart } from '../../model/clientFile';
import { onlyOne, refusal, refuseAt, trimmed, type Slot, type Source } from './source';
import { shownPath } from './shownPath';

const TEXT_TAG = 'tag:yaml.org,2002:str';

type Parsed = Document.Parsed<ParsedNode>;

/**
 * `document`: its number, from 0; among all without it. `numbers`: an unsigned integer counts as its digits, as ports
 * are written.
 *
 * @throws ZkferryError Unsupported where the path is missing, ambiguous, shared or no text, or the file is no YAML
 */
export function yamlSlot(
  source: Source,
  path: readonly PathPart[],
  { document, numbers = false }: { document?: number; numbers?: boolean } = {},
): Slot {
  const documents = documentsOf(source);
  if (document !== undefined && documents[document] === undefined)
    throw refusal(
      source.name,
      `it has ${documents.length} documents, none with number ${document}`,
    );
  const among = document === undefined ? documents : [documents[document]!];
  const several = among.length > 1 ? ' in any of its documents' : '';
  // The reason why it is missing is told where there is one document only.
  const found = among.flatMap((one) => {
    const node = nodeAt(source, one, path, among.length > 1);
    return node === undefined ? [] : [{ node, document: one }];
  });
  const only = onlyOne(source, shownPath(path), found, ({ node }) => startOf(node), several);
  return slotOf(source, path, only.node, numbers);
}

function documentsOf(source: Source): Parsed[] {
  const parsed = parseAllDocuments(source.text, { uniqueKeys: false, logLevel: 'silent' });
  const documents = Array.isArray(parsed) ? parsed : [];
  for (const { errors } of documents) {
    const [error] = errors;
    if (error !== undefined)
      throw refuseAt(source, error.pos[0], `not YAML: ${error.message.split(/ at line |\n/)[0]}`);
  }
  return documents;
}

/** Undefined only where `quietly`; else what is missing is refused where the document says why. */
function nodeAt(
  source: Source,
  document: Parsed,
  path: readonly PathPart[],
  quietly: boolean,
): Node | undefined {
  let node: Node | null | undefined = document.contents;
  for (const [index, part] of path.entries()) {
    const shown = shownPath(path.slice(0, index + 1));
    checkShared(source, document, node, shown);
    const found = childrenAt(node, part);
    if (found.length === 0) {
      if (quietly) return undefined;
      const merged = isMap(node) && node.has('<<') ? '; it may come by << from another place' : '';
      throw refusal(source.name, `${shown} is not there${merged}`);
    }
    node = onlyOne(source, shown, found, startOf);
  }
  return node ?? undefined;
}

function childrenAt(node: Node | null | undefined, part: PathPart): Node[] {
  if (isMap(node))
    return node.items.flatMap(({ key, value }) =>
      isScalar(key) && String(key.value) === String(part) && isNode(value) ? [value] : [],
    );
  const item = isSeq(node) && typeof part === 'number' ? node.items[part] : undefined;
  return isNode(item) ? [item] : [];
}

/** An edit below an anchor that others refer to would change those, too. */
function checkShared(
  source: Source,
  document: Parsed,
  node: Node | null | undefined,
  shown: string,
): void {
  if (isAlias(node))
    throw refuseAt(
      source,
      startOf(node),
      `${shown} is by the alias *${node.source}; edit the anchor's own place`,
    );
  const anchor = isMap(node) || isSeq(node) ? node.anchor : undefined;
  if (anchor === undefined) return;
  visit(document, {
    Alias: (_, alias) => {
      if (alias.source === anchor)
        throw refuseAt(
          source,
          startOf(alias),
          `${shown} is below the anchor &${anchor}, which is used here, too`,
        );
    },
  });
}

function slotOf(source: Source, path: readonly PathPart[], node: Node, numbers: boolean): Slot {
  const [shown, at] = [shownPath(path), startOf(node)];
  if (isAlias(node)) throw refuseAt(source, at, `${shown} is the alias *${node.source}`);
  const digits = numbers && isScalar(node) && typeof node.value === 'number';
  if (!isScalar(node) || !(digits || typeof node.value === 'string'))
    throw refuseAt(source, at, `${shown} is no text`);
  if (node.anchor !== undefined)
    throw refuseAt(source, at, `${shown} has the anchor &${node.anchor}: it stands elsewhere, too`);
  if (node.tag !== undefined && node.tag !== TEXT_TAG)
    throw refuseAt(source, at, `${shown} has the tag ${node.tag}, which is not understood`);
  const span = spanOf(source.text, node);
  if (!digits)
    return {
      ...span,
      value: String(node.value).trim(),
      spellings: (value) => spellings(node, value),
    };
  const value = source.text.slice(span.start, span.end);
  return { ...span, value, spellings: (text) => [text] };
}

/** A block scalar keeps its header, its indentation and the line ends after it. */
function spanOf(text: string, node: Scalar): { start: number; end: number } {
  const [start, end] = node.range!;
  if (node.type !== 'BLOCK_LITERAL' && node.type !== 'BLOCK_FOLDED') return { start, end };
  const header = /^[^\r\n]*(?:\r\n|\r|\n)?/.exec(text.slice(start, end))![0];
  return trimmed(text, { start: start + header.length, end });
}

function spellings(node: Scalar, value: string): string[] {
  const double = JSON.stringify(value);
  const single = `'${value.replaceAll("'", "''")}'`;
  switch (node.type) {
    case 'QUOTE_DOUBLE':
      return [double];
    case 'QUOTE_SINGLE':
      return [single];
    case 'PLAIN':
      return staysText(value) ? [value, double] : [double];
    default:
      return [value];
  }
}

/** For readers of YAML 1.1 as well, to whom more plain words are numbers or truths. */
function staysText(value: string): boolean {
  try {
    return (['1.1', '1.2'] as const).every(
      (version) => parse(value, { version, logLevel: 'silent' }) === value,
    );
  } catch {
    return false;
  }
}

const startOf = (node: Node): number => node.range?.[0] ?? 0;
