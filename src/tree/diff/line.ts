/**
 * A node as one line of text, so that two trees are compared by sorting lines: by path, each node before what
 * is below it, and nothing else between. Legal paths hold no control characters (PathUtils.java), so the lowest
 * ones take the places of the path's end and its slashes.
 */
import { createHash } from 'node:crypto';
import type { AclEntry } from '../../codec/records';
import { nodeType, ttlMs } from '../nodeType';
import type { SourceNode } from '../source';

/** What two nodes can differ in. */
export const DIFF_FIELDS = ['data', 'acl', 'type', 'nextSequence'] as const;
export const OPTIONAL_FIELDS = ['version', 'aversion', 'mtime', 'ctime'] as const;
export type DiffField = (typeof DIFF_FIELDS)[number] | (typeof OPTIONAL_FIELDS)[number];

export interface LineOptions {
  /** False where one side can't tell container and TTL nodes from plain ones. */
  types: boolean;
  versions: boolean;
  times: boolean;
}

/** One side of a difference, for people and for --json. */
export type Side = Partial<Record<DiffField, string>>;

const PATH_END = '\0';
const SLASH = '\x01';
const INLINE_BYTES = 32;
const ACLS_KEPT = 1_000;

export class LineWriter {
  private readonly acls = new Map<AclEntry[], string>();

  constructor(private readonly options: LineOptions) {}

  /** `path`: the one both sides share, relative to their roots. */
  line(path: string, node: SourceNode): string {
    const { stat } = node;
    const { types, versions, times } = this.options;
    let line = `${path.replaceAll('/', SLASH)}${PATH_END}${dataText(node.data)}\t${this.keptAclText(node.acl)}\t${types ? typeText(stat.ephemeralOwner) : ''}\t${stat.cversion}`;
    line += versions ? `\t${stat.version}\t${stat.aversion}` : '\t\t';
    line += times ? `\t${stat.mtime}\t${stat.ctime}` : '\t\t';
    return line;
  }

  /** Two servers may keep the entries of one list in one order only: the order is part of it. */
  static aclText(acl: readonly AclEntry[]): string {
    return JSON.stringify(acl.map(({ perms, scheme, id }) => `${scheme}:${id}:${permText(perms)}`));
  }

  /** Most nodes share few lists: each is written once. */
  private keptAclText(acl: AclEntry[]): string {
    const known = this.acls.get(acl);
    if (known !== undefined) return known;
    const text = LineWriter.aclText(acl);
    if (this.acls.size < ACLS_KEPT) this.acls.set(acl, text);
    return text;
  }
}

const FIELDS: readonly DiffField[] = [...DIFF_FIELDS, ...OPTIONAL_FIELDS];

export const pathOf = (line: string): string =>
  line.substring(0, line.indexOf(PATH_END)).replaceAll(SLASH, '/');

/** Everything after the path. */
export const fieldsOf = (line: string): string[] =>
  line.substring(line.indexOf(PATH_END) + 1).split('\t');

export const FIELD_INDEX = Object.fromEntries(
  [...DIFF_FIELDS, ...OPTIONAL_FIELDS].map((field, index) => [field, index]),
) as Record<DiffField, number>;

/** Fields of two lines of one path that differ; empty where the lines are equal. */
export function differingFields(
  one: string,
  other: string,
): { fields: DiffField[]; source: Side; target: Side } {
  const left = fieldsOf(one);
  const right = fieldsOf(other);
  const source: Side = {};
  const target: Side = {};
  const fields = FIELDS.filter((field, index) => {
    if (left[index] === right[index]) return false;
    source[field] = left[index];
    target[field] = right[index];
    return true;
  });
  return { fields, source, target };
}

function dataText(data: Buffer | null): string {
  if (data === null) return 'null';
  if (data.length <= INLINE_BYTES) return `${data.length} bytes ${data.toString('base64')}`;
  return `${data.length} bytes sha1 ${createHash('sha1').update(data).digest('base64')}`;
}

export function typeText(owner: bigint): string {
  const type = nodeType(owner);
  return type === 'ttl' ? `ttl ${ttlMs(owner)} ms` : type;
}

const PERMS = 'rwcda';

function permText(perms: number): string {
  let text = '';
  for (let bit = 0; bit < PERMS.length; bit++) if ((perms >> bit) & 1) text += PERMS[bit];
  return text;
}
