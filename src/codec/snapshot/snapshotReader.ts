import type { SnapshotNode, SnapshotTables } from '../records';
import { corruptionOf } from '../txn/errors';
import { ByteQueue } from '../txnLog/byteQueue';
import { adler32 } from '../txnLog/adler32';
import { FILE_HEADER_BYTES, MAGIC, VERSION, type SnapshotTrailer } from './format';
import { NodeParser } from './nodeParser';
import { TablesParser } from './tablesParser';
import { MOST_TRAILER_BYTES, readTrailer } from './trailer';

/**
 * How a snapshot ends. Only `complete` says that what came out is right: the checksum stands at the end, so tables
 * and nodes come out before it is known.
 *
 * - complete: of a file, with what follows the nodes; every checksum fits. (Adler-32 sees every changed bit, but
 *   not two stretches exchanged whose bytes have the same sum: the tree's digest does, from 3.6 on.) A file of 3.6+ cut off exactly after
 *   its first seal is a complete file of 3.5, and one of 3.9 cut after its digest one of 3.6: whoever knows the
 *   version must look for `trailer.digest` and `trailer.lastZxid`. Of a body, `endOffset` is where "/" ends.
 * - truncated: everything up to the end of the input (`offset`) may be right, and more was to come.
 * - corrupt: at `offset` is something that no server writes, or a checksum that does not fit what is before it.
 */
export type SnapshotEnd =
  | { kind: 'complete'; endOffset: number; trailer: SnapshotTrailer }
  | { kind: 'truncated'; offset: number; reason: string }
  | { kind: 'corrupt'; offset: number; reason: string };

export interface SnapshotReaderOptions {
  /** `body`: as the quorum port sends it, from the sessions to "/", without checksums. Default `file`. */
  form?: 'file' | 'body';
  /** Longest path, data or ACL list taken for one; default 64 MiB. */
  maxRecordBytes?: number;
}

export const DEFAULT_MAX_RECORD_BYTES = 64 << 20;

type Stage = 'header' | 'tables' | 'nodes' | 'trailer' | 'done';

/**
 * Reads a snapshot of any size, chunk by chunk, unpacked (.gz and .snappy are the caller's). Holds an unfinished
 * record at most, beside the tables. Chunks must not be changed after they were pushed: node data are views of them.
 */
export class SnapshotReader {
  private readonly queue = new ByteQueue();
  private readonly form: 'file' | 'body';
  private readonly tablesParser: TablesParser;
  private readonly nodeParser: NodeParser;
  private stage: Stage;
  private checksum = 1;
  private end: SnapshotEnd | undefined;
  /** Known before the first node comes out. */
  tables: SnapshotTables | undefined;

  constructor({
    form = 'file',
    maxRecordBytes = DEFAULT_MAX_RECORD_BYTES,
  }: SnapshotReaderOptions = {}) {
    this.form = form;
    this.stage = form === 'file' ? 'header' : 'tables';
    this.tablesParser = new TablesParser(maxRecordBytes);
    this.nodeParser = new NodeParser(maxRecordBytes, (id) => this.tables?.acls.get(id));
  }

  /** Nothing more is read: a body's "/" was met, or damage. */
  get done(): boolean {
    return this.stage === 'done';
  }

  /** Of a body that is `done`: what was pushed after its end, the stream's next bytes. */
  get rest(): Buffer {
    return this.queue.view(this.queue.length);
  }

  /** The nodes this chunk completes, in the order of the file. */
  push(chunk: Buffer): SnapshotNode[] {
    const nodes: SnapshotNode[] = [];
    if (this.end !== undefined && (this.form === 'file' || this.end.kind !== 'complete'))
      return nodes;
    this.queue.push(chunk);
    try {
      this.read(nodes);
    } catch (error) {
      const { what, offset } = corruptionOf(error);
      this.fail(what, this.queue.offset + offset);
    }
    return nodes;
  }

  /** The input has ended: how. */
  finish(): SnapshotEnd {
    this.end ??= this.conclude();
    this.stage = 'done';
    return this.end;
  }

  private read(nodes: SnapshotNode[]): void {
    if (this.stage === 'header' && this.queue.length >= FILE_HEADER_BYTES) this.readHeader();
    if (this.stage === 'tables') {
      this.consume((view) => this.tablesParser.parse(view), this.tablesParser);
      if (this.tablesParser.done) {
        this.tables = this.tablesParser.tables;
        this.stage = 'nodes';
      }
    }
    if (this.stage === 'nodes') {
      this.consume((view) => this.nodeParser.parse(view, nodes), this.nodeParser);
      if (this.nodeParser.done) this.afterNodes();
    }
    if (this.stage === 'trailer' && this.queue.length > MOST_TRAILER_BYTES) {
      this.fail('bytes after the last seal', this.queue.offset + MOST_TRAILER_BYTES);
    }
  }

  /** Hands over what is at hand until the parser wants more than that. */
  private consume(
    parse: (view: Buffer) => number,
    parser: { readonly done: boolean; readonly wanted: number },
  ): void {
    const { queue } = this;
    while (!parser.done && queue.length > 0 && queue.length >= parser.wanted) {
      const view = queue.view(parser.wanted);
      const used = parse(view);
      if (this.form === 'file') this.checksum = adler32(this.checksum, view, 0, used);
      queue.skip(used);
    }
  }

  private readHeader(): void {
    const view = this.queue.view(FILE_HEADER_BYTES);
    if (view.toString('latin1', 0, 4) !== MAGIC) {
      this.fail('no snapshot: the letters ZKSN are missing', 0);
      return;
    }
    const version = view.readInt32BE(4);
    if (version !== VERSION) {
      this.fail(`a snapshot of version ${version}, where ZooKeeper 3.4 to 3.9 write ${VERSION}`, 4);
      return;
    }
    this.checksum = adler32(this.checksum, view, 0, FILE_HEADER_BYTES);
    this.queue.skip(FILE_HEADER_BYTES);
    this.stage = 'tables';
  }

  private afterNodes(): void {
    this.stage = this.form === 'file' ? 'trailer' : 'done';
    if (this.form === 'body') {
      this.end = { kind: 'complete', endOffset: this.queue.offset, trailer: {} };
    }
  }

  private fail(reason: string, offset: number): void {
    this.end = { kind: 'corrupt', offset, reason };
    this.stage = 'done';
  }

  private conclude(): SnapshotEnd {
    const { offset, length } = this.queue;
    if (this.stage === 'trailer') {
      return readTrailer(this.queue.view(length), offset, this.checksum);
    }
    const where = { header: 'header', tables: 'sessions and ACLs', nodes: 'nodes' };
    const within = where[this.stage as keyof typeof where];
    return { kind: 'truncated', offset: offset + length, reason: `it ends within its ${within}` };
  }
}
