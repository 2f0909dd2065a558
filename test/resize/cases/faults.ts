/** What may happen to a resize on its way: its worker dies, people pause it, its joiner dies, somebody else reconfigures. */
import { strict as assert } from 'node:assert';
import type { StepActivity } from '../../../src/model/plan';
import { atEachBoundary } from '../../support/boundaries';
import type { Harness, Run } from '../../support/harness';
import { assertNothingLost, assertNoTraces } from '../../upgrade/claims';
import { withHarness, type Case } from '../../upgrade/cases/types';
import { reconfigureAs } from '../support/reconfigure';
import { assertInspected, filesOf, followerOf, leaderOf } from '../support/members';

const THREE_AND_A_SPARE = { servers: 3, spares: 1, reconfig: true };

/** The leader replaced, with `fault` at every boundary. */
const atEveryBoundary = (
  name: string,
  version: string,
  fault: (harness: Harness, run: Run) => Promise<void>,
): Case => ({
  name: `${version}: ${name} at every boundary`,
  run: () =>
    withHarness({ name: 'resize-faults', version, ...THREE_AND_A_SPARE }, async (harness) => {
      const { lab } = harness;
      await harness.startLoad();
      const leader = await leaderOf(lab);
      const run = await harness.resize({ replace: { [leader]: 'zk4' } });
      const hit = await atEachBoundary(run, () => fault(harness, run));
      assert.equal((await run.report()).outcome, 'completed');
      assert.ok(hit.length >= 8, `only ${hit.length} boundaries were hit: ${hit.join(' ')}`);
      const now = ['zk1', 'zk2', 'zk3', 'zk4'].filter((member) => member !== leader);
      await assertInspected(lab, now.join(' '));
      assertNothingLost(await harness.checkLoad());
      await assertNoTraces(harness);
    }),
});

export const killedAtEveryBoundary = (version: string): Case =>
  atEveryBoundary('the worker killed', version, async (harness) => {
    await harness.replaceWorker();
  });

export const pausedAtEveryBoundary = (version: string): Case =>
  atEveryBoundary('paused and resumed', version, async (_harness, run) => {
    await run.send('pause', { by: 'tester' }).catch(ignoreOver);
    const at = await run.until('paused, or over', ({ state }) => state !== 'running');
    if (at.state === 'paused') await run.send('resume', { by: 'tester' });
  });

/** A run may end between a look and a control. */
function ignoreOver(error: unknown): void {
  if (
    !/the run is over|already completed/.test(`${String(error)} ${String((error as Error).cause)}`)
  )
    throw error;
}

/** As a learner, right before it becomes a member, and as one. */
const JOINING: readonly StepActivity[] = ['verifyJoiner', 'changeMembers', 'verifyMembers', 'soak'];

/** The newcomer dies in each of these steps. `members`: as they are afterwards. */
export async function joinerDies(
  harness: Harness,
  joiner: string,
  members: string,
  during = JOINING,
): Promise<void> {
  const { lab } = harness;
  await harness.startLoad();
  const run = await harness.resize({ add: [joiner], soakMs: 3_000, acceptWarnings: true });
  for (const activity of during) {
    await run.step(`add/${joiner}/${activity}`, 'running', 120_000);
    await lab.killServer(joiner);
  }
  assert.equal((await run.report()).outcome, 'completed');
  await assertInspected(lab, members);
  assertNothingLost(await harness.checkLoad());
  await assertNoTraces(harness);
}

/**
 * Somebody takes a follower's vote while a newcomer is being made ready. The run asks: refused, it takes back its own
 * part and leaves the other's alone; approved, it goes on from what is. Gives the members as they are afterwards.
 */
export async function foreignReconfig(harness: Harness): Promise<string> {
  const { lab } = harness;
  await harness.startLoad();
  const other = await followerOf(lab);
  const starred = (names: string[]): string =>
    names.map((name) => (name === other ? `${name}*` : name)).join(' ');

  const meddleWith = async (run: Run): Promise<void> => {
    await run.step('add/zk4/provisionServer', 'running', 60_000);
    await reconfigureAs(lab, other, 'observer');
    const { gate, replans } = await run.atGate('start', 120_000);
    assert.match(gate!.why, /somebody else has changed the members/);
    assert.equal(replans.at(-1)?.asksAgain, true);
  };

  const refused = await harness.resize({ add: ['zk4'], acceptWarnings: true });
  await meddleWith(refused);
  await refused.send('reject', { gate: 'start', approver: 'tester' });
  assert.equal((await refused.report()).outcome, 'rolledBack');
  await assertInspected(lab, starred(['zk1', 'zk2', 'zk3']));
  assert.deepEqual(filesOf(lab, 'zk4'), []);

  await reconfigureAs(lab, other, 'participant');
  await assertInspected(lab, 'zk1 zk2 zk3');
  const approved = await harness.resize({ add: ['zk4'], acceptWarnings: true });
  await meddleWith(approved);
  await approved.send('approve', { gate: 'start', approver: 'tester' });
  assert.equal((await approved.report()).outcome, 'completed');
  const members = starred(['zk1', 'zk2', 'zk3', 'zk4']);
  await assertInspected(lab, members);
  assertNothingLost(await harness.checkLoad());
  await assertNoTraces(harness);
  return members;
}

const dynamicFault = (
  name: string,
  version: string,
  work: (harness: Harness) => Promise<unknown>,
): Case => ({
  name: `${version}: ${name}`,
  run: () =>
    withHarness({ name: 'resize-faults', version, ...THREE_AND_A_SPARE }, async (harness) => {
      await work(harness);
    }),
});

export const joinerDiesCase = (version: string): Case =>
  dynamicFault('the joiner dies half-way, four times', version, (harness) =>
    joinerDies(harness, 'zk4', 'zk1 zk2 zk3 zk4'),
  );

export const foreignReconfigCase = (version: string): Case =>
  dynamicFault('a second operator reconfigures in between', version, foreignReconfig);
