/** An ensemble stretched into another data centre and drawn over to it, under load. */
import { strict as assert } from 'node:assert';
import { readFileSync, renameSync } from 'node:fs';
import { clientFileOf } from '../../../src/lab/labInventory';
import type { Harness, Run } from '../../support/harness';
import { atEachBoundary, atEachPhase } from '../../support/boundaries';
import { assertNothingLost, assertNoTraces, versionsOf } from '../../upgrade/claims';
import { withHarness, type Case } from '../../upgrade/cases/types';
import { assertInspected, leaderAmong } from '../../resize/support/members';

export interface Versions {
  from: string;
  to: string;
  newServers?: number;
}

export const OTHER_SIDE = 'dc2';

const withTwoSides = (
  { from, to, newServers = 3 }: Versions,
  work: (harness: Harness) => Promise<void>,
): Promise<void> =>
  withHarness(
    {
      name: 'stretch',
      version: from,
      releases: [to],
      servers: 3,
      spares: newServers,
      reconfig: true,
      otherSide: OTHER_SIDE,
    },
    work,
  );

const AUTO = { mode: 'auto' as const };
/** Each killed worker is noticed after ten seconds without a heartbeat. */
const LONG_MS = 1_200_000;

const start = (
  harness: Harness,
  { from, to }: Versions,
  gates?: Record<string, typeof AUTO>,
): Promise<Run> =>
  harness.startMigration({
    mode: 'stretch',
    target: OTHER_SIDE,
    ...(to !== from && { version: to }),
    ...(gates && { gates }),
  });

const spares = ({ lab }: Harness) => lab.servers.filter(({ spare }) => spare);

/** All that the load was promised is on these servers, which alone are members, and of this version. */
async function assertMoved(harness: Harness, names: string[], version: string): Promise<void> {
  const { lab } = harness;
  lab.setMembers(names);
  assertNothingLost(await harness.checkLoad());
  assert.deepEqual(
    await versionsOf(harness),
    Object.fromEntries(names.map((name) => [name, version])),
  );
  await assertInspected(lab, names.join(' '));
  await assertNoTraces(harness);
}

export const stretched = (versions: Versions): Case => ({
  name: `stretch ${versions.from} → ${versions.to}, 3 → ${versions.newServers ?? 3} servers: nothing lost, sessions kept, one leader change`,
  run: () =>
    withTwoSides(versions, async (harness) => {
      const fresh = spares(harness);
      await harness.startLoadOfFile();
      const run = await start(harness, versions);
      await run.approve('start');
      await run.approve('cutover');
      await run.approve('complete');
      const report = await run.report();
      assert.equal(report.outcome, 'completed', report.text);
      assert.equal(report.leaderChanges, 1, report.text);
      await assertMoved(
        harness,
        fresh.map(({ name }) => name),
        versions.to,
      );
    }),
});

/** All the way over, with nobody but at its start and end, whatever is killed on the way. */
const stretchedWhile = (
  versions: Versions,
  what: string,
  disturb: (harness: Harness, run: Run) => Promise<void>,
): Case => ({
  name: `stretch ${versions.from} → ${versions.to}, ${what}: completes by itself, nothing lost`,
  run: () =>
    withTwoSides(versions, async (harness) => {
      const fresh = spares(harness);
      await harness.startLoadOfFile();
      const run = await start(harness, versions, { cutover: AUTO });
      await run.approve('start');
      const complete = run.approve('complete', LONG_MS);
      await disturb(harness, run);
      await complete;
      const report = await run.report();
      assert.equal(report.outcome, 'completed', report.text);
      await assertMoved(
        harness,
        fresh.map(({ name }) => name),
        versions.to,
      );
    }),
});

export const stretchedWhileWorkersDie = (versions: Versions): Case =>
  stretchedWhile(versions, 'the worker killed at every boundary', async (harness, run) => {
    const hit = await atEachBoundary(run, async () => {
      await harness.replaceWorker();
    });
    assert.ok(hit.length >= 12, `only ${hit.length} boundaries were hit: ${hit.join(' ')}`);
  });

export const stretchedWhileTemporalDies = (versions: Versions): Case =>
  stretchedWhile(versions, 'Temporal killed in every phase', async ({ temporal }, run) => {
    const hit = await atEachPhase(run, async () => {
      await temporal.kill();
      await temporal.restart();
    });
    assert.ok(hit.length >= 4, `only these phases were hit: ${hit.join(' ')}`);
  });

export const stretchedWhileLeadersDie = (versions: Versions): Case =>
  stretchedWhile(versions, 'the leader killed in every phase', async (harness, run) => {
    const { lab } = harness;
    const hit = await atEachPhase(run, async () => {
      const leader = await leaderAmong(lab.servers);
      await lab.killServer(leader);
      await lab.startServer(leader);
    });
    assert.ok(hit.length >= 4, `only these phases were hit: ${hit.join(' ')}`);
  });

/** What held it is mended, with one new server a member already: resumed, it goes on from there. */
export const stretchedThoughHeld = (versions: Versions): Case =>
  stretchedWhile(
    versions,
    'held once a new server has joined, and resumed',
    async (harness, run) => {
      const { inventoryPath } = harness.lab;
      await run.step(`add/${spares(harness)[0]!.name}/verifyMembers`, 'done', LONG_MS);
      renameSync(inventoryPath, `${inventoryPath}.away`);
      try {
        await run.until('held', ({ state, error }) => state === 'paused' && error !== undefined);
      } finally {
        renameSync(`${inventoryPath}.away`, inventoryPath);
      }
      await run.send('resume', { by: 'tester' });
    },
  );

/** Everything was swapped, clients write to the new members, and the run goes back. */
export const stretchedAndBack = (versions: Versions, killing = false): Case => ({
  name: `stretch ${versions.from} → ${versions.to} and back from gate complete${killing ? ', the worker killed at every boundary' : ''}: nothing lost`,
  run: () =>
    withTwoSides(versions, async (harness) => {
      const { lab } = harness;
      const old = lab.members.map(({ name }) => name);
      await harness.startLoadOfFile();
      const before = readFileSync(clientFileOf(lab.directory), 'utf8');
      const run = await start(harness, versions);
      await run.approve('start');
      await run.approve('cutover');
      await run.atGate('complete');
      await run.send('rollback', { by: 'tester' });
      const hit = await atEachBoundary(run, async () => {
        if (killing) await harness.replaceWorker();
      });
      assert.ok(hit.length >= 8, `only ${hit.length} boundaries were hit: ${hit.join(' ')}`);
      const report = await run.report();
      assert.equal(report.outcome, 'rolledBack', report.text);
      assert.equal(readFileSync(clientFileOf(lab.directory), 'utf8'), before);
      await assertMoved(harness, old, versions.from);
    }),
});
