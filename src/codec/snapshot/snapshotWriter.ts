import { JuteWriter } from '../jute';
import type { SnapshotTables, ZnodeRecord } from '../records';
import { writeAcl } from '../txn/encodeTxn';
import { writeJavaString } from '../txn/javaString';
import { adler32 } from '../txnLog/adler32';
import { DB_ID, MAGIC, VERSION, type SnapshotTrailer } from './format';

const END_OF_NODES = '/';

/**
 * Gives the bytes of a snapshot piece by piece: `head`, then `nodes` as often as wanted (parents before their
 * children, the root first), then `end`. Byte for byte what a server writes, where tables and nodes are in the
 * same order. `body`: as the quorum port sends it, without header and checksums.
 */
export class SnapshotWriter {
  private checksum = 1;
  /** Bytes of the end that are in the checksum. */
  private summedOfEnd = 0;

  constructor(private readonly form: 'file' | 'body' = 'file') {}

  head({ sessions, acls }: SnapshotTables): Buffer {
    const writer = new JuteWriter();
    if (this.form === 'file') {
      writer.raw(Buffer.from(MAGIC, 'latin1')).int(VERSION).long(DB_ID);
    }
    writer.int(sessions.length);
    for (const { sessionId, timeoutMs } of sessions) writer.long(sessionId).int(timeoutMs);
    writer.int(acls.size);
    for (const [key, acl] of acls) writeAcl(writer.long(key), acl);
    return this.summed(writer);
  }

  nodes(nodes: Iterable<ZnodeRecord>): Buffer {
    const writer = new JuteWriter();
    for (const { path, data, aclId, stat } of nodes) {
      writeJavaString(writer, path === '/' ? '' : path);
      writer
        .buffer(data)
        .long(aclId)
        .long(stat.czxid)
        .long(stat.mzxid)
        .long(stat.ctime)
        .long(stat.mtime)
        .int(stat.version)
        .int(stat.cversion)
        .int(stat.aversion)
        .long(stat.ephemeralOwner)
        .long(stat.pzxid);
    }
    return this.summed(writer);
  }

  /** Bytes that another writer's `nodes` gave: for whoever knows the tables last. */
  nodeBytes(bytes: Buffer): Buffer {
    this.checksum = adler32(this.checksum, bytes);
    return bytes;
  }

  /** What `trailer` holds must suit the version that shall read it: 3.6+ reads a digest, 3.9+ the last zxid too. */
  end({ digest, lastZxid }: SnapshotTrailer = {}): Buffer {
    const writer = new JuteWriter().string(END_OF_NODES);
    if (this.form === 'body') return writer.bytes();
    this.seal(writer);
    if (digest) {
      this.seal(writer.long(digest.zxid).int(digest.version).long(digest.digest));
    }
    if (lastZxid !== undefined) this.seal(writer.long(lastZxid));
    return writer.bytes();
  }

  /** The Adler-32 of everything written so far, earlier seals included. */
  private seal(writer: JuteWriter): void {
    const bytes = writer.bytes();
    this.checksum = adler32(this.checksum, bytes, this.summedOfEnd, bytes.length);
    this.summedOfEnd = bytes.length;
    writer.long(BigInt(this.checksum)).string(END_OF_NODES);
  }

  private summed(writer: JuteWriter): Buffer {
    const bytes = writer.bytes();
    this.checksum = adler32(this.checksum, bytes);
    return bytes;
  }
}
