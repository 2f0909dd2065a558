/** An observer joins, gets a vote, and loses it again. */
import { strict as assert } from 'node:assert';
import { assertNothingLost, assertNoTraces } from '../../upgrade/claims';
import { withHarness, type Case } from '../../upgrade/cases/types';
import { configuredMembers } from '../support/members';

export const observerCase = (version: string): Case => ({
  name: `${version}: an observer promoted and demoted`,
  run: () =>
    withHarness(
      { name: 'observer', version, servers: 3, observers: 1, reconfig: true },
      async (harness) => {
        await harness.startLoad();
        const promoted = await harness.resize({ promote: ['zk4'] });
        assert.equal((await promoted.report()).outcome, 'completed');
        assert.equal((await configuredMembers(harness.lab)).zk4, 'zk1 zk2 zk3 zk4');
        const demoted = await harness.resize({ demote: ['zk4'] });
        assert.equal((await demoted.report()).outcome, 'completed');
        assert.equal((await configuredMembers(harness.lab)).zk4, 'zk1 zk2 zk3 zk4*');
        assertNothingLost(await harness.checkLoad());
        await assertNoTraces(harness);
      },
    ),
});
