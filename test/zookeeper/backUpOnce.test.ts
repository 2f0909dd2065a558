/** A backup of now, with and without a capture that is under way, and the proof that it restores. */
import { mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backUpOnce, type BackedUp, type OnceOptions } from '../../src/adapters/capture/backUpOnce';
import { capture, type CaptureProgress } from '../../src/adapters/capture/capture';
import { DirectoryStore } from '../../src/adapters/repository/directoryStore';
import { createRepository } from '../../src/adapters/repository/openRepository';
import type { Repository } from '../../src/adapters/repository/repository';
import { readBack, type ReadBack } from '../../src/adapters/restore/readBack';
import { openTap } from '../../src/adapters/tap';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper';
import { createLab, type Lab } from '../../src/lab/lab';
import { until } from '../support/until';
import { addressesOf } from './support';

jest.setTimeout(60_000);

let lab: Lab;
let directory: string;
let repository: Repository;
let writes = 0;

beforeAll(async () => {
  lab = await createLab({ name: 'once', version: '3.9.6', servers: 3 });
  await lab.start();
  directory = mkdtempSync(join(tmpdir(), 'zkferry-once-'));
  repository = await createRepository(new DirectoryStore(join(directory, 'repository')), {
    kind: 'none',
  });
});
afterAll(async () => {
  await lab.destroy();
  rmSync(directory, { recursive: true, force: true });
});

const path = (number: number): string => `/written-${number}`;

async function commitWrite(): Promise<bigint> {
  const session = await createZooKeeperAdapter().openSession({ servers: addressesOf(lab) });
  try {
    writes += 1;
    await session.create(path(writes), Buffer.from('x'));
    const node = await session.get(path(writes));
    return BigInt(node.stat.czxid);
  } finally {
    await session.close();
  }
}

const options = (): OnceOptions => ({
  repository,
  ensemble: 'orders',
  owner: 'test',
  members: lab.members.map(({ id, host, clientPort }) => ({
    ...{ id, role: 'participant' as const },
    address: `${host}:${clientPort}`,
  })),
  openTap: (tap) => openTap({ servers: addressesOf(lab), giveUpAfterMs: 20_000, ...tap }),
  directory: join(directory, 'spool'),
  signal: new AbortController().signal,
  showsWithinMs: 2_000,
  commitWrite,
});

const read = ({ timeline, zxid }: BackedUp): Promise<ReadBack> =>
  readBack(repository, 'orders', { timeline, zxid, directory: join(directory, 'proof') });

const generation = async (): Promise<number> =>
  (await repository.contents('orders')).timelines.at(-1)!.generation;

const basesThere = async (): Promise<string[]> =>
  (await repository.contents('orders')).timelines.at(-1)!.bases.map(({ key }) => key);

test('where nothing was ever captured it is captured for it, and all of it restores', async () => {
  const done = await backUpOnce(options());
  expect(done).toMatchObject({ timeline: 1, by: 'ownCapture' });
  expect(await read(done)).toMatchObject({ elsewhere: [] });
});

test('where nobody captures any more a new base is taken, and the log goes on', async () => {
  const before = await basesThere();
  await commitWrite();
  const done = await backUpOnce(options());
  expect(done.by).toBe('ownCapture');
  expect(await basesThere()).toHaveLength(before.length + 1);
  const { timelines } = await repository.contents('orders');
  expect(timelines.at(-1)).toMatchObject({ holes: [], findings: [] });
  await read(done);
});

test('a capture that is under way is left alone: its log leads to the base', async () => {
  const stop = new AbortController();
  let progress: CaptureProgress | undefined;
  const capturing = capture({
    ...options(),
    stop: stop.signal,
    onProgress: (now) => (progress = now),
  });
  await until('a capture', () => progress?.state === 'capturing' || undefined, 20_000);
  const writer = progress!.generation;
  const before = await basesThere();
  const done = await backUpOnce(options());
  expect(done.by).toBe('captureUnderWay');
  await read(done);
  expect(await basesThere()).toHaveLength(before.length + 1);
  stop.abort();
  expect((await capturing).generation).toBe(writer);
  expect(await generation()).toBe(writer);
});

test('what is damaged and needed is refused, what is not needed is named', async () => {
  const done = await backUpOnce(options());
  const bases = join(directory, 'repository', 'orders', '0001', 'base');
  const snapshots = readdirSync(bases).filter((name) => name.includes('.snapshot'));
  const [oldest] = snapshots.sort();
  truncateSync(join(bases, oldest!), 20);
  expect((await read(done)).elsewhere).toEqual([expect.stringContaining(oldest!)]);
  for (const snapshot of snapshots) truncateSync(join(bases, snapshot), 20);
  await expect(read(done)).rejects.toMatchObject({ type: 'NotRestorable' });
});

test('another ensemble of the same name is not mixed in', async () => {
  const members = [{ id: 1, role: 'participant' as const, address: 'elsewhere:2181' }];
  const seen = writes;
  await expect(backUpOnce({ ...options(), members })).rejects.toMatchObject({
    type: 'ForeignEnsemble',
    message: expect.stringContaining('--accept-foreign'),
  });
  expect(writes).toBe(seen);
});
