/** A capture that was away for longer than a leader remembers: what it passed over is filled from logs, or named. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { captureSource } from '../../activities/backup/captureSource';
import type { CaptureOptions } from '../../src/adapters/capture/options';
import { createHostAdapter, type HostAdapter } from '../../src/adapters/host';
import { createInventory } from '../../src/adapters/inventory';
import { openNamedRepository } from '../../src/adapters/repository/inventoryRepository';
import type { Repository } from '../../src/adapters/repository/repository';
import { createSecrets } from '../../src/adapters/secrets';
import { openTap, SharedTaps } from '../../src/adapters/tap';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper';
import { createLab, type Lab } from '../../src/lab/lab';
import { LAB_REPOSITORY } from '../../src/lab/labInventory';
import type { ZkSession } from '../../src/model/ports';
import { configurationDocumentSchema } from '../../src/model/repository';
import type { EnsembleContents } from '../../src/planning/backup/contents';
import { fingerprintAt } from '../support/examineRepository';
import { RecordedTrees, type RecordedTree } from '../support/recordedTrees';
import { RunningCapture } from '../support/runningCapture';
import { MORE_THAN_KEPT, NO_LOG_SYNC } from '../support/smallRepository';
import { addressesOf } from '../support/tapLab';
import { until } from '../support/until';

jest.setTimeout(240_000);

let directory: string;
let lab: Lab;
let host: HostAdapter;
let repository: Repository;
let trees: RecordedTrees;
let session: ZkSession;
let source: Awaited<ReturnType<typeof captureSource>>;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'zkferry-unseen-'));
  lab = await createLab({
    name: 'unseen',
    version: '3.9.6',
    servers: 3,
    settings: { tickTime: '500', initLimit: '20', syncLimit: '20' },
    // A range then runs through several files.
    javaOptions: [NO_LOG_SYNC, '-Dzookeeper.snapCount=200'],
  });
  await lab.start();
  const secrets = createSecrets();
  const inventory = createInventory({ path: lab.inventoryPath });
  host = createHostAdapter({ secrets });
  const taps = new SharedTaps();
  const zookeeper = createZooKeeperAdapter();
  const openRepository = (name: string) => openNamedRepository({ inventory, secrets }, name);
  const backup = { openRepository, taps, spoolDirectory: join(directory, 'spool') };
  source = await captureSource(
    {
      ...{ inventory, secrets, zookeeper, host, backup },
      ...{ ownerCredential: 'zkferry:secret', searchAttributes: false },
    },
    { ensemble: lab.name, repository: LAB_REPOSITORY },
  );
  repository = source.repository;
  trees = new RecordedTrees(openTap({ servers: addressesOf(lab), directory }));
  session = await zookeeper.openSession({ servers: addressesOf(lab) });
  await session.create('/work', Buffer.alloc(0));
  await until('the reference', () => trees.tapTree.isSettled || undefined, 30_000);
});
afterAll(async () => {
  await session?.close();
  await trees?.tapTree.tap.close();
  await host?.close();
  await lab?.destroy();
  rmSync(directory, { recursive: true, force: true });
});

let values = 0;
async function write(count: number): Promise<void> {
  for (let left = count; left > 0; left -= 50)
    await Promise.all(
      Array.from({ length: 50 }, () =>
        session.create('/work/n-', Buffer.from(`value ${(values += 1)}`), { sequential: true }),
      ),
    );
}

/** Captures with what the inventory gives, goes away, and comes back after what no leader remembers. */
async function awayAndBack(options: Partial<CaptureOptions>): Promise<RecordedTree[]> {
  const begin = () => new RunningCapture(lab, repository, { ...source, ...options });
  const first = begin();
  await first.capturing();
  await write(50);
  await first.stop();
  const meanwhile: RecordedTree[] = [];
  for (let point = 0; point < 4; point += 1) {
    await write(MORE_THAN_KEPT / 2);
    const recorded = trees.record();
    await write(50);
    meanwhile.push(await recorded);
  }
  const second = begin();
  await second.capturing();
  await write(50);
  const mark = await session.create('/work/mark-', Buffer.alloc(0), { sequential: true });
  const end = BigInt((await session.get(mark)).stat.czxid);
  // A client hears of its write before a learner that is told of it does.
  await second.until('the mark', ({ durableUpTo }) => BigInt(durableUpTo ?? 0) >= end);
  await second.stop();
  return meanwhile;
}

const contents = (): Promise<EnsembleContents> => repository.contents(lab.name);

test("with the members' logs nothing is missing, and what was passed over is restored", async () => {
  const meanwhile = await awayAndBack({});
  const now = await contents();
  expect(now.timelines[0]).toMatchObject({ holes: [], findings: [] });
  // Without a hole no other base is needed: that there is one, and no more, tells that it was filled.
  expect(now.timelines[0]!.bases).toHaveLength(1);
  for (const { zxid, timeMs, fingerprint } of meanwhile) {
    const right = { zxid, fingerprint };
    expect(await fingerprintAt(repository, now, { kind: 'zxid', zxid })).toEqual(right);
    expect(await fingerprintAt(repository, now, { kind: 'time', timeMs })).toEqual(right);
  }
});

test("beside a base lies each member's configuration", async () => {
  const [base] = (await contents()).timelines[0]!.bases;
  const plain = await repository.unseal(base!.configuration!);
  const { files, versions } = configurationDocumentSchema.parse(JSON.parse(plain.toString()));
  expect(versions).toEqual({ zk1: '3.9.6', zk2: '3.9.6', zk3: '3.9.6' });
  const zooCfgs = files.filter(({ path }) => path.endsWith('/zoo.cfg'));
  expect(zooCfgs.map(({ server }) => server).sort()).toEqual(['zk1', 'zk2', 'zk3']);
  for (const { text } of zooCfgs) expect(text).toContain('tickTime=500');
});

test('without them the hole is named, a base comes after it, and what lies in it is refused', async () => {
  const meanwhile = await awayAndBack({ fill: undefined });
  const now = await contents();
  const { holes, bases } = now.timelines[0]!;
  expect(holes).toHaveLength(1);
  const [{ upTo, reason }] = holes as [(typeof holes)[number]];
  expect(reason).toContain('the leader no longer had these transactions to give');
  expect(bases.filter(({ snapshotZxid }) => BigInt(snapshotZxid) >= BigInt(upTo))).toHaveLength(1);
  for (const { zxid } of meanwhile)
    await expect(fingerprintAt(repository, now, { kind: 'zxid', zxid })).rejects.toMatchObject({
      type: 'NotRestorable',
      message: expect.stringContaining(reason),
    });
  const point = trees.now();
  expect(await fingerprintAt(repository, now, { kind: 'zxid', zxid: point.zxid })).toEqual({
    zxid: point.zxid,
    fingerprint: point.fingerprint,
  });
});
