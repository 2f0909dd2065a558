/** An ensemble whose data are put back: what is written and read there, and backed up meanwhile. */
import { readdirSync } from 'node:fs';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper';
import { hostPaths } from '../../src/lab/hostFiles';
import type { ZkSession } from '../../src/model/ports';
import type { Harness, Run } from './harness';
import { untilCapturing } from './liveStatus';
import { addressesOf } from './tapLab';

export const openSession = ({ lab }: Harness): Promise<ZkSession> =>
  createZooKeeperAdapter().openSession({ servers: addressesOf(lab), connectTimeoutMs: 30_000 });

export async function within<T>(
  harness: Harness,
  work: (session: ZkSession) => Promise<T>,
): Promise<T> {
  const session = await openSession(harness);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

export const read = (harness: Harness, path: string): Promise<string> =>
  within(harness, async (session) => String((await session.get(path)).data));

/** Whatever was there before. */
export const put = (harness: Harness, path: string, text: string): Promise<void> =>
  within(harness, async (session) => {
    const data = Buffer.from(text);
    if ((await session.exists(path)) === null) await session.create(path, data);
    else await session.set(path, data);
  });

/** Directories of data that a restore has put aside. */
export const aside = ({ lab }: Harness): string[] =>
  lab.members.flatMap(({ directory }) =>
    readdirSync(hostPaths(directory).data).filter((name) => name.includes('.aside-')),
  );

/** Everything up to now is in the repository once the hot backup has ended. */
export async function backUpWhile(harness: Harness, work: () => Promise<void>): Promise<void> {
  const backup = await harness.startBackup({ segmentMs: 1_000 });
  await untilCapturing(harness, backup.handle.workflowId, 'the hot backup to capture');
  await work();
  await backup.send('stop', { by: 'tester' });
  await backup.handle.result();
}

/** A restore to the newest moment that has begun to stop servers. */
export async function whileStopping(harness: Harness): Promise<Run> {
  const run = await harness.startRestore({});
  await run.approve('start');
  await run.until('the first server to be stopped', ({ plan }) =>
    (plan?.steps ?? []).some(
      ({ activity, state }) => activity === 'haltServer' && state === 'running',
    ),
  );
  return run;
}
