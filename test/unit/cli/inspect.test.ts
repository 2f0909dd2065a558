import { renderInspect } from '../../../src/cli/inspect/render';
import type { TreeLook } from '../../../src/model/facts';
import { threeServers } from '../planning/ensembles';

const shown = (tree?: TreeLook): string =>
  renderInspect({ ...threeServers('3.9.6'), ...(tree && { tree }) });

test('a tree is shown with its types, sessions and counters', () => {
  const text = shown({
    source: 'orders, read through the quorum port of 10.0.0.2',
    zxid: '0x10000002a',
    nodes: 3_083,
    dataBytes: 1_700_000,
    largestNode: { path: '/app/large', bytes: 900_000 },
    containers: 1,
    ttls: 2,
    ephemerals: 0,
    sessions: { count: 3, shortestMs: 4_000, medianMs: 10_000, longestMs: 30_000 },
    countersNearLimit: { count: 1, listed: [{ path: '/queue', next: 2_147_000_000 }] },
  });
  expect(text).toContain(
    [
      'tree: 3083 znodes, 1700000 bytes of data, the largest /app/large (900000 bytes)',
      '  as of zxid 0x10000002a: orders, read through the quorum port of 10.0.0.2',
      '  1 container, 2 with a time to live, 0 ephemerals',
      '  3 sessions with timeouts of 4000 to 30000 ms, half of them at most 10000 ms',
      '  1 sequence number near its end: /queue (next 2147000000)',
    ].join('\n'),
  );
});

test('one that could not be read is unknown, for a reason; one not asked for is not mentioned', () => {
  expect(shown({ unknown: 'no server leads' })).toMatch(/^tree: unknown, no server leads$/m);
  expect(shown()).not.toMatch(/^tree/m);
});
