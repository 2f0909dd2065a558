/** Captures that take one whole base each, one after the other, and what a stream makes of them. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { capture, type CaptureOptions } from '../../../src/adapters/capture/capture';
import { hasOwnBase } from '../../../src/adapters/capture/ownBase';
import { DirectoryStore } from '../../../src/adapters/repository/directoryStore';
import { createRepository } from '../../../src/adapters/repository/openRepository';
import type { Repository } from '../../../src/adapters/repository/repository';
import { openSnapshotTap } from '../../../src/adapters/snapshotTap/snapshotTap';
import type { Tap, TapEvent } from '../../../src/adapters/tap';
import { SnapshotWriter } from '../../../src/codec/snapshot';
import { rangeFindings, restorableRanges } from '../../../src/planning/backup/restorable';
import { BASES_ONLY } from '../../../src/planning/backup/standAlone';
import { DataTree } from '../../../src/tree/dataTree';
import { txnBytes } from '../../support/logObjects';

let directory: string;
let repository: Repository;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'zkferry-whole-bases-'));
  repository = await createRepository(new DirectoryStore(join(directory, 'r')), { kind: 'none' });
});
afterEach(() => rmSync(directory, { recursive: true }));

function snapshotFile(): { file: string; bytes: number } {
  const tree = DataTree.empty(false);
  const writer = new SnapshotWriter();
  const bytes = Buffer.concat([
    writer.head(tree.tables()),
    writer.nodes([...tree.nodes()]),
    writer.end(),
  ]);
  const file = join(directory, `snapshot-${Math.random()}`);
  writeFileSync(file, bytes);
  return { file, bytes: bytes.length };
}

const server = { host: 'zk1', clientPort: 2181 };

async function run(options: Pick<CaptureOptions, 'openTap'> & Partial<CaptureOptions>) {
  const startedAt = new Date().toISOString();
  const done = new AbortController();
  await capture({
    ...{ repository, ensemble: 'orders', owner: 'test', members: [], directory, freshBase: true },
    ...{ signal: new AbortController().signal, stop: done.signal },
    onProgress: (progress) => {
      if (hasOwnBase(progress, startedAt)) done.abort();
    },
    ...options,
  });
  return (await repository.contents('orders')).timelines;
}

const takeBase = (zxid: bigint, readFrom?: bigint) =>
  run({
    source: 'logical',
    openTap: (tap) =>
      openSnapshotTap({
        ...tap,
        take: () =>
          Promise.resolve({
            ...{ ...snapshotFile(), zxid, server },
            ...(readFrom !== undefined && { readFrom }),
          }),
      }),
  });

test('each run goes on from the last base; what lies between is one hole, however many there are', async () => {
  await takeBase(5n, 4n);
  await takeBase(9n);
  await takeBase(9n);
  const [timeline] = await takeBase(12n);
  expect(timeline).toMatchObject({ findings: [], segments: [], pieces: [] });
  expect(timeline!.bases).toMatchObject([
    { usableFrom: '0x5', snapshotZxid: '0x5', readFrom: '0x4', source: 'logical' },
    { usableFrom: '0x9' },
    { usableFrom: '0x9' },
    { usableFrom: '0xc' },
  ]);
  expect(timeline!.holes).toMatchObject([{ after: '0x5', upTo: '0xc', reason: BASES_ONLY }]);
  expect(restorableRanges(timeline!).map(({ from, to }) => [from, to])).toEqual([
    ['0x5', '0x5'],
    ['0x9', '0x9'],
    ['0xc', '0xc'],
  ]);
  expect(rangeFindings(timeline!).map(({ severity }) => severity)).toEqual(['warning', 'warning']);
});

test('an ensemble that was put back begins a timeline with its base', async () => {
  await takeBase(9n);
  const timelines = await takeBase(5n);
  expect(timelines.map(({ bases }) => bases.map(({ usableFrom }) => usableFrom))).toEqual([
    ['0x9'],
    ['0x5'],
  ]);
});

test('a stream that comes later goes on after the base, and takes one of its own', async () => {
  await takeBase(5n);
  let from: bigint | undefined;
  const leader = { ...server, quorumHost: 'zk1', quorumPort: 2888 };
  const events: TapEvent[] = [
    { kind: 'snapshot', ...snapshotFile(), zxid: 9n, unseen: { after: 5n, upTo: 9n } },
    { kind: 'txn', zxid: 10n, bytes: txnBytes(10n), receivedAt: Date.now() },
    { kind: 'attached', leader, epoch: 0n, by: 'snap', zxid: 10n },
  ];
  const batches = [events];
  const [timeline] = await run({
    freshBase: false,
    openTap: (tap) => {
      from = tap.from;
      const take = (): Promise<TapEvent[]> => Promise.resolve(batches.shift() ?? []);
      return { lastZxid: 0n, take, close: () => Promise.resolve() } as Partial<Tap> as Tap;
    },
  });
  expect(from).toBe(5n);
  expect(timeline!.holes).toMatchObject([{ after: '0x5', upTo: '0x9', reason: BASES_ONLY }]);
  expect(timeline!.bases).toMatchObject([{ source: 'logical' }, { source: 'stream' }]);
  expect(restorableRanges(timeline!)).toMatchObject([
    { from: '0x5', to: '0x5' },
    { from: '0xa', to: '0xa' },
  ]);
});
