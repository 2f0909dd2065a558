/** How many operations a request holds, by how long the answers take. */
import { BatchSize } from '../../../src/adapters/bulk/batchSize';

const after = (answers: number, latencyMs: number, size = new BatchSize()): BatchSize => {
  for (let answer = 0; answer < answers; answer += 1) size.answered(latencyMs, size.ops);
  return size;
};

describe('the size of a batch', () => {
  it('grows while answers come fast, within a bound', () => {
    const begun = new BatchSize().ops;
    expect(after(2, 10).ops).toBeGreaterThan(begun);
    expect(after(100, 10).ops).toBe(1_000);
  });

  it('shrinks while they come slowly, to no less than is worth a request', () => {
    expect(after(3, 1_000).ops).toBeLessThan(new BatchSize().ops);
    expect(after(100, 1_000).ops).toBe(16);
  });

  it('stays where answers are neither', () => {
    expect(after(20, 150).ops).toBe(new BatchSize().ops);
  });

  it('does not grow by answers to requests that were not full', () => {
    const size = new BatchSize();
    const { ops } = size;
    size.answered(10, ops - 1);
    expect(size.ops).toBe(ops);
  });
});
