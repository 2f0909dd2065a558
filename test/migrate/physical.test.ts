/** Every acknowledged write and every session goes along in a physical move, though the leader is killed in mid-load. */
import { join } from 'node:path';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper';
import { epochOf } from '../../src/codec/quorum/packet';
import { checkLoad } from '../../src/lab/check/checkLoad';
import { startLoad, type LoadHandle } from '../../src/lab/load/startLoad';
import type { Lab } from '../../src/lab/lab';
import type { ReconciledTail } from '../../src/model/physicalMove';
import type { ZkSession } from '../../src/model/ports';
import { zxidValue } from '../../src/model/zxid';
import { MovedLabs } from '../support/movedLabs';
import type { RunningCapture } from '../support/runningCapture';
import { until } from '../support/until';
import { addressesOf } from '../zookeeper/support';

jest.setTimeout(240_000);

const NEWEST = '3.9.6';
let labs: MovedLabs | undefined;
let load: LoadHandle | undefined;
let capture: RunningCapture | undefined;
afterEach(async () => {
  await load?.stop().catch(() => undefined);
  await capture?.abort();
  await labs?.destroy();
  labs = load = capture = undefined;
});

const codesOf = (findings: readonly { code: string; severity: string }[]): string[] =>
  findings.filter(({ severity }) => severity === 'error').map(({ code }) => code);

async function within<T>(lab: Lab, work: (session: ZkSession) => Promise<T>): Promise<T> {
  const session = await createZooKeeperAdapter().openSession({
    servers: addressesOf(lab),
    connectTimeoutMs: 60_000,
  });
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}

const append = (lab: Lab): Promise<string> =>
  within(lab, (session) => session.create('/seq/n-', Buffer.alloc(0), { sequential: true }));

const moreWrites = (running: LoadHandle, more: number): Promise<true> => {
  const goal = running.stats().ackedWrites + more;
  return until(
    `${more} more writes`,
    () => running.stats().ackedWrites >= goal || undefined,
    60_000,
  );
};

async function begin(name: string, version: string): Promise<MovedLabs> {
  labs = await MovedLabs.create(name, version, NEWEST);
  const { source, directory } = labs;
  await within(source, (session) => session.create('/seq', Buffer.alloc(0)));
  expect(await append(source)).toBe('/seq/n-0000000000');
  const { findings } = await labs.run(labs.activities.checkMoveTarget, labs.names);
  expect(codesOf(findings)).toEqual([]);
  capture = await labs.capture();
  load = await startLoad({
    connectString: source.connectString,
    directory: join(directory, 'load'),
    sessionTimeoutMs: 20_000,
  });
  return labs;
}

async function killLeader({ source }: MovedLabs): Promise<string> {
  const leader = (await source.leader())!;
  await source.killServer(leader);
  return leader;
}

const stopRest = ({ source }: MovedLabs): Promise<unknown> =>
  Promise.all(source.members.map(({ name }) => source.stopServer(name)));

async function finish(moved: MovedLabs): Promise<ReconciledTail> {
  const { target, activities, names } = moved;
  const reconciled = await moved.reconcile();
  expect(await moved.reconcile()).toMatchObject({
    ...{ zxid: reconciled.zxid, from: reconciled.from, epoch: reconciled.epoch, appended: 0 },
  });
  const { zxid, epoch } = reconciled;
  const { point, findings } = await moved.run(activities.pinMovePoint, { ...names, zxid, epoch });
  expect(findings).toEqual([]);
  expect(point).toMatchObject({ way: 'exact', sessions: 'keep', startZxid: zxid, zxid });
  await moved.startTarget(point);
  load!.redirect(target.connectString);
  await moreWrites(load!, 100);
  await load!.stop();
  const check = await checkLoad({
    journalPath: load!.journalPath,
    connectString: target.connectString,
  });
  load = undefined;
  expect(check).toMatchObject({ ok: true, lostWrites: 0, sessionsLost: 0, problems: [] });
  expect(await append(target)).toBe('/seq/n-0000000001');
  const { mzxid } = await within(
    target,
    async (session) => (await session.exists('/seq/n-0000000001'))!,
  );
  expect(epochOf(zxidValue(mzxid))).toBeGreaterThan(epochOf(zxidValue(zxid)));
  return reconciled;
}

test('3.4.14, whose capture had died: what it lacks comes from the logs, over a change of leader', async () => {
  const moved = await begin('moveold', '3.4.14');
  await moreWrites(load!, 300);
  await capture!.abort();
  await moreWrites(load!, 300);
  const killed = await killLeader(moved);
  await moreWrites(load!, 300);
  await stopRest(moved);
  const { appended, from, zxid } = await finish(moved);
  expect(appended).toBeGreaterThan(600);
  expect(from).not.toBe(killed);
  expect(epochOf(zxidValue(zxid))).toBeGreaterThan(1n);

  const { findings } = await moved.run(moved.activities.checkMoveTarget, moved.names);
  expect(codesOf(findings).filter((code) => code === 'TargetNotEmpty')).toHaveLength(6);
  const onItself = { ...moved.names, target: moved.names.source };
  const twice = await moved.run(moved.activities.checkMoveTarget, onItself);
  expect(codesOf(twice.findings)).toEqual(['SameEnsemble']);
});

test('3.8.4, whose capture still runs: it is taken over, and holds all that was acknowledged', async () => {
  const moved = await begin('movenew', '3.8.4');
  await moreWrites(load!, 300);
  await killLeader(moved);
  await stopRest(moved);
  await finish(moved);
});
