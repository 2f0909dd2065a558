/** Resizing by files and restarts, where servers do not take reconfiguration. */
import { Harness } from '../support/harness';
import { FROZEN_LAB, LEAVER_STOPPED, shrinkFrozen } from './cases/frozen';
import { grow } from './cases/growAndShrink';

const LAB = { ...FROZEN_LAB, name: 'resize-files', servers: 3, spares: 1 };

test('3.4.14: an ensemble of three grows to four, and back to three with the voters that stay frozen half-way: nothing is acknowledged that could be lost', async () => {
  const harness = await Harness.create(LAB);
  try {
    await grow(harness, 4, 'files');
    const moments = await shrinkFrozen(
      harness,
      (stepId) => stepId === LEAVER_STOPPED || /roll\/zk\d\/verifyQuorum$/.test(stepId),
    );
    expect(moments).toContain(LEAVER_STOPPED);
    expect(moments.length).toBeGreaterThanOrEqual(3);
  } finally {
    await harness.destroy();
  }
}, 500_000);
