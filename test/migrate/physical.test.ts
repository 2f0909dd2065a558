/** Every acknowledged write and every session goes along in a physical move, though the leader is killed in mid-load. */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper';
import { encodeWrite } from '../../src/codec/clientRequests';
import { epochOf } from '../../src/codec/quorum/packet';
import { LogScanner } from '../../src/codec/txnLog';
import { checkLoad } from '../../src/lab/check/checkLoad';
import { startLoad, type LoadHandle } from '../../src/lab/load/startLoad';
import { hostPaths } from '../../src/lab/hostFiles';
import type { Lab } from '../../src/lab/lab';
import type { ReconciledTail } from '../../src/model/physicalMove';
import type { RestorePoint } from '../../src/model/plan';
import type { ZkSession } from '../../src/model/ports';
import { zxidValue } from '../../src/model/zxid';
import { MovedLabs } from '../support/movedLabs';
import { RawClient } from '../support/rawClient';
import type { RunningCapture } from '../support/runningCapture';
import { until } from '../support/until';
import { addressesOf } from '../zookeeper/support';

jest.setTimeout(240_000);

const NEWEST = '3.9.6';
const OPEN = [{ perms: 31, scheme: 'world', id: 'anyone' }];
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

async function begin(name: string, version: string, to = NEWEST): Promise<MovedLabs> {
  labs = await MovedLabs.create(name, version, to);
  const { source, directory } = labs;
  await within(source, (session) => session.create('/seq', Buffer.alloc(0)));
  expect(await append(source)).toBe('/seq/n-0000000000');
  const { findings } = await labs.run(labs.activities.checkMoveTarget, labs.names);
  expect(codesOf(findings)).toEqual([]);
  expect(findings.map(({ code }) => code)).toContain('NotCapturedYet');
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

async function finish(
  moved: MovedLabs,
  way: RestorePoint['way'] = 'exact',
): Promise<ReconciledTail> {
  const { target, activities, names } = moved;
  const reconciled = await moved.reconcile();
  expect(await moved.reconcile()).toMatchObject({
    ...{ zxid: reconciled.zxid, from: reconciled.from, epoch: reconciled.epoch, appended: 0 },
  });
  const { zxid, epoch } = reconciled;
  const { point, findings } = await moved.run(activities.pinMovePoint, { ...names, zxid, epoch });
  expect(codesOf(findings)).toEqual([]);
  expect(point).toMatchObject({ way, sessions: 'keep', startZxid: zxid, zxid });
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
  const { zxid, from } = await finish(moved);
  await capture!.ended;
  expect(capture!.error).toMatchObject({ type: 'WriterReplaced' });

  // With the same on every disk, one after the other has its last record torn, until nobody holds it any more.
  const { source } = moved;
  const dataAt = (name: string): string =>
    join(hostPaths(source.server(name).directory).data, 'version-2');
  for (const { name } of source.members.filter((one) => one.name !== from)) {
    rmSync(dataAt(name), { recursive: true });
    cpSync(dataAt(from), dataAt(name), { recursive: true });
  }
  tearLastRecord(dataAt(from));
  const again = await moved.reconcile();
  expect(again).toMatchObject({ zxid, appended: 0 });
  expect(again.from).not.toBe(from);
  tearLastRecord(dataAt(again.from));
  const [third] = source.members.filter(({ name }) => ![from, again.from].includes(name));
  expect(await moved.reconcile()).toMatchObject({ zxid, from: third!.name });
  rmSync(dataAt(third!.name), { recursive: true });
  await expect(moved.reconcile()).rejects.toMatchObject({
    type: 'TailNotProven',
    message: expect.stringContaining(`${zxid} was captured`),
  });
  rmSync(hostPaths(source.server(from).directory).data, { recursive: true });
  await expect(moved.reconcile()).rejects.toMatchObject({
    type: 'TailNotProven',
    message: expect.stringContaining(`${third!.name} has no data`),
  });
  await source.startServer(again.from);
  await expect(moved.reconcile()).rejects.toMatchObject({
    type: 'GuardRefused',
    message: expect.stringContaining(`${again.from} of ${source.name} still run`),
  });
});

test('back from 3.9.6 to 3.4.14: what that cannot hold is named, and without it all goes along', async () => {
  const moved = await begin('moveback', NEWEST, '3.4.14');
  const { source, activities, names } = moved;
  const client = await RawClient.open(source.members[0]!, 20_000);
  const write = (op: Parameters<typeof encodeWrite>[1]) =>
    client.ask(op.path, (xid) => encodeWrite(xid, op));
  await write({ kind: 'createContainer', path: '/box', data: Buffer.alloc(0), acl: OPEN });
  await write({ kind: 'create2', path: '/kept', data: Buffer.from('kept'), acl: OPEN });
  client.drop();
  const asked = await moved.run(activities.checkMoveTarget, names);
  expect(codesOf(asked.findings)).toEqual(['TargetCannotHold']);
  await moreWrites(load!, 100);
  await stopRest(moved);
  const { zxid, epoch } = await moved.reconcile();
  const { point, findings } = await moved.run(activities.pinMovePoint, { ...names, zxid, epoch });
  expect(point).toMatchObject({ way: 'clean', startZxid: zxid, targetVersion: '3.4.14' });
  expect(codesOf(findings)).toEqual(['TargetCannotHold']);
  expect(findings[0]!.message).toMatch(/^\/box, a container created by 0x1\w+, would be deleted/);
  await capture!.ended;

  // Taken back: the source serves again, the capture goes on, and the move is made once more.
  await source.start();
  await within(source, (session) => session.delete('/box'));
  capture = await moved.capture();
  await moreWrites(load!, 100);
  // A run waits for that, too: servers that came back by a snapshot can't prove what was captured before.
  await capture.until(
    'what was written since',
    ({ durableUpTo }) => durableUpTo !== undefined && BigInt(durableUpTo) > BigInt(zxid),
  );
  await stopRest(moved);
  await finish(moved, 'clean');
  expect(await within(moved.target, (session) => session.get('/kept'))).toMatchObject({
    data: Buffer.from('kept'),
  });
});

/** As a server leaves it that dies while it writes: the record is there, but not all of it. */
function tearLastRecord(directory: string): void {
  const file = readdirSync(directory)
    .filter((name) => name.startsWith('log.'))
    .map((name) => ({ path: join(directory, name), zxid: BigInt(`0x${name.slice(4)}`) }))
    .sort((one, other) => (one.zxid < other.zxid ? -1 : 1))
    .at(-1)!.path;
  const bytes = readFileSync(file);
  const last = new LogScanner().push(bytes).at(-1)!;
  writeFileSync(file, bytes.subarray(0, last.offset + 20));
}
