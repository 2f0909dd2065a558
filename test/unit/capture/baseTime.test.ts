/** From which time on a base counts: never from before the transaction it is usable from. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { capture } from '../../../src/adapters/capture/capture';
import { DirectoryStore } from '../../../src/adapters/repository/directoryStore';
import { createRepository } from '../../../src/adapters/repository/openRepository';
import type { Repository } from '../../../src/adapters/repository/repository';
import { chooseFrom } from '../../../src/adapters/restore/fromRepository';
import type { Tap, TapEvent } from '../../../src/adapters/tap';
import { SnapshotWriter } from '../../../src/codec/snapshot';
import { DataTree } from '../../../src/tree/dataTree';
import { START_MS, txnBytes } from '../../support/logObjects';

let directory: string;
let repository: Repository;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'zkferry-base-time-'));
  repository = await createRepository(new DirectoryStore(join(directory, 'r')), { kind: 'none' });
});
afterEach(() => rmSync(directory, { recursive: true }));

const txn = (zxid: bigint): TapEvent => ({
  ...({ kind: 'txn', zxid, receivedAt: Date.now() } as const),
  bytes: txnBytes(zxid),
});

function snapshot(zxid: bigint, after?: bigint): TapEvent {
  const file = join(directory, `snapshot-${zxid}`);
  const tree = DataTree.empty(false);
  const writer = new SnapshotWriter();
  const head = writer.head(tree.tables());
  const bytes = Buffer.concat([head, writer.nodes([...tree.nodes()]), writer.end()]);
  writeFileSync(file, bytes);
  const unseen = after === undefined ? {} : { unseen: { after, upTo: zxid } };
  return { kind: 'snapshot', file, bytes: bytes.length, zxid, ...unseen };
}

const attached = (zxid: bigint): TapEvent => ({
  ...({ kind: 'attached', epoch: 0n, by: 'snap', zxid } as const),
  leader: { host: 'zk1', clientPort: 2181 } as never,
});

/** A capture of what a tap tells, one batch after the other. */
async function captured(batches: TapEvent[][]) {
  const take = (): Promise<TapEvent[]> => Promise.resolve(batches.shift() ?? []);
  const tap = { lastZxid: 0n, take, close: () => Promise.resolve() } as Partial<Tap> as Tap;
  const { signal } = new AbortController();
  await capture({
    ...{ repository, ensemble: 'orders', owner: 'test', members: [], directory },
    ...{ signal, stop: signal, openTap: () => tap, onProgress: () => undefined },
  });
  return repository.contents('orders');
}

test('a base that came with its own last transaction counts from its time on', async () => {
  const { timelines } = await captured([[snapshot(1n), txn(2n), attached(2n)]]);
  expect(timelines[0]!.bases[0]!.usableFromMs).toBe(START_MS + 2);
});

test('a base behind a hole does not count for times in the hole', async () => {
  const began = Date.now();
  const contents = await captured([
    [snapshot(1n), txn(2n), attached(2n), txn(3n)],
    [snapshot(10n, 3n), attached(10n), txn(11n)],
  ]);
  const { holes, bases } = contents.timelines[0]!;
  expect(holes).toMatchObject([{ after: '0x3', upTo: '0xa' }]);
  expect(bases[1]!.usableFromMs).toBeGreaterThanOrEqual(began);
  const inHole = { kind: 'time', timeMs: START_MS + 5 } as const;
  await expect(chooseFrom(repository, contents, inHole)).rejects.toMatchObject({
    type: 'NotRestorable',
  });
});
