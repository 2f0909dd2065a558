/**
 * The rest of a plan, made anew from a fresh look. What is done stays as it was; servers whose turn has begun
 * finish it first; the others are put in order again, with the leader of now last.
 */
import { canonicalJson } from '../model/canonicalJson';
import type { EnsembleFacts, ServerFacts } from '../model/facts';
import type { RollingUpgradeInput } from '../model/inputs';
import type { Plan, PlanStep } from '../model/plan';
import { expectationOf } from './expectation';
import { joinFindings } from './findings';
import { isNewFormat, rollbackLimitOf } from './gates';
import { leaderOf, versionOfServer } from './members';
import { meaningOfStep, withHash } from './planHash';
import { planRollingUpgrade, type PlanExtra } from './upgradePlan';

export interface Replanned {
  plan: Plan;
  /** Whether anything that is hashed differs, order included. */
  changed: boolean;
  /** In words, for events and gates. */
  reason: string;
  /**
   * Whether what was approved is no longer what would happen: other members, versions, stops or settings,
   * another place for the backup, a point of no return that has come nearer. Another order with the leader still last is not
   * that.
   */
  meaningChanged: boolean;
}

/** Whether a server's turn has begun: from then on the plan keeps the findings it was approved with. */
export const hasBegun = (plan: Plan, done: readonly string[]): boolean =>
  plan.steps.some(({ phase, id }) => phase === 'upgrade' && done.includes(id));

/** `done`: ids of steps that have begun or ended; `plan`: a forward plan. */
export function replanRemaining(
  plan: Plan,
  facts: EnsembleFacts,
  done: readonly string[],
  again: { input: RollingUpgradeInput; extra?: PlanExtra },
): Replanned {
  const settled = new Set(done);
  const begun = hasBegun(plan, done);
  const seen = begun ? withProgress(plan, facts, settled) : facts;
  const backedUpFrom = copiedServer(plan);
  const fresh = planRollingUpgrade(seen, again.input, {
    ...again.extra,
    ...(backedUpFrom !== undefined && { backedUpFrom }),
  });
  const steps = mergedSteps(plan, fresh, facts, settled, begun);
  const next = begun
    ? carriedOn(plan, fresh, facts, steps, again.input)
    : withHash({ ...fresh, steps });
  const changed = next.hash !== plan.hash;
  const reasons = changed ? differences(plan, next, facts, settled) : [];
  return {
    plan: next,
    changed,
    reason: changed ? reasonOf(reasons, plan, next, settled) : 'the plan still holds',
    meaningChanged: reasons.length > 0,
  };
}

/**
 * Facts as the plan must see them in the middle of a run: a server within its turn still has to finish it,
 * and does so before any other is touched, whatever its version says at the moment.
 */
function withProgress(
  plan: Plan,
  facts: EnsembleFacts,
  settled: ReadonlySet<string>,
): EnsembleFacts {
  const leader = leaderOf(facts);
  return {
    ...facts,
    servers: facts.servers.map((server): ServerFacts => {
      const turns = turnsOf(plan, server.server);
      const open = turns.find(
        (turn) =>
          turn.some(({ id }) => settled.has(id)) && !turn.every(({ id }) => settled.has(id)),
      );
      if (open)
        return {
          ...server,
          version: open[0]!.fromVersion,
          state: server.server === leader ? server.state : 'notServing',
        };
      const ended = turns.findLast((turn) => turn.every(({ id }) => settled.has(id)));
      const known = server.version ?? ended?.[0]?.toVersion ?? plan.fromVersions[server.server];
      return { ...server, version: known };
    }),
  };
}

/** A server's steps of phase upgrade, by hop. */
function turnsOf(plan: Plan, server: string): PlanStep[][] {
  const byHop = new Map<string, PlanStep[]>();
  for (const step of plan.steps) {
    if (step.phase !== 'upgrade' || step.server !== server) continue;
    const hop = step.toVersion ?? '';
    byHop.set(hop, [...(byHop.get(hop) ?? []), step]);
  }
  return [...byHop.values()];
}

function mergedSteps(
  plan: Plan,
  fresh: Plan,
  facts: EnsembleFacts,
  settled: ReadonlySet<string>,
  begun: boolean,
): PlanStep[] {
  const kept = plan.steps.filter(({ id }) => settled.has(id));
  const backedUp = kept.some(({ activity }) => activity === 'backupData');
  const looked = new Set(
    facts.servers.filter(({ host }) => host?.config !== undefined).map(({ server }) => server),
  );
  const former = new Map(plan.steps.map((step) => [step.id, step]));
  const ahead = fresh.steps
    .filter(({ id }) => !settled.has(id))
    .filter(({ activity }) => !(backedUp && activity === 'backupData'))
    .map((step) => withFormerChanges(step, former.get(step.id), looked));
  // All turns ended: nothing to plan, but the end of the run is still ahead.
  const end = begun && fresh.steps.length === 0 ? plan.steps.filter(isEnd) : [];
  return [...kept, ...ahead, ...end.filter(({ id }) => !settled.has(id))];
}

const isEnd = ({ phase }: PlanStep): boolean => phase === 'finalize';

