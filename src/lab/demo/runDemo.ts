/**
 * The demo: a real upgrade, or resize, of a real ensemble under load, proven afterwards.
 *
 *   1. lab       a ZooKeeper ensemble of the old version, each server a host of its own with sshd
 *   2. temporal  a development server with its UI, and a worker
 *   3. load      clients that write, hold sessions, and record every acknowledgement
 *   4. plan      made by the worker, shown
 *   5. run       the strategy's workflow; its gates are approved visibly
 *   6. proof     the load stops; every member is read back and compared with what was acknowledged
 *   7. clear     everything is taken down, unless it is to be kept
 */
import type { Temporal } from '../../adapters/temporal/connect';
import { planStrategy, startStrategy, workflowIdFor } from '../../adapters/temporal/startRun';
import type { WorkflowType } from '../../model/contract';
import type { Plan } from '../../model/plan';
import { ensureArchive } from '../bootstrap';
import { unlessAborted } from './abort';
import { driveRun } from './driveRun';
import { inputOf, scenarioFor } from './scenarios';
import { look, onStage, proveLoad, raiseLoad, raiseStage, type Cleanup } from './stage';
import { DEMO_NAME, type DemoOptions, type DemoOutcome, type DemoView } from './types';
import { problemsOf } from './verdict';

const PLAN_DEADLINE_MS = 180_000;

/**
 * @param signal ends the demo early: everything is taken down, even with `keep`
 * @throws EnsembleHeld when a demo is up already; whatever kept it from starting
 */
export const runDemo = (
  options: DemoOptions,
  view: DemoView,
  signal: AbortSignal,
): Promise<DemoOutcome> =>
  onStage(options, view, signal, (cleanups) => play(options, view, signal, cleanups));

async function play(
  options: DemoOptions,
  view: DemoView,
  signal: AbortSignal,
  cleanups: Cleanup[],
): Promise<Omit<DemoOutcome, 'kept'>> {
  const { fromVersion, toVersion } = options;
  const scenario = scenarioFor(options);
  view.say(`lab: ${options.servers} servers of ZooKeeper ${fromVersion}`);
  await ensureArchive(toVersion);
  const { lab, place, temporal } = await raiseStage(options, scenario.lab, view, signal, cleanups);

  const before = await look(lab);
  const load = await raiseLoad(lab, view, cleanups);
  const input = inputOf(scenario, lab, before.answers, options.soakMs);
  const { workflowType, summary } = scenario;
  const plan = await unlessAborted(makePlan(temporal, workflowType, input, view), signal);
  view.onPlan(plan);
  const { workflowId } = await startStrategy(temporal, {
    workflowType,
    workflowId: workflowIdFor(temporal, options.strategy, DEMO_NAME, new Date()),
    input,
    summary,
  });
  const startedAt = performance.now();
  const driven = await driveRun(temporal, workflowId, options.gates, view, signal);
  const durationMs = Math.round(performance.now() - startedAt);

  await load.stop();
  view.say('load stopped; reading every member back');
  const members = scenario.membersAfter(driven.report);
  if (members) lab.setMembers(members);
  const after = await look(lab);
  const proof = await proveLoad(load, lab, scenario.endsSessions);
  const changes = scenario.changes(lab, before.answers, after.answers);
  const { report, failure } = driven;
  const serverProblems = scenario.problems(changes);
  const problems = problemsOf({ serverProblems, plan, proof, report, failure });
  return {
    ok: problems.length === 0,
    ...{ fromVersion, toVersion, workflowId, changes, plan, proof, report },
    elections: after.epoch - before.epoch,
    ...{ durationMs, problems, place },
  };
}

/** The versions on the way are known only from the plan; the archives missing for it are fetched, then it is made again. */
async function makePlan(
  temporal: Temporal,
  workflowType: WorkflowType,
  input: object,
  view: DemoView,
): Promise<Plan> {
  const ask = () =>
    planStrategy(temporal, {
      workflowType,
      workflowId: workflowIdFor(
        temporal,
        `plan-${Math.random().toString(36).slice(2, 8)}`,
        DEMO_NAME,
        new Date(),
      ),
      input,
      timeoutMs: PLAN_DEADLINE_MS,
    });
  const plan = await ask();
  if (!plan.findings.some(({ severity }) => severity === 'error')) return plan;
  for (const { to } of plan.hops) {
    view.say(`release ${to}: making sure it is there`);
    await ensureArchive(to);
  }
  return ask();
}
