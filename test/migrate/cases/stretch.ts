/** An ensemble stretched into another data centre and drawn over to it, under load. */
import { strict as assert } from 'node:assert';
import { assertNothingLost, assertNoTraces, versionsOf } from '../../upgrade/claims';
import { withHarness, type Case } from '../../upgrade/cases/types';
import { assertInspected, connectStringOf } from '../../resize/support/members';

export interface Versions {
  from: string;
  to: string;
  newServers?: number;
}

export const OTHER_SIDE = 'dc2';

export const stretched = ({ from, to, newServers = 3 }: Versions): Case => ({
  name: `stretch ${from} → ${to}, 3 → ${newServers} servers: nothing lost, sessions kept, one leader change`,
  run: () =>
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
      async (harness) => {
        const { lab } = harness;
        const fresh = lab.servers.filter(({ spare }) => spare);
        const names = fresh.map(({ name }) => name);
        const load = await harness.startLoad();
        const run = await harness.startMigration({
          mode: 'stretch',
          target: OTHER_SIDE,
          ...(to !== from && { version: to }),
          gates: {},
        });
        await run.approve('start');
        await run.atGate('cutover', 240_000);
        load.redirect(connectStringOf(fresh));
        await run.approve('cutover');
        await run.approve('complete', 240_000);
        const report = await run.report();
        assert.equal(report.outcome, 'completed', report.text);
        assert.equal(report.leaderChanges, 1, report.text);
        lab.setMembers(names);
        assertNothingLost(await harness.checkLoad());
        assert.deepEqual(
          await versionsOf(harness),
          Object.fromEntries(names.map((name) => [name, to])),
        );
        await assertInspected(lab, names.join(' '));
        await assertNoTraces(harness);
      },
    ),
});
