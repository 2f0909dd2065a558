/**
 * One of each kind of what may go wrong in an upgrade, and of what people may do to it, on real ensembles
 * under load. The whole matrix: `npm run proof -- upgrade`.
 */
import { Harness, type Run } from '../support/harness';
import { until } from '../support/until';
import {
  assertNothingLost,
  assertNoTraces,
  assertRolledBack,
  assertUpgraded,
  configurationOf,
  ended,
  versionsOf,
} from './claims';
import { NEW, OLD } from './cases/types';
import { failureOf } from './support/failure';
import { leavesUntouched } from './support/picture';
import type { StatusDocument } from '../../src/model/status';
import type { StepActivity } from '../../src/model/plan';

const PAUSE_MS = 3_000;
const RUN_MS = 400_000;

describe('an ensemble of three, one run after the other', () => {
  let harness: Harness;

  beforeAll(async () => {
    harness = await Harness.create({ name: 'upgrade', version: OLD });
  }, 120_000);

  afterAll(() => harness?.destroy(), 60_000);

  test('gate start times out: nothing was touched, and nobody was taken to have approved', async () => {
    const failure = await leavesUntouched(harness.lab, async () => {
      const start = { timeoutMs: 1_000, onTimeout: 'abort' } as const;
      const run = await harness.startUpgrade({ version: NEW, gates: { start } });
      return failureOf(run.handle);
    });
    expect(failure).toMatchObject({ type: 'GateTimedOut', nonRetryable: true });
    expect(failure.message).toContain('nothing was touched');
    await assertNoTraces(harness);
  });

  test(
    'the upgraded server dies; paused while the next is stopped, which starts it first; the leader moves meanwhile and the plan follows; rejected at finalize, and every server goes back',
    async () => {
      await harness.startLoad();
      const before = configurationOf(harness);
      const run = await harness.upgrade({
        version: NEW,
        gates: { beforeLeader: { mode: 'auto' }, finalize: { mode: 'ask' } },
      });

      const verify = await nthStep(run, 'verifyQuorum', 0);
      await run.step(verify.id, 'running', 180_000);
      await harness.lab.killServer(verify.server!);

      await run.step((await nthStep(run, 'stopServer', 1)).id, 'running', 180_000);
      await run.send('pause', { by: 'tester' });
      const paused = await run.until(
        'paused at a step boundary',
        ({ state, headline }) => state === 'paused' && headline.startsWith('paused'),
      );
      const pausedAt = Date.now();
      await until(
        'all servers serve',
        async () => {
          const versions = Object.values(await versionsOf(harness));
          return versions.every((version) => version !== undefined) || undefined;
        },
        30_000,
      );
      await moveLeader(harness);
      await run.until('the pause has lasted', () => Date.now() - pausedAt >= PAUSE_MS);
      expect(stepStates(await run.until('an answer', () => true))).toEqual(stepStates(paused));
      await run.send('resume', { by: 'tester' });

      const upgraded = await run.atGate('finalize', 240_000);
      expect(upgraded.replans.map(({ reason }) => reason).join()).toMatch(/lead/);
      await run.send('reject', { gate: 'finalize', approver: 'tester', comment: 'not today' });

      const end = await ended(harness, run);
      await assertRolledBack(harness, end, OLD, before);
      expect(end.report.serverRestarts).toBeGreaterThanOrEqual(6);
      expect(end.report.leaderChanges).toBeGreaterThanOrEqual(2);
    },
    RUN_MS,
  );

  test(
    'the worker is killed inside a stop, at a boundary and inside the start of the leader, Temporal in between; gate beforeLeader goes on waiting past its timeout: upgraded, each server restarted once',
    async () => {
      await harness.startLoad();
      const run = await harness.upgrade({
        version: NEW,
        gates: {
          beforeLeader: { timeoutMs: 1_000, onTimeout: 'wait' },
          finalize: { mode: 'auto' },
        },
      });

      await run.step((await nthStep(run, 'stopServer', 0)).id, 'running', 180_000);
      await harness.replaceWorker();
      await run.step((await nthStep(run, 'upgradePackage', 1)).id, 'done', 180_000);
      await harness.replaceWorker();
      await run.step((await nthStep(run, 'verifyQuorum', 1)).id, 'running', 180_000);
      await harness.temporal.kill();
      await harness.temporal.restart();

      const { gate } = await run.atGate('beforeLeader', 240_000);
      const opened = Date.parse(gate!.openedAt);
      await run.until('past the timeout', () => Date.now() - opened > 2_000);
      const waiting = await run.atGate('beforeLeader', 5_000);
      expect(waiting.gate?.openedAt).toBe(gate!.openedAt);
      await run.approve('beforeLeader');
      await run.step((await nthStep(run, 'startServer', 2)).id, 'running', 180_000);
      await harness.replaceWorker();

      const end = await ended(harness, run);
      assertNothingLost(end.check);
      await assertUpgraded(harness, end, NEW);
      expect(end.report.serverRestarts).toBe(3);
      expect(end.report.leaderRestarts).toBe(1);
    },
    RUN_MS,
  );
});

/** The step of that activity on the server with that place in the order (0: first follower). */
async function nthStep(run: Run, activity: StepActivity, place: number) {
  const { plan } = await run.until('a plan', (status) => status.plan !== undefined);
  return plan!.steps.filter((step) => step.activity === activity)[place]!;
}

const stepStates = ({ plan }: StatusDocument) => plan?.steps.map(({ id, state }) => [id, state]);

/** Kills the leader and brings it back once another one leads. */
async function moveLeader(harness: Harness): Promise<void> {
  const { lab } = harness;
  const old = await until('a leader', () => lab.leader(), 30_000);
  await lab.killServer(old);
  await until('another leader', () => lab.leader(), 60_000);
  await lab.startServer(old);
  await lab.waitServing();
}
