/** Kafka and Curator go on working while the servers of their ensemble come and go. */
import { strict as assert } from 'node:assert';
import type { Harness } from '../../support/harness';
import { assertNothingLost, assertNoTraces } from '../../upgrade/claims';
import { NEW, withHarness, type Case } from '../../upgrade/cases/types';
import { growAndShrink } from '../../resize/cases/growAndShrink';
import { configuredMembers, connectStringOf, leaderOf } from '../../resize/support/members';
import { atWork } from './atWork';

export const grownAndShrunk: Case = {
  name: `resize ${NEW} 3 → 5 → 3: Kafka and Curator go on`,
  run: () =>
    withHarness(
      { name: 'foreign-resize', version: NEW, servers: 3, spares: 2, reconfig: true },
      (harness) =>
        atWork(harness, harness.lab.connectString, () => growAndShrink(harness, 5, 'servers')),
    ),
};

async function replaceLeader(harness: Harness): Promise<void> {
  const { lab } = harness;
  await harness.startLoad();
  const leader = await leaderOf(lab);
  const run = await harness.resize({ replace: { [leader]: 'zk4' } });
  assert.equal((await run.report()).outcome, 'completed');
  const now = ['zk1', 'zk2', 'zk3', 'zk4'].filter((name) => name !== leader);
  const list = now.join(' ');
  const lists = Object.fromEntries(now.map((name) => [name, list]));
  assert.deepEqual(await configuredMembers(lab), lists);
  lab.setMembers(now);
  assertNothingLost(await harness.checkLoad());
  await assertNoTraces(harness);
}

export const leaderReplaced: Case = {
  name: `resize ${NEW}, the leader replaced: Kafka and Curator go on`,
  run: () =>
    withHarness(
      { name: 'foreign-replace', version: NEW, servers: 3, spares: 1, reconfig: true },
      // They know the newcomer beforehand, as after a change of their connection string.
      (harness) =>
        atWork(harness, connectStringOf(harness.lab.servers), () => replaceLeader(harness)),
    ),
};
