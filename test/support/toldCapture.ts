/** Captures of what a tap is made to tell: real repositories without an ensemble. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { capture } from '../../src/adapters/capture/capture';
import type { Repository } from '../../src/adapters/repository/repository';
import type { Tap, TapEvent } from '../../src/adapters/tap';
import { TXN_TYPE } from '../../src/codec/records';
import { SnapshotWriter } from '../../src/codec/snapshot';
import { DataTree } from '../../src/tree/dataTree';
import { OPEN } from './history';
import { START_MS, txnBytes } from './logObjects';

export const txn = (zxid: bigint): TapEvent => ({
  ...({ kind: 'txn', zxid, receivedAt: Date.now() } as const),
  bytes: txnBytes(zxid),
});

/** Of a tree with the node that transactions write to. `after`: what came after it was not seen. */
export function snapshot(directory: string, zxid: bigint, after?: bigint): TapEvent {
  const file = join(directory, `snapshot-${zxid}`);
  const tree = DataTree.empty(false);
  const [path, data] = ['/a', Buffer.from('new')];
  tree.apply({
    header: { clientId: 1n, cxid: 0, zxid, time: BigInt(START_MS), type: TXN_TYPE.create },
    body: { kind: 'create', path, data, acl: OPEN, ephemeral: false, parentCversion: 1 },
  });
  const writer = new SnapshotWriter();
  const head = writer.head(tree.tables());
  const bytes = Buffer.concat([head, writer.nodes([...tree.nodes()]), writer.end()]);
  writeFileSync(file, bytes);
  const unseen = after === undefined ? {} : { unseen: { after, upTo: zxid } };
  return { kind: 'snapshot', file, bytes: bytes.length, zxid, ...unseen };
}

export const attached = (zxid: bigint, by: 'snap' | 'diff' = 'snap'): TapEvent => ({
  ...({ kind: 'attached', epoch: 0n, by, zxid } as const),
  leader: { host: 'zk1', clientPort: 2181 } as never,
});

/**
 * What an ensemble named `orders` has afterwards. A capture that goes on after another's log needs no snapshot.
 * `onOpen`: is told after which transaction the tap is to go on.
 */
export async function captured(
  repository: Repository,
  directory: string,
  batches: TapEvent[][],
  onOpen: (from: bigint | undefined) => void = () => undefined,
) {
  const take = (): Promise<TapEvent[]> => Promise.resolve(batches.shift() ?? []);
  const tap = { lastZxid: 0n, take, close: () => Promise.resolve() } as Partial<Tap> as Tap;
  const { signal } = new AbortController();
  await capture({
    ...{ repository, ensemble: 'orders', owner: 'test', members: [], directory },
    ...{ signal, stop: signal, onProgress: () => undefined },
    openTap: ({ from }) => {
      onOpen(from);
      return tap;
    },
  });
  return repository.contents('orders');
}
