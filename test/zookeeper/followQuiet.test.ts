/** What a follower tells where its source has fallen silent before the target had everything. */
import { join } from 'node:path';
import { followTree } from '../../src/adapters/copy/followTree';
import type { FollowStatus } from '../../src/adapters/copy/options';
import { openTap } from '../../src/adapters/tap/tap';
import { TapSource } from '../../src/adapters/source/tapSource';
import { Selection } from '../../src/tree/copy/selection';
import { CopyFixture, servers } from '../support/copyFixture';
import { until } from '../support/until';

const WRITES = 200;
const OPS_PER_SECOND = 50;
const LAB_MS = 120_000;

test(
  'that all of it has arrived, although nothing more comes',
  async () => {
    const lab = { version: '3.9.6', servers: 1, reconfig: true };
    const fixture = await CopyFixture.start(
      { ...lab, name: 'quiet-source' },
      { ...lab, name: 'quiet-target' },
    );
    const stop = new AbortController();
    try {
      const source = await fixture.session(fixture.source);
      await source.create('/app', Buffer.alloc(0));
      const access = { servers: servers(fixture.source), directory: fixture.directory };
      const told: FollowStatus[] = [];
      const following = followTree(
        {
          source: 'quiet-source/app',
          openSource: () => TapSource.open('quiet-source', access),
          openTap: () => openTap(access),
          openTarget: () =>
            TapSource.open('quiet-target', { ...access, servers: servers(fixture.target) }),
          target: { servers: servers(fixture.target), shown: 'quiet-target', auth: [] },
          selection: new Selection({ sourceRoot: '/app', targetRoot: '/app' }),
        },
        {
          ...{ execute: true, opsPerSecond: OPS_PER_SECOND, signal: stop.signal },
          journals: join(fixture.directory, 'journals'),
          spool: fixture.directory,
          onFollow: (status) => told.push(status),
        },
      );
      await until('the follower', () => told.at(-1)?.state === 'following' || undefined, LAB_MS);
      const names = Array.from({ length: WRITES }, (_, index) => `/app/${index}`);
      await Promise.all(names.map((path) => source.create(path, Buffer.alloc(0))));
      await until(
        () => `all of it; told was ${JSON.stringify(told.at(-1))}`,
        () => {
          const { transactions, lagTransactions } = told.at(-1)!;
          return (transactions === WRITES && lagTransactions === 0) || undefined;
        },
        30_000,
      );
      expect(told.some(({ lagTransactions }) => lagTransactions > 0)).toBe(true);
      stop.abort();
      expect(await following).toMatchObject({ complete: true, transactions: WRITES });
    } finally {
      stop.abort();
      await fixture.destroy();
    }
  },
  LAB_MS,
);
