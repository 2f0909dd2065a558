/**
 * A whole ensemble is put back to a moment of its past; what a killed ensemble, old clients and a way back make of it.
 * Taken back and paused while its servers are being stopped: `npm run proof -- backup`.
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checkEnsemble } from '../../src/adapters/restore/checkEnsemble';
import { acquireLock, releaseLock } from '../../src/adapters/zookeeper';
import { epochOf } from '../../src/codec/quorum/packet';
import { hostPaths } from '../../src/lab/hostFiles';
import { compareZxids, zxidValue } from '../../src/model/zxid';
import { extractedAt } from '../support/examineRepository';
import { Harness } from '../support/harness';
import { untilCapturing } from '../support/liveStatus';
import {
  aside,
  backUpWhile,
  openSession,
  put,
  read,
  whileStopping,
  within,
} from '../support/restoring';

jest.setTimeout(400_000);

const LOCKED = { root: '/zkferry' };
const RUN_OF_THEN = {
  ...{ workflowId: 'UPGRADE-1', runId: 'run-of-then', strategy: 'rollingUpgrade' },
  since: '2026-01-02T03:04:05.000Z',
};

let harness: Harness;

beforeAll(async () => {
  harness = await Harness.create({ name: 'restore', version: '3.9.6', servers: 3 });
}, 120_000);
afterAll(() => harness?.destroy(), 60_000);

const epochIn = (zxid: string): bigint => epochOf(zxidValue(zxid));

/** What `latest` restores of a node. */
async function inBackup(path: string): Promise<string> {
  const repository = await harness.openRepository();
  const { contents, findings } = await checkEnsemble(repository, harness.lab.name);
  expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  const { tree } = await extractedAt(repository, contents, { kind: 'latest' });
  return String(tree.get(path)?.data);
}

