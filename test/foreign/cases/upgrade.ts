/** Kafka and Curator go on working while every server of their ensemble is upgraded. */
import { assertUpgraded, ended } from '../../upgrade/claims';
import { NEW, OLD, withHarness, type Case } from '../../upgrade/cases/types';
import { connectStringOf } from '../../resize/support/members';
import { atWork } from './atWork';

export const upgraded: Case = {
  name: `upgrade ${OLD} → ${NEW}: Kafka and Curator go on`,
  run: () =>
    withHarness({ name: 'foreign-upgrade', version: OLD }, async (harness) => {
      const { lab } = harness;
      await atWork(harness, connectStringOf(lab.members), async () => {
        await harness.startLoad();
        const run = await harness.upgrade({ version: NEW });
        await assertUpgraded(harness, await ended(harness, run), NEW);
      });
    }),
};
