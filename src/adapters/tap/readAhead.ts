/** A small snapshot's nodes, read while it comes in: whoever waits for them need not read the file for them. */
import type { SnapshotNode, SnapshotTables } from '../../codec/records';
import { SnapshotReader } from '../../codec/snapshot';

export interface ReadAhead {
  tables: SnapshotTables;
  nodes: SnapshotNode[][];
}

export class AheadReader {
  private readonly reader = new SnapshotReader({ form: 'body' });
  private readonly nodes: SnapshotNode[][] = [];
  private bytes = 0;
  private givenUp = false;

  /** Beyond `maxBytes` of snapshot nothing is kept. */
  constructor(private readonly maxBytes: number) {
    this.givenUp = maxBytes === 0;
  }

  push(chunk: Buffer): void {
    if (this.givenUp) return;
    this.bytes += chunk.length;
    if (this.bytes > this.maxBytes) {
      this.givenUp = true;
      this.nodes.length = 0;
      return;
    }
    const nodes = this.reader.push(chunk);
    if (nodes.length > 0) this.nodes.push(nodes);
  }

  /** After the last chunk; undefined where the snapshot was too large, or is not understood: the file tells why. */
  get result(): ReadAhead | undefined {
    if (this.givenUp || this.reader.finish().kind !== 'complete') return undefined;
    const { tables } = this.reader;
    return tables === undefined ? undefined : { tables, nodes: this.nodes };
  }
}
