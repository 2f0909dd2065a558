/** How often what is captured is written, whatever arrives meanwhile. */
import { setTimeout as delay } from 'node:timers/promises';
import { LogWriter } from '../../../src/adapters/capture/logWriter';
import { Manifest } from '../../../src/adapters/capture/manifest';
import { Shelf } from '../../../src/adapters/capture/shelf';
import { SpoolQueue } from '../../../src/adapters/capture/spoolQueue';
import { nowMs } from '../../../src/adapters/capture/timing';
import { createRepository } from '../../../src/adapters/repository/openRepository';
import type { ObjectStore } from '../../../src/model/backupPorts';
import { keys, parseLogObjectName, prefixes } from '../../../src/planning/backup/keys';
import { compareZxids } from '../../../src/model/zxid';
import { range, txnBytes } from '../../support/logObjects';
import { directoryPlace } from '../../support/stores';
import { until } from '../../support/until';

const PLACE = { ensemble: 'orders', timeline: 1, generation: 1 };
const DEADLINE_MS = 20_000;

let place: ReturnType<typeof directoryPlace>;
let writer: LogWriter;
/** Lets go what a test holds back. */
let release: () => void = () => undefined;

/** Into a directory of its own, through `overriding`. */
async function startWriter(
  overriding: Partial<ObjectStore>,
  queue: Partial<ConstructorParameters<typeof SpoolQueue>[0]> = {},
): Promise<void> {
  place = directoryPlace();
  const store = Object.assign(Object.create(place.store) as ObjectStore, overriding);
  const repository = await createRepository(store, { kind: 'none' });
  writer = new LogWriter({
    shelf: new Shelf(repository, PLACE),
    manifest: new Manifest(repository, PLACE, { indexes: [], holes: [] }, []),
    queue: new SpoolQueue({
      ...{ directory: place.root, memoryBytes: 1 << 20, maxBytes: 1 << 20 },
      ...queue,
    }),
    after: 0n,
    segmentMs: 60_000,
    segmentBytes: 1 << 20,
    checkClaim: () => Promise.resolve(),
    signal: new AbortController().signal,
  });
}
afterEach(async () => {
  release();
  await writer.close();
  await place.close();
});

const push = (zxid: bigint): Promise<void> =>
  writer.push([{ zxid, bytes: txnBytes(zxid), receivedAt: nowMs() }]);

test('pieces are written no more often than their store wants it, while transactions go on arriving', async () => {
  const leastFlushMs = 300;
  await startWriter({ leastFlushMs });
  const startedAt = performance.now();
  for (const zxid of range(1, 200)) {
    await push(zxid);
    await delay(5);
  }
  await writer.settle();
  const tookMs = performance.now() - startedAt;
  expect(writer.durableUpTo).toBe(200n);
  // The first and the last one wait for nothing.
  expect(writer.counts.pieces).toBeLessThanOrEqual(2 + tookMs / leastFlushMs);
  expect(writer.counts.pieces).toBeGreaterThan(2);
});

test('while pieces are merged others go on becoming durable, and nothing is missing afterwards', async () => {
  const begun = new Set<string>();
  const released = new Promise<void>((resolve) => (release = resolve));
  let isMerging = false;
  await startWriter({
    put: async (key, body, signal) => {
      const { after } = parseLogObjectName(key.slice(key.lastIndexOf('/') + 1)) ?? {};
      // Only what is merged begins where something began before.
      if (after !== undefined && begun.has(after) && !isMerging) {
        isMerging = true;
        await released;
      }
      if (after !== undefined) begun.add(after);
      await place.store.put(key, body, signal);
    },
  });
  let zxid = 0n;
  const pushUntil = (what: string, isThere: () => boolean): Promise<true> =>
    until(
      what,
      async () => {
        await push((zxid += 1n));
        return isThere() || undefined;
      },
      DEADLINE_MS,
      5,
    );
  await pushUntil('a merge', () => isMerging);
  const then = writer.durableUpTo;
  await pushUntil('pieces beside a merge', () => writer.durableUpTo > then + 10n);
  release();
  await writer.settle();
  expect(await logObjects()).toMatchObject([
    { after: '0x0', last: `0x${zxid.toString(16)}`, txns: Number(zxid) },
  ]);
});

test('while a seal hangs only so much is kept in memory, and afterwards no segment is larger than can be sealed', async () => {
  const released = new Promise<void>((resolve) => (release = resolve));
  let isSealing = false;
  await startWriter(
    {
      put: async (key, body, signal) => {
        if (key.startsWith(keys.log('orders', 1))) {
          isSealing = true;
          await released;
        }
        await place.store.put(key, body, signal);
      },
    },
    { memoryBytes: 200 << 20, maxBytes: 200 << 20 },
  );
  const data = Buffer.alloc(1 << 20);
  const count = 90;
  for (const zxid of range(1, count))
    await writer.push([{ zxid, bytes: txnBytes(zxid, data), receivedAt: nowMs() }]);
  await until(
    'writing to stop',
    () => isSealing && writer.counts.plainBytes > 64 << 20,
    DEADLINE_MS,
  );
  const then = writer.counts.plainBytes;
  expect(then).toBeLessThan(80 << 20);
  await delay(300);
  expect(writer.counts.plainBytes).toBe(then);
  release();
  await writer.settle();
  const segments = await logObjects();
  expect(segments.reduce((sum, { txns }) => sum + txns, 0)).toBe(count);
  expect(segments.at(-1)).toMatchObject({ last: `0x${count.toString(16)}` });
  for (const { plainBytes } of segments) expect(plainBytes).toBeLessThan(34 << 20);
});

async function logObjects() {
  const names: string[] = [];
  for await (const entries of place.store.list(prefixes.timeline('orders', 1)))
    names.push(...entries.map(({ key }) => key));
  return names
    .flatMap((key) => parseLogObjectName(key.slice(key.lastIndexOf('/') + 1)) ?? [])
    .sort((a, b) => compareZxids(a.last, b.last));
}

test('nothing is written that runs backwards: the writing ends, and what was before stays as it was', async () => {
  await startWriter({});
  await push(5n);
  await writer.settle();
  await push(4n);
  await expect(writer.settle()).rejects.toMatchObject({
    type: 'BackupInvalid',
    message: expect.stringContaining('0x4 came after 0x5'),
  });
  expect(await logObjects()).toMatchObject([{ after: '0x0', last: '0x5' }]);
  await expect(writer.close()).rejects.toThrow('backwards');
  await place.close();
  // That one closes.
  await startWriter({});
});
