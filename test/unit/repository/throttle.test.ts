/** A base is read no faster than it was asked for. */
import { throttled } from '../../../src/adapters/repository/throttle';

async function* chunks(count: number, bytes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < count; at += 1) yield await Promise.resolve(Buffer.alloc(bytes, at));
}

test('all of it comes, in its order, at the rate', async () => {
  const began = performance.now();
  const read: number[] = [];
  for await (const chunk of throttled(chunks(5, 10_000), 500_000)) read.push(chunk[0]!);
  // The last one is waited for as well: 50,000 bytes at 500,000 a second.
  expect(performance.now() - began).toBeGreaterThanOrEqual(99);
  expect(read).toEqual([0, 1, 2, 3, 4]);
});

test('nobody waits once it is to end', async () => {
  const ending = new AbortController();
  let read = 0;
  for await (const chunk of throttled(chunks(3, 1_000_000), 1, ending.signal)) {
    read += chunk.length;
    ending.abort();
  }
  expect(read).toBe(3_000_000);
});
