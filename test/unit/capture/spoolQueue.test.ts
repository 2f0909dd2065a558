import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { CapturedTxn } from '../../../src/adapters/capture/pendingLog';
import { SpoolQueue } from '../../../src/adapters/capture/spoolQueue';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'zkferry-spool-'))));
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Content that tells a transaction from every other one, and from zeros. */
const txn = (number: number, bytes: number): CapturedTxn => ({
  zxid: BigInt(number),
  bytes: Buffer.alloc(bytes, `${number}.`),
  receivedAt: number + 0.5,
});

test('what goes in comes out, in order, while both go on at once and the file is emptied again and again', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 5 }), {
        minLength: 20,
        maxLength: 60,
      }),
      fc.integer({ min: 0, max: 1_000 }),
      fc.integer({ min: 1, max: 2_000 }),
      async (batches, memoryBytes, shiftBytes) => {
        const queue = new SpoolQueue({ directory, memoryBytes, maxBytes: 1 << 20 });
        let number = 0;
        const all = batches.map((sizes) => sizes.map((bytes) => txn((number += 1), bytes)));
        let pushed = false;
        const pushing = (async () => {
          for (const batch of all) await queue.push(batch);
          pushed = true;
        })();
        const taken: CapturedTxn[] = [];
        while (!pushed || queue.length > 0) {
          const some = await queue.shift(shiftBytes);
          taken.push(...some);
          if (some.length === 0) await new Promise(setImmediate);
        }
        await pushing;
        await queue.close();
        expect(taken).toEqual(all.flat());
        expect(readdirSync(directory)).toEqual([]);
      },
    ),
    { numRuns: 8 },
  );
});

test('what waits counts in memory and on disk together', async () => {
  const queue = new SpoolQueue({ directory, memoryBytes: 150, maxBytes: 1_000 });
  await queue.push([txn(1, 100)]);
  expect(queue).toMatchObject({ length: 1, spooledBytes: 0, isFull: false });
  await queue.push([txn(2, 400), txn(3, 500)]);
  expect(queue).toMatchObject({ length: 3, isFull: true, oldestReceivedAt: 1.5 });
  expect(queue.spooledBytes).toBeGreaterThanOrEqual(900);
  await queue.shift(1);
  expect(queue.length).toBe(2);
  await queue.close();
});
