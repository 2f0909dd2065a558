/** What holds for every ensemble: 1–9 servers, observers, servers down, any versions. */
import fc from 'fast-check';
import { compareVersions, lineOf } from '../../../src/model/version';
import type { PlanStep } from '../../../src/model/plan';
import { lineIndex } from '../../../src/planning/releases';
import { serverMayStop } from '../../../src/planning/mayStop';
import { planRollback } from '../../../src/planning/rollbackPlan';
import { renderPlanText, renderPlanMarkdown } from '../../../src/planning/renderPlan';
import { replanRemaining } from '../../../src/planning/replan';
import { planRollingUpgrade } from '../../../src/planning/upgradePlan';
import { randomRuns } from '../../support/randomRuns';
import { parseEnsemble, upgradeTo } from './ensembles';
import {
  anyEnsemble,
  anyTarget,
  healthierEnsemble,
  isRefused,
  runningVersions,
  simulate,
} from './randomEnsembles';

const anyCase = fc.record({ servers: anyEnsemble, target: anyTarget });
type Case = typeof anyCase extends fc.Arbitrary<infer T> ? T : never;

function made({ servers, target }: Case) {
  const facts = parseEnsemble(servers);
  const input = upgradeTo(target);
  return { facts, input, plan: planRollingUpgrade(facts, input) };
}

/** Planned once, for the choice of cases and for the claim. */
const known = new WeakMap<Case, ReturnType<typeof made>>();
function planned(one: Case): ReturnType<typeof made> {
  const found = known.get(one) ?? made(one);
  known.set(one, found);
  return found;
}

/** Cases whose plan a run would execute; made so that most of those tried are. */
const runnable = fc
  .record({
    servers: healthierEnsemble,
    target: fc.constantFrom('3.8.6', '3.9.6', '3.9.6', '3.9.9'),
  })
  .filter((one) => {
    const { plan } = planned(one);
    return !isRefused(plan) && plan.steps.length > 0;
  });

const share = fc.double({ min: 0, max: 1, noNaN: true });

const stops = (steps: readonly PlanStep[]): PlanStep[] =>
  steps.filter(({ activity }) => activity === 'stopServer');

const check = <T>(arbitrary: fc.Arbitrary<T>, claim: (value: T) => void, usual = 15): void =>
  fc.assert(fc.property(arbitrary, claim), randomRuns(usual));

test('the random plans are not all alike: short and long ones, refused and not', () => {
  const plans = fc.sample(anyCase, { numRuns: 120, seed: 7 }).map((one) => planned(one).plan);
  const runs = plans.filter((plan) => !isRefused(plan));
  expect(runs.length).toBeGreaterThan(10);
  expect(plans.length - runs.length).toBeGreaterThan(10);
  expect(runs.some(({ hops }) => hops.length > 2)).toBe(true);
  expect(runs.some(({ notServing = [] }) => notServing.length > 0)).toBe(true);
  expect(runs.some(({ steps }) => steps.some(({ role }) => role === 'observer'))).toBe(true);
});

test('no plan ever has two servers down at once', () => {
  check(runnable, (one) => {
    const { facts, plan } = planned(one);
    expect(simulate(facts, plan.steps).mostStopped).toBe(1);
  });
});

test('each stop is one that the guard would allow, given that writes are committed', () => {
  check(runnable, (one) => {
    const { facts, plan } = planned(one);
    let now = facts;
    for (const step of plan.steps) {
      if (step.activity === 'stopServer') {
        const seen = { ...now, canary: { committed: true } };
        const options = { margin: 0, identity: plan.identity };
        expect(serverMayStop(seen, step.server!, options)).toEqual({ ok: true, reasons: [] });
      }
      now = simulate(now, [step]).facts;
    }
  });
});

test('within a hop the leader of that moment comes last and is asked for', () => {
  check(runnable, (one) => {
    const { facts, plan } = planned(one);
    let before = 0;
    for (const { to } of plan.hops) {
      const turns = stops(plan.steps).filter(({ toVersion }) => toVersion === to);
      if (turns.length === 0) continue;
      before = plan.steps.indexOf(turns[0]!);
      const { leader } = simulate(facts, plan.steps.slice(0, before)).facts;
      const led = turns.findIndex(({ server }) => server === leader);
      if (led !== -1) expect(led).toBe(turns.length - 1);
      const gates = plan.steps.filter(
        ({ gate, toVersion }) => gate === 'beforeLeader' && toVersion === to,
      );
      expect(gates.map(({ server }) => server)).toEqual(led === -1 ? [] : [leader]);
    }
  });
});

