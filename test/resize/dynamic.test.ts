/** Resizing by reconfiguration on a real ensemble under load. The whole matrix: `npm run proof -- resize`. */
import { Harness } from '../support/harness';
import { replaceLeader } from './cases/replaceLeader';

const RUN_MS = 400_000;

test(
  'the leader is replaced: once rejected at gate beforeRemove, which takes back what was done, then with the worker killed on the way, and wiped',
  async () => {
    const harness = await Harness.create({
      ...{ name: 'resize', version: '3.9.6', servers: 3, spares: 1, reconfig: true },
    });
    try {
      await replaceLeader(harness);
    } finally {
      await harness.destroy();
    }
  },
  RUN_MS,
);
