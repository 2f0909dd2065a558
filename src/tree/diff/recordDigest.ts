/** All that two nodes can differ in, path included, as 128 bits. */
import * as crypto from 'node:crypto';
import type { AclEntry } from '../../codec/records';
import type { SourceNode } from '../source';
import { LineWriter, typeText, type LineOptions } from './line';

/** 32-bit words of a digest. */
export const DIGEST_WORDS = 4;
/** Path, and what stands beside the data. */
const HEAD_BYTES = 512;
/** Larger data is hashed where it lies. */
const COPIED_BYTES = 16 << 10;
const MOST_BYTES_PER_UNIT = 3;
const ACLS_KEPT = 100_000;

/** One for both sides: their digests can be compared. */
export class RecordDigester {
  private scratch = Buffer.allocUnsafe(HEAD_BYTES + COPIED_BYTES);
  private readonly ids = new Map<string, number>();
  private readonly lists = new Map<AclEntry[], number>();

  constructor(private readonly options: LineOptions) {}

  /** `path`: the one both sides share. Writes DIGEST_WORDS words to `words`. */
  digest(path: string, node: SourceNode, words: Uint32Array): void {
    const { stat, data } = node;
    const { types, versions, times } = this.options;
    const most = path.length * MOST_BYTES_PER_UNIT + HEAD_BYTES + COPIED_BYTES;
    if (this.scratch.length < most) this.scratch = Buffer.allocUnsafe(most);
    const { scratch } = this;
    let at = scratch.write(path, 0, 'utf8');
    // No path holds it: what follows can't be taken for a part of the path.
    at = scratch.writeUInt8(0, at);
    at = scratch.writeInt32BE(data === null ? -1 : data.length, at);
    at = scratch.writeInt32BE(stat.cversion, at);
    at = scratch.writeUInt32BE(this.aclId(node.acl), at);
    if (types && stat.ephemeralOwner !== 0n) at += scratch.write(typeText(stat.ephemeralOwner), at);
    at = scratch.writeUInt8(0, at);
    if (versions) at = scratch.writeInt32BE(stat.aversion, scratch.writeInt32BE(stat.version, at));
    if (times) at = scratch.writeBigInt64BE(stat.ctime, scratch.writeBigInt64BE(stat.mtime, at));
    if (data !== null && data.length <= COPIED_BYTES) at += data.copy(scratch, at);
    const record = scratch.subarray(0, at);
    const digest = data !== null && data.length > COPIED_BYTES ? sha1(record, data) : sha1(record);
    for (let word = 0; word < DIGEST_WORDS; word += 1) words[word] = wordAt(digest, word * 4);
  }

  /** Readers give nodes with one ACL one list, mostly. */
  private aclId(acl: AclEntry[]): number {
    const known = this.lists.get(acl);
    if (known !== undefined) return known;
    const text = LineWriter.aclText(acl);
    let id = this.ids.get(text);
    if (id === undefined) {
      id = this.ids.size;
      this.ids.set(text, id);
    }
    if (this.lists.size < ACLS_KEPT) this.lists.set(acl, id);
    return id;
  }
}

/** Not in Node before 20.12; without an object for each hash it takes a third of the time. */
const atOnce = (crypto as Partial<Pick<typeof crypto, 'hash'>>).hash;

/** A character a byte. */
function sha1(bytes: Buffer, ...more: Buffer[]): string {
  if (atOnce !== undefined && more.length === 0) return atOnce('sha1', bytes, 'binary');
  const hash = crypto.createHash('sha1').update(bytes);
  for (const part of more) hash.update(part);
  return hash.digest('binary');
}

const wordAt = (digest: string, at: number): number =>
  (digest.charCodeAt(at) |
    (digest.charCodeAt(at + 1) << 8) |
    (digest.charCodeAt(at + 2) << 16) |
    (digest.charCodeAt(at + 3) << 24)) >>>
  0;
