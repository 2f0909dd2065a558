/** When a request is taken for what breaks the connection, and what is said of it then. */
import { Breaker } from '../../../src/adapters/bulk/breaker';
import type { Batch } from '../../../src/adapters/bulk/requests';
import { breaksConnection } from '../../../src/adapters/bulk/writerErrors';
import type { WriteOp } from '../../../src/codec/clientRequests';

const breaks = (breaker: Breaker<object>, item: object, atMs: readonly number[]) =>
  atMs.map((now) => breaker.broke(item, now)).at(-1);

describe('a request that breaks the connection', () => {
  it('is given up after several times over some seconds', () => {
    expect(breaks(new Breaker<object>(1), {}, [0, 3_000, 6_000, 9_000, 10_500])).toEqual({
      ...{ times: 5, forMs: 10_500 },
    });
  });

  it('is tried on while that was seldom, or all within a moment', () => {
    expect(breaks(new Breaker<object>(1), {}, [0, 5_000, 60_000])).toBeUndefined();
    expect(breaks(new Breaker<object>(1), {}, [0, 100, 200, 300, 400, 500, 600])).toBeUndefined();
  });

  it('is tried twice with each of many servers: one may take what others do not', () => {
    const nine = Array.from({ length: 9 }, (_, n) => n * 2_000);
    expect(breaks(new Breaker<object>(5), {}, nine)).toBeUndefined();
    expect(breaks(new Breaker<object>(5), {}, [...nine, 18_000])).toMatchObject({ times: 10 });
  });

  it('is not blamed for what another one did', () => {
    const breaker = new Breaker<object>(1);
    breaks(breaker, {}, [0, 1_000, 2_000, 3_000, 4_000, 9_000]);
    expect(breaks(breaker, {}, [10_500])).toBeUndefined();
  });
});

describe('what is said of it', () => {
  const set = (path: string, bytes: number): WriteOp => ({
    ...{ kind: 'setData', path, data: Buffer.alloc(bytes) },
  });
  const said = (...ops: WriteOp[]) => {
    const batch = { kind: 'multi', ops, bytes: 900_100, version: 0 } as unknown as Batch<unknown>;
    return breaksConnection(batch, { times: 7, forMs: 11_200 }, 'new1:2181');
  };

  it('names the largest node of it, its size and the limit, and cannot pass by itself', () => {
    const error = said(set('/copy/large', 900_000));
    expect(error).toMatchObject({ type: 'Refused', retryable: false });
    expect(error.message).toMatch(
      /^new1:2181 answers, but .* \/copy\/large \(a request of 900100 bytes; 7 times in 11 s\).* raise jute\.maxbuffer/,
    );
    expect(error.message).not.toContain('--max-request-bytes');
  });

  it('smaller requests are a way out where it holds several operations', () => {
    const { message } = said(set('/copy/a', 10), set('/copy/b', 899_000), set('/copy/c', 20));
    expect(message).toMatch(/ \/copy\/b \(.*--max-request-bytes .* holds 2 other operation/);
  });
});
