/** What may happen to a resize on its way. The whole matrix: `npm run proof -- resize`. */
import { Harness } from '../support/harness';
import { foreignReconfig, joinerDies } from './cases/faults';

const RUN_MS = 300_000;

describe('an ensemble of three with two spares', () => {
  let harness: Harness;
  let members: string;

  beforeAll(async () => {
    const lab = { name: 'resize-faults', version: '3.9.6', servers: 3, spares: 2, reconfig: true };
    harness = await Harness.create(lab);
  }, 120_000);

  afterAll(() => harness?.destroy(), 60_000);

  test(
    'somebody else reconfigures in between: the run asks, goes back without touching that, or on from there',
    async () => {
      members = await foreignReconfig(harness);
    },
    RUN_MS,
  );

  test(
    'a joiner that dies as a member is started again',
    () => joinerDies(harness, 'zk5', `${members} zk5`, ['verifyMembers']),
    RUN_MS,
  );
});