test('each server goes through the path in order, never back, never over a line', () => {
  check(runnable, (one) => {
    const { plan } = planned(one);
    for (const [server, from] of Object.entries(plan.fromVersions)) {
      let version = from;
      for (const step of stops(plan.steps).filter((one) => one.server === server)) {
        expect(step.fromVersion).toBe(version);
        expect(compareVersions(step.toVersion!, version)).toBeGreaterThan(0);
        const lines = lineIndex(step.toVersion!) - lineIndex(version);
        expect(lines).toBeLessThanOrEqual(1);
        version = step.toVersion!;
      }
    }
  });
});

test('every plan ends with all servers on the target, or is refused with an error', () => {
  check(anyCase, (one) => {
    const { facts, plan } = planned(one);
    if (isRefused(plan)) return;
    const { facts: after } = simulate(facts, plan.steps);
    expect(new Set(Object.values(runningVersions(after)))).toEqual(new Set([one.target]));
    expect(after.servers.every(({ state }) => state === 'serving')).toBe(true);
  });
});

test('the rollback of any prefix ends where the run began, or is refused with the reason', () => {
  let [went, refused] = [0, 0];
  check(
    fc.tuple(runnable, share),
    ([one, part]) => {
      const { facts, plan, input } = planned(one);
      const prefix = plan.steps.slice(0, Math.floor(part * plan.steps.length));
      const then = simulate(facts, prefix);
      const back = planRollback(plan, then.facts, then.touched, {
        led35OrNewer: then.led35OrNewer,
        waits: input,
      });
      if (!back.possible) {
        refused += 1;
        expect(back.reason).toMatch(/3\.5\+ server has led/);
        expect(then.touched.some(({ from }) => lineOf(from) === '3.4')).toBe(true);
        return;
      }
      went += 1;
      const end = simulate(then.facts, back.plan.steps);
      expect(end.mostStopped).toBeLessThanOrEqual(1);
      const touched = new Set(then.touched.map(({ server }) => server));
      const now = runningVersions(end.facts);
      for (const [server, version] of Object.entries(plan.fromVersions))
        expect([server, now[server]]).toEqual([server, version]);
      for (const server of end.facts.servers)
        if (touched.has(server.server)) expect(server.state).toBe('serving');
    },
    // Few of them are refused.
    40,
  );
  expect(went).toBeGreaterThan(20);
  expect(refused).toBeGreaterThan(0);
});

test('a replan in the middle, nothing having happened, changes nothing', () => {
  check(fc.tuple(runnable, share), ([one, part]) => {
    const { facts, plan, input } = planned(one);
    const count = Math.floor(part * plan.steps.length);
    const done = plan.steps.slice(0, count).map(({ id }) => id);
    const now = simulate(facts, plan.steps.slice(0, count)).facts;
    const again = replanRemaining(plan, now, done, { input });
    expect(again.plan.steps.map(({ id }) => id)).toEqual(plan.steps.map(({ id }) => id));
    expect(again).toMatchObject({ changed: false, meaningChanged: false });
  });
});

test('after a foreign election the replan still takes every server along, the new leader last', () => {
  const cases = fc.tuple(runnable, share, fc.nat());
  check(cases, ([one, part, pick]) => {
    const { facts, plan, input } = planned(one);
    const count = Math.floor(part * plan.steps.length);
    const begun = plan.steps.slice(0, count);
    const now = simulate(facts, begun).facts;
    const voters = now.servers.filter(
      ({ state, inventoryRole }) => state === 'serving' && inventoryRole === 'participant',
    );
    const leader = voters[pick % voters.length]!.server;
    const moved = {
      ...now,
      leader,
      servers: now.servers.map((server) =>
        server.role === 'leader' || server.role === 'follower'
          ? {
              ...server,
              role: server.server === leader ? ('leader' as const) : ('follower' as const),
            }
          : server,
      ),
    };
    const done = begun.map(({ id }) => id);
    const again = replanRemaining(plan, moved, done, { input });
    const rest = again.plan.steps.filter(({ id }) => !done.includes(id));
    const end = simulate(moved, rest);
    expect(new Set(Object.values(runningVersions(end.facts)))).toEqual(new Set([plan.toVersion]));
    const ahead = stops(rest);
    const hop = ahead.filter(({ toVersion }) => toVersion === ahead[0]?.toVersion);
    const at = hop.findIndex(({ server }) => server === leader);
    if (at !== -1) expect(at).toBe(hop.length - 1);
  });
});

test('a plan can always be rendered: text within 100 columns, Markdown under 18,000 bytes', () => {
  check(anyCase, (one) => {
    const { plan } = planned(one);
    const text = renderPlanText(plan);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(100);
    expect(Buffer.byteLength(renderPlanMarkdown(plan))).toBeLessThan(18_000);
  });
});
