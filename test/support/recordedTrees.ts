/** Trees of an ensemble as they were after some of its transactions, from a tap that nothing else has to do with. */
import { createHash } from 'node:crypto';
import { timeOf } from '../../src/adapters/capture/pendingLog';
import type { Tap, TapEvent } from '../../src/adapters/tap';
import { isServersOwn } from '../../src/tree/compareTrees';
import type { DataTree } from '../../src/tree/dataTree';
import { TapTree } from './tapTree';
import { until } from './until';

const DEADLINE_MS = 60_000;

export interface RecordedTree {
  zxid: string;
  /** Of that transaction; the one after it is later. */
  timeMs: number;
  /** Of every node, with data, ACL and stat, and of every session. */
  fingerprint: string;
}

export class RecordedTrees {
  readonly points: RecordedTree[] = [];
  readonly tapTree: TapTree;
  private wanted = 0;
  private lastMs = -Infinity;

  constructor(tap: Tap) {
    this.tapTree = new TapTree({
      get lastZxid() {
        return tap.lastZxid;
      },
      take: () => tap.take(),
      close: () => tap.close(),
      [Symbol.asyncIterator]: () => this.watched(tap),
    });
  }

  get last(): bigint {
    return this.tapTree.last;
  }

  /** At the next moment that a time can name too: when a transaction comes that is later than the one before. */
  async record(): Promise<RecordedTree> {
    const goal = this.points.length + (this.wanted += 1);
    await until(
      `tree number ${goal}`,
      () => {
        if (this.tapTree.error !== undefined) throw this.tapTree.error;
        return this.points.length >= goal || undefined;
      },
      DEADLINE_MS,
      10,
    );
    return this.points[goal - 1]!;
  }

  /** Of an ensemble that is quiet. */
  now(): RecordedTree {
    const { tree, last } = this.tapTree;
    return {
      zxid: `0x${last.toString(16)}`,
      timeMs: this.lastMs,
      fingerprint: fingerprintOf(tree!),
    };
  }

  private async *watched(tap: Tap): AsyncGenerator<TapEvent> {
    for await (const event of tap) {
      if (event.kind === 'txn') {
        const timeMs = timeOf(event.bytes);
        if (this.wanted > 0 && this.tapTree.isSettled && timeMs > this.lastMs) {
          this.points.push(this.now());
          this.wanted -= 1;
        }
        this.lastMs = timeMs;
      }
      yield event;
    }
  }
}

/** Equal where two trees are, but for what each server writes for itself. */
export function fingerprintOf(tree: DataTree): string {
  const hash = createHash('sha256');
  for (const { path, data, acl, stat } of tree.nodes({ sorted: true })) {
    if (isServersOwn(path)) continue;
    hash.update(JSON.stringify([path, acl, stat], text)).update(data ?? 'null');
  }
  const sessions = [...tree.sessions].sort(([one], [other]) => (one < other ? -1 : 1));
  return hash.update(JSON.stringify(sessions, text)).digest('hex');
}

const text = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? value.toString() : value;
