/** Resizing by files and restarts, where servers do not take reconfiguration. The whole matrix: `npm run proof -- resize`. */
import { Harness } from '../support/harness';
import { FROZEN_LAB, LEAVER_STOPPED, shrinkFrozen } from './cases/frozen';

test('3.4.14: an ensemble of four shrinks to three, with the voters that stay frozen half-way: nothing is acknowledged that could be lost', async () => {
  const harness = await Harness.create({ ...FROZEN_LAB, name: 'resize-files' });
  try {
    const moments = await shrinkFrozen(
      harness,
      (stepId) => stepId === LEAVER_STOPPED || /roll\/zk\d\/verifyQuorum$/.test(stepId),
    );
    expect(moments).toContain(LEAVER_STOPPED);
    expect(moments.length).toBeGreaterThanOrEqual(3);
  } finally {
    await harness.destroy();
  }
}, 300_000);
