/** Resizing by reconfiguration on a real ensemble under load. The whole matrix: `npm run proof -- resize`. */
import { Harness } from '../support/harness';
import { growAndShrink } from './cases/growAndShrink';
import { replaceLeader } from './cases/replaceLeader';

const RUN_MS = 400_000;

describe('an ensemble of three with two spares', () => {
  let harness: Harness;

  beforeAll(async () => {
    const lab = { name: 'resize', version: '3.9.6', servers: 3, spares: 2, reconfig: true };
    harness = await Harness.create(lab);
  }, 120_000);

  afterAll(() => harness?.destroy(), 60_000);

  test(
    'grows to five and back to three, and nobody loses anything',
    () => growAndShrink(harness, 5, 'servers'),
    RUN_MS,
  );

  test(
    'the leader is replaced: once rejected at gate beforeRemove, which takes back what was done, then with the worker killed on the way, and wiped',
    () => replaceLeader(harness),
    RUN_MS,
  );
});
