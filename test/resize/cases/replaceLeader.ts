/** The leader is replaced, once taken back at its gate, then with the worker killed on the way. */
import { strict as assert } from 'node:assert';
import type { Harness } from '../../support/harness';
import { assertNothingLost, assertNoTraces } from '../../upgrade/claims';
import { withHarness, type Case } from '../../upgrade/cases/types';
import { connectStringOf, configuredMembers, filesOf, leaderOf } from '../support/members';

export async function replaceLeader(harness: Harness): Promise<void> {
  const { lab } = harness;
  await harness.startLoad();
  const leader = await leaderOf(lab);
  const before = await configuredMembers(lab);
  const request = { replace: { [leader]: 'zk4' }, wipe: true };

  const rejected = await harness.resize({ ...request, gates: { beforeRemove: { mode: 'ask' } } });
  await rejected.atGate('beforeRemove', 240_000);
  assert.equal((await configuredMembers(lab)).zk4, 'zk1 zk2 zk3 zk4');
  await rejected.send('reject', { gate: 'beforeRemove', approver: 'tester' });
  assert.equal((await rejected.report()).outcome, 'rolledBack');
  assert.deepEqual(await configuredMembers(lab), before);
  assert.deepEqual(filesOf(lab, 'zk4'), []);

  const replaced = await harness.resize({ ...request, gates: { beforeWipe: { mode: 'ask' } } });
  await replaced.step('add/zk4/verifyJoiner', 'running', 120_000);
  await harness.replaceWorker();
  await replaced.atGate('beforeWipe', 240_000);
  await replaced.send('approve', { gate: 'beforeWipe', approver: 'tester' });
  const { outcome, members } = await replaced.report();
  assert.equal(outcome, 'completed');

  const now = ['zk1', 'zk2', 'zk3', 'zk4'].filter((name) => name !== leader);
  assert.deepEqual(members?.before.voters, ['zk1', 'zk2', 'zk3']);
  assert.deepEqual(members?.after?.voters, now);
  const list = now.join(' ');
  assert.deepEqual(
    await configuredMembers(lab),
    Object.fromEntries(now.map((name) => [name, list])),
  );
  assert.deepEqual(filesOf(lab, leader), []);
  lab.setMembers(now);
  assertNothingLost(await harness.checkLoad());
  await assertNoTraces(harness);
}

/** All three members for three others, one after the other; the lead moves as it must. */
async function replaceAll(harness: Harness): Promise<void> {
  const { lab } = harness;
  // Clients know the newcomers beforehand, as after a change of their connection string.
  await harness.startLoad({ connectString: connectStringOf(lab.servers) });
  const run = await harness.resize({ replace: { zk1: 'zk4', zk2: 'zk5', zk3: 'zk6' } });
  assert.equal((await run.report(600_000)).outcome, 'completed');
  assert.deepEqual(await configuredMembers(lab), {
    zk4: 'zk4 zk5 zk6',
    zk5: 'zk4 zk5 zk6',
    zk6: 'zk4 zk5 zk6',
  });
  lab.setMembers(['zk4', 'zk5', 'zk6']);
  assertNothingLost(await harness.checkLoad());
  await assertNoTraces(harness);
}

export const replaceLeaderCase = (version: string): Case => ({
  name: `${version}: the leader replaced, once taken back`,
  run: () =>
    withHarness({ name: 'replace', version, servers: 3, spares: 1, reconfig: true }, replaceLeader),
});

export const replaceAllCase = (version: string): Case => ({
  name: `${version}: three servers replaced one after the other`,
  run: () =>
    withHarness(
      { name: 'replace-all', version, servers: 3, spares: 3, reconfig: true },
      replaceAll,
    ),
});