test('an ensemble is put back to a transaction, proven before by a drill, and stays so when all of it is killed', async () => {
  let before = '';
  const old = await openSession(harness);
  await backUpWhile(harness, async () => {
    await old.create('/kept', Buffer.from('as it was'));
    const names = [0, 1, 2].map(() =>
      old.create('/kept/q-', Buffer.alloc(0), { sequential: true }),
    );
    expect((await Promise.all(names)).length).toBe(3);
    await acquireLock(old, LOCKED, RUN_OF_THEN);
    await old.create('/lock', Buffer.from('old owner'), { ephemeral: true });
    before = (await old.exists('/lock'))!.czxid;
    await old.set('/kept', Buffer.from('by mistake'));
    await old.create('/late', Buffer.alloc(0));
  });
  // What a run holds, of whichever Temporal, is not stopped.
  const refused = await harness.startRestore({ at: { zxid: before } });
  await expect(refused.report()).rejects.toMatchObject({
    cause: { type: 'EnsembleLocked', message: expect.stringContaining(RUN_OF_THEN.runId) },
  });
  await within(harness, (session) => releaseLock(session, LOCKED, RUN_OF_THEN.runId));

  const drill = await harness.verifyBackup();
  expect(drill).toMatchObject({ ok: true });

  const run = await harness.startRestore({ at: { zxid: before } });
  const asked = await run.atGate('start');
  expect(asked.plan!.restore).toMatchObject({ zxid: before, sessions: 'drop' });
  expect(asked.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  await run.approve('start');
  const report = await run.report();
  expect(report).toMatchObject({ outcome: 'completed', serverRestarts: 3 });
  expect(report.text).toContain('write gaps not measured');
  expect(report.aside?.map(({ server }) => server)).toEqual(['zk1', 'zk2', 'zk3']);
  expect(report.text).toMatch(/old data of zk1: \d+ bytes are in .*\.aside-/);

  for (const { name } of harness.lab.members) await harness.lab.killServer(name);
  await Promise.all(harness.lab.members.map(({ name }) => harness.lab.startServer(name)));
  await harness.lab.waitServing();
  expect(await read(harness, '/kept')).toBe('as it was');
  await within(harness, async (session) => {
    expect(await session.exists('/late')).toBeNull();
    // Ephemerals of then are gone with their sessions.
    expect(await session.exists('/lock')).toBeNull();
    // So is what a run held: it would keep every later run off.
    expect(await session.exists('/zkferry/lock')).toBeNull();
    expect(await session.create('/kept/q-', Buffer.alloc(0), { sequential: true })).toBe(
      '/kept/q-0000000003',
    );
  });
  expect(aside(harness)).toHaveLength(3);
  // A client that had seen more is told that its session is over, which only a server that lets it in can do.
  expect(await old.ended).toBe('expired');
});

test('taken back after it served, every server runs on the data it had, and so does a capture beside it', async () => {
  await put(harness, '/kept', 'newest');
  const backup = await harness.startBackup({ segmentMs: 1_000 });
  const { workflowId } = backup.handle;
  const before = await untilCapturing(harness, workflowId, 'the hot backup to capture');

  const run = await harness.startRestore({});
  await run.approve('start');
  await run.until('enough servers started on the restored data', ({ plan }) => {
    const steps = plan?.steps ?? [];
    return (
      steps.filter(({ activity, state }) => activity === 'startServer' && state === 'done')
        .length === 2
    );
  });
  await run.send('pause', { by: 'tester' });
  const restored = await untilCapturing(
    harness,
    workflowId,
    'the restored ensemble to be captured',
    ({ durableUpTo = '0x0' }) => epochIn(durableUpTo) > epochIn(before.durableUpTo!),
  );
  await put(harness, '/kept', 'never to be seen again');
  await run.send('rollback', { by: 'tester' });
  const report = await run.report();
  expect(report.outcome).toBe('rolledBack');
  expect(report.aside).toBeUndefined();
  expect(await read(harness, '/kept')).toBe('newest');

  await put(harness, '/kept', 'newer still');
  const { mzxid } = await within(harness, async (session) => (await session.exists('/kept'))!);
  expect(epochIn(mzxid)).toBeGreaterThan(epochIn(restored.durableUpTo!));
  await untilCapturing(
    harness,
    workflowId,
    'what was written since',
    ({ durableUpTo = '0x0' }) => compareZxids(durableUpTo, mzxid) >= 0,
  );
  await backup.send('stop', { by: 'tester' });
  await backup.handle.result();
  expect(await inBackup('/kept')).toBe('newer still');
});

test('one that does not start leaves no other down: the rest serves while the run is held', async () => {
  const [first] = harness.lab.members;
  const { service } = hostPaths(first!.directory);
  const run = await whileStopping(harness);
  await run.until('the data to be put in place', ({ plan }) =>
    (plan?.steps ?? []).some(({ activity, state }) => activity === 'placeData' && state === 'done'),
  );
  renameSync(service, `${service}.right`);
  writeFileSync(service, '#!/bin/sh\nexit 1\n', { mode: 0o755 });
  const held = await run.until(
    'the run to be held',
    ({ state, error }) => state === 'paused' && error !== undefined,
  );
  expect(held.error?.message).toContain('Down by this run: zk1');
  expect(held.findings).toEqual([]);
  await harness.lab.waitServing(30_000, ['zk2', 'zk3']);
  renameSync(`${service}.right`, service);
  await run.send('resume', { by: 'tester' });
  expect((await run.report()).outcome).toBe('completed');
});

test('a subtree of the past goes into the living ensemble, beside what is there', async () => {
  await put(harness, '/kept', 'newest of all');
  const run = await harness.startRestore({
    mode: 'subtree',
    path: '/kept',
    to: { ensemble: harness.lab.name, path: '/found' },
  });
  await run.approve('start');
  const report = await run.report();
  expect(report.outcome).toBe('completed');
  expect(await read(harness, '/found')).toBe('newer still');
  expect(await read(harness, '/kept')).toBe('newest of all');
});

test('an ensemble that has lost every disk comes back, and is captured again from there', async () => {
  const { lab } = harness;
  await backUpWhile(harness, () => put(harness, '/kept', 'the very last'));
  for (const { name } of lab.members) await lab.killServer(name);
  for (const { directory } of lab.members)
    rmSync(join(hostPaths(directory).data, 'version-2'), { recursive: true });
  const run = await harness.startRestore();
  await run.approve('start');
  expect((await run.report()).outcome).toBe('completed');
  expect(await read(harness, '/kept')).toBe('the very last');

  await backUpWhile(harness, () => put(harness, '/kept', 'after it'));
  const again = await harness.startRestore();
  const asked = await again.atGate('start');
  expect(asked.findings.filter(({ severity }) => severity === 'error')).toEqual([]);
  await again.send('reject', { gate: 'start', approver: 'tester' });
  expect((await again.report()).outcome).toBe('rejected');
});