/** A look that did not reach the files tells nothing of settings: what was planned for them stays. */
function withFormerChanges(
  step: PlanStep,
  former: PlanStep | undefined,
  looked: ReadonlySet<string>,
): PlanStep {
  if (former?.changes === undefined || looked.has(step.server ?? '')) return step;
  return { ...step, title: former.title, waitsFor: former.waitsFor, changes: former.changes };
}

/** The plan in the middle of its run: goal, findings and start as they were approved. */
function carriedOn(
  plan: Plan,
  fresh: Plan,
  facts: EnsembleFacts,
  steps: PlanStep[],
  input: RollingUpgradeInput,
): Plan {
  const known = new Set(plan.hops.map(({ to }) => to));
  const added = fresh.hops.filter(({ to }) => !known.has(to));
  const newcomers = facts.servers.filter(({ server }) => plan.fromVersions[server] === undefined);
  return withHash({
    ...plan,
    rollbackLimit: undefined,
    identity: facts.identity,
    hops: [...plan.hops, ...added],
    fromVersions: {
      ...plan.fromVersions,
      ...Object.fromEntries(
        newcomers.flatMap((server) => {
          const version = versionOfServer(server);
          return version === undefined ? [] : [[server.server, version]];
        }),
      ),
    },
    findings:
      facts.identity === plan.identity
        ? plan.findings
        : joinFindings(plan.findings, fresh.findings),
    steps,
    ...rollbackLimitOf(facts, steps),
    expectation: expectationOf(steps, facts, input),
  });
}

/** What differs in meaning, in words; empty where only the order does. */
function differences(
  plan: Plan,
  next: Plan,
  facts: EnsembleFacts,
  settled: ReadonlySet<string>,
): string[] {
  const reasons: string[] = [];
  if (plan.identity !== next.identity) reasons.push('the members of the ensemble have changed');
  const [before, after] = [stopsAhead(plan, settled), stopsAhead(next, settled)];
  const gone = [...before.keys()].filter((key) => !after.has(key));
  const come = [...after.keys()].filter((key) => !before.has(key));
  if (gone.length > 0) reasons.push(`no longer needed: ${gone.join(', ')}`);
  if (come.length > 0) reasons.push(`now needed too: ${come.join(', ')}`);
  const resettled = [...after].filter(
    ([key, settings]) => before.has(key) && before.get(key) !== settings,
  );
  if (resettled.length > 0)
    reasons.push(`other settings change on ${resettled.map(([key]) => key).join(', ')}`);
  const [from, to] = [copiedServer(plan), copiedServer(next)];
  if (from !== to && after.size > 0)
    reasons.push(`the data are copied from ${to ?? 'no server'} instead of ${from ?? 'none'}`);
  if (noReturnCameNearer(plan, next, facts, settled))
    reasons.push('a 3.5+ server leads already: the point of no return has come nearer');
  return reasons;
}

/** Of a repository there is none. */
const copiedServer = ({ steps }: Plan): string | undefined =>
  steps.find(({ activity }) => activity === 'backupData')?.server;

/** `zk1 to 3.9.6` → its lasting changes of settings, of each turn ahead. */
function stopsAhead(plan: Plan, settled: ReadonlySet<string>): Map<string, string> {
  const ahead = new Map<string, string>();
  for (const step of plan.steps) {
    if (step.activity !== 'migrateConfiguration' || settled.has(step.id)) continue;
    // A setting for one start may come or go with a snapshot; it changes nothing that lasts.
    const lasting = (meaningOfStep(step).changes ?? []).filter(
      ({ temporary }) => temporary !== 'untilServerIsUp',
    );
    ahead.set(`${step.server} to ${step.toVersion}`, canonicalJson(lasting));
  }
  return ahead;
}

function noReturnCameNearer(
  plan: Plan,
  next: Plan,
  facts: EnsembleFacts,
  settled: ReadonlySet<string>,
): boolean {
  const before = stopsBeforeNoReturn(plan, settled);
  if (before === undefined) return false;
  const leader = facts.servers.find(({ server }) => server === leaderOf(facts));
  const leads = leader && versionOfServer(leader);
  if (leads !== undefined && isNewFormat(leads)) return true;
  const after = stopsBeforeNoReturn(next, settled);
  return after !== undefined && after < before;
}

/** Stops ahead before the point of no return; undefined where it is behind, or there is none. */
function stopsBeforeNoReturn(plan: Plan, settled: ReadonlySet<string>): number | undefined {
  const ahead = plan.steps.filter(({ id }) => !settled.has(id));
  const index = ahead.findIndex(({ pointOfNoReturn }) => pointOfNoReturn);
  if (index === -1) return undefined;
  return ahead.slice(0, index).filter(({ activity }) => activity === 'stopServer').length;
}

function reasonOf(
  reasons: readonly string[],
  plan: Plan,
  next: Plan,
  settled: ReadonlySet<string>,
): string {
  if (reasons.length > 0) return reasons.join('; ');
  const [before, after] = [orderAhead(plan, settled), orderAhead(next, settled)];
  if (before === after) return 'gates or single-start settings differ; the turns do not';
  return `the order of the turns ahead is now ${after}`;
}

const orderAhead = (plan: Plan, settled: ReadonlySet<string>): string =>
  plan.steps
    .filter(({ activity, id }) => activity === 'stopServer' && !settled.has(id))
    .map(
      ({ server, toVersion, role }) =>
        `${server} to ${toVersion}${role === 'leader' ? ' (leader)' : ''}`,
    )
    .join(', ');
