/** An ensemble stretched into another data centre and drawn over to it, under load. */
import { strict as assert } from 'node:assert';
import { readFileSync } from 'node:fs';
import { clientFileOf } from '../../../src/lab/labInventory';
import type { Harness, Run } from '../../support/harness';
import { atEachBoundary } from '../../support/boundaries';
import { assertNothingLost, assertNoTraces, versionsOf } from '../../upgrade/claims';
import { withHarness, type Case } from '../../upgrade/cases/types';
import { assertInspected } from '../../resize/support/members';

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

const start = (harness: Harness, { from, to }: Versions): Promise<Run> =>
  harness.startMigration({
    mode: 'stretch',
    target: OTHER_SIDE,
    ...(to !== from && { version: to }),
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
