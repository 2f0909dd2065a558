/**
 * Up to 3.4 a leader counts followers that its list does not name. While an ensemble of four shrinks by files, the
 * voters that stay and follow freeze, as in a long pause of their hosts: whatever leader and leaver acknowledged then
 * by themselves would be lost with them. So nothing may be acknowledged.
 */
import { strict as assert } from 'node:assert';
import type { LoadHandle } from '../../../src/lab/load/startLoad';
import { atEachBoundary } from '../../support/boundaries';
import { freeze } from '../../support/freeze';
import type { Harness } from '../../support/harness';
import { until } from '../../support/until';
import { assertNothingLost, assertNoTraces } from '../../upgrade/claims';
import { withHarness, type Case } from '../../upgrade/cases/types';
import { leaderOf, listsOnDisk, servesAlone } from '../support/members';

const LEAVER = 'zk4';
const STAYS = ['zk1', 'zk2', 'zk3'];
/** The leader gives up followers that are silent for ten ticks: it must not within a freeze. */
const TICKS = { tickTime: '1000', initLimit: '10', syncLimit: '10' };
/** What was in flight is answered by then. */
const CALM_MS = 700;
const FROZEN_MS = 3_000;
const SERVE_MS = 60_000;

export const FROZEN_LAB = { name: 'frozen', version: '3.4.14', servers: 4, settings: TICKS };

/** Freezes those that stay and follow; `then` is called before they thaw. */
async function frozen(
  harness: Harness,
  load: LoadHandle,
  leader: string,
  then: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const { lab } = harness;
  const pids = STAYS.filter((name) => name !== leader).flatMap(
    (name) => lab.serverProcess(name)?.pid ?? [],
  );
  await freeze(...pids);
  try {
    await lasted(CALM_MS);
    const before = load.stats().ackedWrites;
    await lasted(FROZEN_MS);
    assert.equal(load.stats().ackedWrites, before, 'acknowledged without the voters that stay');
    await then();
  } finally {
    for (const pid of pids) process.kill(pid, 'SIGCONT');
  }
}

async function lasted(ms: number): Promise<void> {
  const since = Date.now();
  await until(`${ms} ms to pass`, () => Date.now() - since >= ms, ms * 3);
}

/**
 * Freezes at every boundary that is a `moment`; once the leaver is stopped the leader is also killed before they thaw,
 * so that those with the new list go on without it.
 */
export async function shrinkFrozen(
  harness: Harness,
  isMoment: (stepId: string) => boolean,
): Promise<string[]> {
  const { lab } = harness;
  const load = await harness.startLoad({ sessionTimeoutMs: 20_000 });
  const run = await harness.resize({ remove: [LEAVER], acceptWarnings: true });
  const moments: string[] = [];
  await atEachBoundary(run, async (stepId) => {
    if (!isMoment(stepId)) return;
    const leader = await leaderOf(lab).catch(() => undefined);
    if (leader === undefined) return;
    moments.push(stepId);
    if (stepId !== LEAVER_STOPPED) return frozen(harness, load, leader);
    await frozen(harness, load, leader, () => lab.killServer(leader));
    await until(
      'the others to serve',
      () =>
        servesAlone(
          lab,
          STAYS.filter((name) => name !== leader),
        ),
      SERVE_MS,
    );
    await lab.startServer(leader);
  });
  assert.equal((await run.report()).outcome, 'completed');
  const lists = listsOnDisk(lab);
  for (const name of STAYS) assert.equal(lists[name], STAYS.join(' '));
  lab.setMembers(STAYS);
  assertNothingLost(await harness.checkLoad());
  await assertNoTraces(harness);
  return moments;
}

export const LEAVER_STOPPED = `remove/${LEAVER}/stopServer`;

export const frozenCase: Case = {
  name: '3.4.14: 4 to 3 by files, the voters that stay frozen at every boundary',
  run: () =>
    withHarness(FROZEN_LAB, async (harness) => {
      const moments = await shrinkFrozen(harness, () => true);
      assert.ok(moments.length >= 8, `only ${moments.join(' ')}`);
      assert.ok(moments.includes(LEAVER_STOPPED), moments.join(' '));
    }),
};
