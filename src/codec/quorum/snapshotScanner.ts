/**
 * Finds where the snapshot in a leader's stream ends, reading nothing of it but lengths: sessions, ACL
 * table and nodes up to the path "/", then the leader's signature (DataTree.serialize, LearnerHandler).
 */
import { ZkferryError } from '../../model/errors';
import { MAX_PACKET_BYTES } from './packetDecoder';

export const SIGNATURE = 'BenWasHere';
/** int length and the ten letters. */
const SIGNATURE_BYTES = 4 + SIGNATURE.length;
const SESSION_BYTES = 12;
const ACL_AND_STAT_BYTES = 8 + 60;
/** Sessions, and ACL lists: more than any heap holds. */
const MAX_LIST = 1 << 28;
const MAX_PATH_BYTES = 1024 * 1024;
const MAX_ACL_ENTRIES = 1024 * 1024;
const MAX_ACL_STRING_BYTES = 1024 * 1024;
const SLASH = 0x2f;

type Field =
  | 'sessions'
  | 'acls'
  | 'aclEntries'
  | 'aclScheme'
  | 'aclId'
  | 'path'
  | 'slash'
  | 'data'
  | 'signature'
  | 'end';

/** Bytes to pass over between a list's key or an entry's permissions and the length that follows. */
const ACL_KEY_BYTES = 8;
const PERMS_BYTES = 4;

/**
 * `push` returns how many bytes at the beginning of the chunk are the snapshot's: all of them until it is
 * `done`. `consumed` counts the signature too: what follows in the chunk is the stream's next packet. Keeps a
 * few bytes whatever the size of the snapshot. ZooKeeperUnavailable for lengths beyond any bound.
 */
export class SnapshotScanner {
  private field: Field = 'sessions';
  private skip = 0;
  private acls = 0;
  private entries = 0;
  /** The bytes of a length, or of the signature, that lie across chunks. */
  private readonly carry = Buffer.alloc(SIGNATURE_BYTES);
  private carried = 0;
  /** Of the chunk pushed last. */
  consumed = 0;
  /** Nodes seen so far. */
  nodes = 0;

  constructor(private readonly maxDataBytes = MAX_PACKET_BYTES) {}

  get done(): boolean {
    return this.field === 'end';
  }

  push(chunk: Buffer): number {
    let offset = 0;
    let body = this.field === 'signature' ? 0 : -1;
    while (!this.done) {
      if (this.field === 'signature' && body < 0) body = offset;
      if (this.skip > 0) {
        const step = Math.min(this.skip, chunk.length - offset);
        this.skip -= step;
        offset += step;
        if (this.skip > 0) break;
      }
      const wanted = this.wanted();
      if (this.carried === 0 && chunk.length - offset >= wanted) {
        this.accept(chunk, offset);
        offset += wanted;
        continue;
      }
      const part = Math.min(wanted - this.carried, chunk.length - offset);
      chunk.copy(this.carry, this.carried, offset, offset + part);
      this.carried += part;
      offset += part;
      if (this.carried < wanted) break;
      this.carried = 0;
      this.accept(this.carry, 0);
    }
    this.consumed = offset;
    return body < 0 ? offset : body;
  }

  private wanted(): number {
    if (this.field === 'slash') return 1;
    return this.field === 'signature' ? SIGNATURE_BYTES : 4;
  }

  private accept(bytes: Buffer, offset: number): void {
    switch (this.field) {
      case 'path': {
        const length = this.length(bytes, offset, MAX_PATH_BYTES);
        // Only the mark of the end has one byte: the root is written as "", every other path is longer.
        if (length === 1) this.field = 'slash';
        else {
          this.nodes += 1;
          this.skip = length;
          this.field = 'data';
        }
        return;
      }
      case 'data':
        this.skip = this.length(bytes, offset, this.maxDataBytes) + ACL_AND_STAT_BYTES;
        this.field = 'path';
        return;
      case 'sessions':
        this.skip = this.length(bytes, offset, MAX_LIST) * SESSION_BYTES;
        this.field = 'acls';
        return;
      case 'acls':
        this.acls = this.length(bytes, offset, MAX_LIST);
        this.nextAcl();
        return;
      case 'aclEntries':
        this.acls -= 1;
        this.entries = this.length(bytes, offset, MAX_ACL_ENTRIES);
        this.nextEntryAfter(0);
        return;
      case 'aclScheme':
        this.skip = this.length(bytes, offset, MAX_ACL_STRING_BYTES);
        this.field = 'aclId';
        return;
      case 'aclId':
        this.skip = this.length(bytes, offset, MAX_ACL_STRING_BYTES);
        this.entries -= 1;
        this.nextEntryAfter(this.skip);
        return;
      case 'slash':
        if (bytes[offset] !== SLASH) throw this.malformed('a path of one byte that is not "/"');
        this.field = 'signature';
        return;
      case 'signature':
        if (
          bytes.readInt32BE(offset) !== SIGNATURE.length ||
          bytes.toString('latin1', offset + 4, offset + SIGNATURE_BYTES) !== SIGNATURE
        )
          throw this.malformed('no signature after it');
        this.field = 'end';
        return;
      case 'end':
    }
  }

  private nextAcl(): void {
    this.skip = this.acls > 0 ? ACL_KEY_BYTES : 0;
    this.field = this.acls > 0 ? 'aclEntries' : 'path';
  }

  private nextEntryAfter(skip: number): void {
    if (this.entries > 0) {
      this.skip = skip + PERMS_BYTES;
      this.field = 'aclScheme';
    } else {
      this.nextAcl();
      this.skip += skip;
    }
  }

  /** A length of -1 is null, which takes no bytes. */
  private length(bytes: Buffer, offset: number, most: number): number {
    const length = bytes.readInt32BE(offset);
    if (length === -1) return 0;
    if (length < 0 || length > most) throw this.malformed(`${this.field} of ${length}`);
    return length;
  }

  private malformed(what: string): ZkferryError {
    return new ZkferryError(
      'ZooKeeperUnavailable',
      `malformed snapshot in the leader's stream (${what}, after ${this.nodes} nodes): this is not what a leader sends`,
      { retryable: true, details: { code: 'MarshallingError' } },
    );
  }
}
