/** An ensemble moved as it is, data and sessions, to servers that never ran, under load. */
import { strict as assert } from 'node:assert';
import { createZooKeeperAdapter } from '../../../src/adapters/zookeeper';
import type { Lab } from '../../../src/lab/lab';
import { assertNothingLost } from '../../upgrade/claims';
import type { Case } from '../../upgrade/cases/types';
import { connectStringOf } from '../../resize/support/members';
import { withTwoSides, type TwoSides } from '../../support/twoSides';
import type { Versions } from './stretch';

const PHYSICAL = { mode: 'physical' as const };

export const moved = ({ from, to, newServers = 3 }: Versions): Case => ({
  name: `physical ${from} → ${to}, 3 → ${newServers} servers: nothing lost, sessions kept, the old side closed`,
  run: () =>
    withTwoSides({ name: 'physical', from, to, newServers }, async (sides) => {
      const { source, target } = sides;
      await sides.startLoad();
      const run = await sides.start(PHYSICAL);
      await run.approve('start');
      await run.approve('cutover');
      await run.approve('complete');
      const report = await run.report();
      assert.equal(report.outcome, 'completed', report.text);
      assert.ok(sides.clientSays.includes(connectStringOf(target.members)), sides.clientSays);
      assertNothingLost(await sides.check(target));
      await assertClosed(source);
      await assertNoTracesOn(target);
    }),
});

export const movedAndBack = ({ from, to }: Versions): Case => ({
  name: `physical ${from} → ${to} and back with what was written there: nothing lost, files as they were`,
  run: () =>
    withTwoSides({ name: 'physical-back', from, to }, async (sides) => {
      const { source, target } = sides;
      await sides.startLoad();
      await thereAndBack(sides, 'physical');
      assertNothingLost(await sides.check(source));
      await assertClosed(target);
      await assertNoTracesOn(source);
    }),
});

/** To gate complete, where clients write on, and back from there: their files are what they were. */
export async function thereAndBack(sides: TwoSides, mode: 'physical' | 'logical'): Promise<void> {
  const before = sides.clientSays;
  const run = await sides.start({ mode });
  await run.approve('start');
  await run.approve('cutover');
  await run.atGate('complete');
  await wroteMore(sides);
  await run.send('rollback', { by: 'tester' });
  const report = await run.report();
  assert.equal(report.outcome, 'rolledBack', report.text);
  assert.equal(sides.clientSays, before);
}

/** What clients have written since this moment is on whichever side serves them. */
export async function wroteMore({ load }: TwoSides): Promise<void> {
  const { ackedWrites } = load!.stats();
  const deadline = Date.now() + 60_000;
  while (load!.stats().ackedWrites < ackedWrites + 300) {
    if (Date.now() > deadline) throw new Error('the load does not write');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Nobody of that side serves. */
export async function assertClosed(lab: Lab): Promise<void> {
  const zookeeper = createZooKeeperAdapter();
  const probes = await Promise.all(lab.members.map((server) => zookeeper.probe(server)));
  for (const { state } of probes) assert.equal(state, 'refusing');
}

export async function assertNoTracesOn(lab: Lab): Promise<void> {
  const session = await createZooKeeperAdapter().openSession({ servers: lab.members });
  try {
    assert.equal(await session.exists('/zkferry'), null);
  } finally {
    await session.close();
  }
}
