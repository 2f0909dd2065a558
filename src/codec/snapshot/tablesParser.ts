import type { AclEntry, SnapshotTables } from '../records';
import { corruptData } from '../txn/errors';
import { RecordReader } from '../txn/recordReader';
import { LIST_HEAD_BYTES, SESSION_BYTES } from './format';

/** Reads sessions and the ACL table, one session or one entry at a time. */
export class TablesParser {
  readonly tables: SnapshotTables = { sessions: [], acls: new Map() };
  /** Bytes that must be at hand for the next call to get on. */
  wanted = 4;
  private sessions = -1;
  private acls = -1;
  private list: AclEntry[] = [];
  private entriesLeft = 0;

  constructor(private readonly maxRecordBytes: number) {}

  get done(): boolean {
    return this.sessions === 0 && this.acls === 0 && this.entriesLeft === 0;
  }

  /** Returns how many bytes of `view` it took. CorruptData; offsets from `view`. */
  parse(view: Buffer): number {
    let at = 0;
    for (;;) {
      const used = this.step(view, at);
      if (used === 0) return at;
      at += used;
      if (this.done) return at;
    }
  }

  /** One count, session, head of a list or entry; 0 where it is not all there. */
  private step(view: Buffer, at: number): number {
    const left = view.length - at;
    if (this.sessions < 0 || (this.sessions === 0 && this.acls < 0)) {
      if (left < 4) return this.pause(4);
      const count = view.readInt32BE(at);
      if (count < 0) throw corruptData(`a table of ${count} entries`, at);
      if (this.sessions < 0) this.sessions = count;
      else this.acls = count;
      return 4;
    }
    if (this.sessions > 0) {
      if (left < SESSION_BYTES) return this.pause(SESSION_BYTES);
      this.sessions -= 1;
      this.tables.sessions.push({
        sessionId: view.readBigInt64BE(at),
        timeoutMs: view.readInt32BE(at + 8),
      });
      return SESSION_BYTES;
    }
    return this.entriesLeft > 0 ? this.readEntry(view, at) : this.readListHead(view, at);
  }

  private readListHead(view: Buffer, at: number): number {
    if (view.length - at < LIST_HEAD_BYTES) return this.pause(LIST_HEAD_BYTES);
    const key = view.readBigInt64BE(at);
    const entries = view.readInt32BE(at + 8);
    if (entries < 0) throw corruptData(`an ACL of ${entries} entries`, at + 8);
    if (this.tables.acls.has(key)) throw corruptData(`the ACL ${key} for the second time`, at);
    this.list = [];
    this.tables.acls.set(key, this.list);
    this.entriesLeft = entries;
    this.acls -= 1;
    return LIST_HEAD_BYTES;
  }

  private readEntry(view: Buffer, at: number): number {
    let length = 4;
    for (let text = 0; text < 2; text += 1) {
      if (view.length - at < length + 4) return this.pause(length + 4);
      const textLength = view.readInt32BE(at + length);
      if (textLength < 0 || textLength > this.maxRecordBytes) {
        throw corruptData(`an ACL with a string of ${textLength} bytes`, at + length);
      }
      length += 4 + textLength;
    }
    if (view.length - at < length) return this.pause(length);
    const reader = new RecordReader(view, at, at + length);
    this.list.push({ perms: reader.int(), scheme: reader.string(), id: reader.string() });
    this.entriesLeft -= 1;
    return length;
  }

  private pause(bytes: number): 0 {
    this.wanted = bytes;
    return 0;
  }
}
