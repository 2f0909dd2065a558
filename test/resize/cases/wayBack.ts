/** A resize is taken back from every point of its way: the former membership, and no trace of who was to come. */
import { strict as assert } from 'node:assert';
import type { StepActivity } from '../../../src/model/plan';
import type { Harness, HarnessOptions } from '../../support/harness';
import { assertNothingLost, assertNoTraces } from '../../upgrade/claims';
import { withHarness, type Case } from '../../upgrade/cases/types';
import { assertInspected, filesOf, leaderOf } from '../support/members';

type Request = Parameters<Harness['resize']>[0];

/** Ends of these leave the ensemble as their beginnings found it. */
const LOOKS_ONLY: readonly StepActivity[] = [
  'drainNode',
  'verifyQuorum',
  'verifyJoiner',
  'verifyMembers',
  'redirectClients',
  'soak',
];

/** Asks for the way back while the `index`-th changing step of a new run is under way; undefined past the last. */
async function backFrom(harness: Harness, request: Request, index: number) {
  const run = await harness.resize({ ...request, soakMs: 0, acceptWarnings: true });
  const { plan } = await run.until('a plan', (status) => status.plan !== undefined);
  const changing = plan!.steps.filter(({ activity }) => !LOOKS_ONLY.includes(activity));
  const step = changing[index];
  // The way back from the last of them would have to be asked for while the run ends.
  if (step === undefined || index === changing.length - 1) {
    await run.send('rollback', { by: 'tester' });
    await run.report();
    return undefined;
  }
  await run.step(step.id, 'running');
  await run.send('rollback', { by: 'tester' });
  const { outcome } = await run.report();
  assert.equal(outcome, 'rolledBack', `back from ${step.id}`);
  return step.id;
}

export async function backFromEveryPoint(
  harness: Harness,
  requestOf: (leader: string) => Request,
): Promise<void> {
  const { lab } = harness;
  const members = lab.members.map(({ name }) => name);
  const spares = lab.servers.filter(({ spare }) => spare).map(({ name }) => name);
  await harness.startLoad();
  const points: string[] = [];
  for (;;) {
    const point = await backFrom(harness, requestOf(await leaderOf(lab)), points.length);
    await assertInspected(lab, members.join(' '));
    for (const spare of spares) assert.deepEqual(filesOf(lab, spare), [], `back from ${point}`);
    await assertNoTraces(harness);
    if (point === undefined) break;
    points.push(point);
  }
  assert.ok(points.length >= 3, `only ${points.length} points: ${points.join(' ')}`);
  assertNothingLost(await harness.checkLoad());
}

const wayBackCase = (
  name: string,
  lab: Omit<HarnessOptions, 'name'>,
  requestOf: (leader: string) => Request,
): Case => ({
  name: `${lab.version}: ${name}, taken back from every point`,
  run: () =>
    withHarness({ name: 'resize-back', ...lab }, (harness) =>
      backFromEveryPoint(harness, requestOf),
    ),
});

/** Data that was wiped is gone: the way back provisions its server anew. */
async function backFromWipe(harness: Harness): Promise<void> {
  const { lab } = harness;
  await harness.startLoad();
  const run = await harness.resize({ remove: ['zk4', 'zk5'], wipe: true, acceptWarnings: true });
  const { plan } = await run.atGate('beforeWipe');
  const [first] = plan!.steps.filter(({ activity }) => activity === 'wipeServer');
  await run.send('approve', { gate: 'beforeWipe', approver: 'tester' });
  await run.step(first!.id, 'running');
  await run.send('rollback', { by: 'tester' });
  const { outcome } = await run.report();
  assert.equal(outcome, 'rolledBack');
  await assertInspected(lab, 'zk1 zk2 zk3 zk4 zk5');
  assertNothingLost(await harness.checkLoad());
  await assertNoTraces(harness);
}

const wipedCase: Case = {
  name: '3.9.6: taken back after the first of two wipes',
  run: () =>
    withHarness(
      { name: 'resize-wiped', version: '3.9.6', servers: 5, reconfig: true },
      backFromWipe,
    ),
};

export const wayBackCases: Case[] = [
  wayBackCase(
    'the leader replaced',
    { version: '3.9.6', servers: 3, spares: 1, reconfig: true },
    (leader) => ({ replace: { [leader]: 'zk4' } }),
  ),
  wayBackCase('3 to 4 by files', { version: '3.9.6', servers: 3, spares: 1 }, () => ({
    add: ['zk4'],
  })),
  wayBackCase('4 to 3 by files', { version: '3.4.14', servers: 4 }, () => ({ remove: ['zk4'] })),
  wipedCase,
];
