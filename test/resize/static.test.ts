/** Resizing by files and restarts, where servers do not take reconfiguration. */
import { Harness } from '../support/harness';
import { growAndShrink } from './cases/growAndShrink';

test('an ensemble of three grows to four and back, one restart at a time, and nobody loses anything', async () => {
  const harness = await Harness.create({
    name: 'resize-files',
    version: '3.9.6',
    servers: 3,
    spares: 1,
  });
  try {
    await growAndShrink(harness, 4, 'servers');
  } finally {
    await harness.destroy();
  }
}, 500_000);
