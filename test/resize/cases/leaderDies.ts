/**
 * By files, in the second half of a replacement: a follower has the list without the one that leaves, and the leader
 * is killed. Nobody can be elected, until the way back has given that follower the old list.
 */
import { strict as assert } from 'node:assert';
import type { Harness } from '../../support/harness';
import { assertNothingLost, assertNoTraces } from '../../upgrade/claims';
import { withHarness, type Case } from '../../upgrade/cases/types';
import { assertInspected, filesOf, leaderOf } from '../support/members';

export async function leaderDies(harness: Harness): Promise<void> {
  const { lab } = harness;
  await harness.startLoad({ sessionTimeoutMs: 40_000 });
  const run = await harness.resize({ replace: { zk3: 'zk4' }, acceptWarnings: true, soakMs: 0 });
  const first = /^remove\/zk3\/roll\/(zk\d)\/verifyQuorum$/;
  await run.until(
    'the first follower with the list without zk3',
    (status) =>
      status.plan?.steps.some(({ id, state }) => first.test(id) && state === 'done') ?? false,
  );
  await run.send('pause', { by: 'tester' });
  await run.until('paused', ({ state }) => state === 'paused');
  const members = lab.members.map(({ name }) => name);
  lab.setMembers([...members, 'zk4']);
  assert.equal(await leaderOf(lab), 'zk4', 'the one with the highest id leads');
  lab.setMembers(members);
  await lab.killServer('zk4');
  await run.send('rollback', { by: 'tester' });
  assert.equal((await run.report()).outcome, 'rolledBack');
  await assertInspected(lab, members.join(' '));
  assert.deepEqual(filesOf(lab, 'zk4'), []);
  assertNothingLost(await harness.checkLoad());
  await assertNoTraces(harness);
}

export const leaderDiesCase = (version: string): Case => ({
  name: `${version}: the leader dies while followers hold two lists`,
  run: () =>
    withHarness({ name: 'resize-two-lists', version, servers: 3, spares: 1 }, (harness) =>
      leaderDies(harness),
    ),
});
