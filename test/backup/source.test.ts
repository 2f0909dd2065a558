/** A hot backup where there is no quorum port: a standalone server is captured by its own files. */
import { compareServed } from '../../src/adapters/restore/compareServed';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper';
import { treeOf } from '../support/backupTree';
import { Harness } from '../support/harness';
import { until } from '../support/until';

jest.setTimeout(200_000);

let harness: Harness;

beforeAll(async () => {
  harness = await Harness.create({ name: 'source', version: '3.9.6', servers: 1 });
}, 120_000);
afterAll(() => harness?.destroy(), 60_000);

test('it takes the files by itself, says so and what that costs, and has everything', async () => {
  await harness.startLoad({ writesPerSecond: 200 });
  const run = await harness.startBackup({ segmentMs: 1_000 });
  const { capture, events } = await run.until(
    'the files chosen',
    (status) => status.capture?.source !== undefined,
    60_000,
  );
  expect(capture).toMatchObject({ source: 'files', rpo: expect.stringContaining('second') });
  expect(events.map(({ text }) => text).join('\n')).toMatch(/own files \(.*standalone/);
  const repository = await harness.openRepository();
  const timeline = async () =>
    (await repository.contents(harness.lab.name).catch(() => undefined))?.timelines.at(-1);
  await until(
    'a base',
    async () => ((await timeline())?.bases.length ?? 0) > 0 || undefined,
    60_000,
  );
  await until(
    'transactions after it',
    async () => {
      const { segments = [], pieces = [] } = (await timeline()) ?? {};
      const txns = [...segments, ...pieces].reduce((sum, one) => sum + one.txns, 0);
      return txns > 400 || undefined;
    },
    60_000,
  );
  await harness.checkLoad();
  const [server] = harness.lab.members;
  const mark = BigInt((await createZooKeeperAdapter().probe(server!)).zxid!);
  await until(
    'all of it',
    async () => BigInt((await timeline())?.sealedUpTo ?? 0) >= mark || undefined,
    60_000,
  );
  await run.send('stop', {});
  await run.handle.result();
  const contents = (await timeline())!;
  expect(contents.bases[0]).toMatchObject({ source: 'files' });
  expect(contents).toMatchObject({ holes: [], findings: [] });
  const { tree, digestsMatched, digestsMismatched } = await treeOf(repository, contents);
  expect(digestsMatched).toBeGreaterThan(100);
  expect(digestsMismatched).toBe(0);
  const { nodes, differences } = await compareServed(tree!, server!, { auth: [] });
  expect(differences).toEqual([]);
  expect(nodes).toBeGreaterThan(10);
});
