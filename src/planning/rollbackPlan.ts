/**
 * The way back: hop by hop in reverse, in each hop servers that don't serve first, observers, followers, the
 * leader last; each server gets its former package and its saved configuration, byte for byte. Data directories
 * stay where they are: a copy is never put on a voter, so no acknowledged write is lost.
 * Refused where the older release could not read what the newer one may have written.
 */
import type { EnsembleFacts, ServerFacts } from '../model/facts';
import type { Plan, PlanStep, VersionHop } from '../model/plan';
import { compareVersions } from '../model/version';
import { expectationOf } from './expectation';
import { foundNewFormat, isNewFormat, leavesOldFormat } from './gates';
import { isServing, leaderOf, versionOfServer } from './members';
import { withHash } from './planHash';
import { verifyMembersAgree } from './prepareSteps';
import { expectedSuccessor, orderServers } from './serverOrder';
import { bringBack, serverTurn } from './serverTurn';
import type { Waits } from './stepTimes';

/** A server whose turn of one hop has begun; in the order in which that happened. */
export interface TouchedTurn {
  server: string;
  from: string;
  to: string;
  /** Whether it was proven on the new version. */
  upgraded: boolean;
}

export interface RollbackOptions {
  /** A 3.5+ server has led, or may have, since the run began. */
  led35OrNewer: boolean;
  /** Gate `finalize` was passed. */
  finalized?: boolean;
  waits: Waits;
  hasDrainHook?: boolean;
}

export type RollbackPlan = { possible: true; plan: Plan } | { possible: false; reason: string };

export function planRollback(
  plan: Plan,
  facts: EnsembleFacts,
  touched: readonly TouchedTurn[],
  options: RollbackOptions,
): RollbackPlan {
  const refusal = whyNot(facts, touched, options);
  if (refusal !== undefined) return { possible: false, reason: refusal };
  const hops = hopsBack(touched);
  const turns = hops.flatMap(({ to }, index) => turnsBack(facts, touched, to, index, options));
  const steps = [...turns.flat(), verifyMembersAgree(options.waits, 'rollback')];
  const original = originalVersions(touched);
  const oldest = Object.values(original).sort(compareVersions)[0];
  return {
    possible: true,
    plan: withHash({
      strategy: plan.strategy,
      ensemble: plan.ensemble,
      identity: plan.identity,
      direction: 'rollback',
      goal: `every touched server of ${plan.ensemble} back to where the run began: ${said(original)}`,
      fromVersions: versionsNow(facts, touched, plan),
      toVersion: oldest ?? plan.toVersion,
      hops: hops.map(({ from, to }) => ({ from: to, to: from, cautions: [] })),
      findings: [],
      steps,
      notServing: facts.servers.filter((server) => !isServing(server)).map(({ server }) => server),
      expectation: expectationOf(steps, facts, options.waits),
    }),
  };
}

const said = (versions: Record<string, string>): string =>
  Object.entries(versions)
    .map(([server, version]) => `${server} ${version}`)
    .join(', ');

const FORWARD =
  'Go forward instead: resume the run, or start a new one to the target; the backup made before the first step holds the state of then';

function whyNot(
  facts: EnsembleFacts,
  touched: readonly TouchedTurn[],
  options: RollbackOptions,
): string | undefined {
  if (options.finalized)
    return 'gate finalize was passed: the upgrade is final. Start a new run towards another version instead';
  const seen = new Set(facts.servers.map(({ server }) => server));
  const unseen = touched.find(({ server }) => !seen.has(server));
  if (unseen)
    return `${unseen.server} was changed by this run but is not among the servers looked at: put it back into the inventory, then ask again`;
  const real = touched.filter((turn) => !isUnchanged(facts, turn));
  const leader = facts.servers.find(({ server }) => server === leaderOf(facts));
  const leads = leader && versionOfServer(leader);
  const led = options.led35OrNewer || (leads !== undefined && isNewFormat(leads));
  const crossing = real.find(({ from, to }) => leavesOldFormat(from, to));
  const found = crossing && foundNewFormat(facts);
  if (found !== undefined)
    return `${found}: ${crossing!.from} dies on the transactions that made them, and deletes them silently where it does not, so going back below 3.5 would lose acknowledged writes. ${FORWARD}`;
  if (crossing && led)
    return `a 3.5+ server has led, or may have: its logs can hold transactions that ${crossing.from} cannot read, on which it dies or drops nodes silently, so going back below 3.5 could lose acknowledged writes. ${FORWARD}`;
  const compressed = real.find(
    ({ server, from }) =>
      compareVersions(from, '3.6.0') < 0 &&
      facts.servers.some(
        (candidate) => candidate.server === server && candidate.host?.data?.hasGzSnapshots,
      ),
  );
  if (compressed)
    return `${compressed.server} has compressed snapshots, which ${compressed.from} cannot read: it would not start. Go forward instead, or let it write an uncompressed snapshot and move the compressed ones away`;
  return undefined;
}

/** Its turn began, but it runs as before: the stop never happened, or nothing came after it. */
function isUnchanged(facts: EnsembleFacts, turn: TouchedTurn): boolean {
  const server = facts.servers.find((candidate) => candidate.server === turn.server);
  if (turn.upgraded || !server || !isServing(server) || server.version === undefined) return false;
  const installed = server.host?.package?.installedVersion;
  return (
    compareVersions(server.version, turn.from) === 0 &&
    (installed === undefined || compareVersions(installed, turn.from) === 0)
  );
}

/** Hops that were begun, newest first; `from` is the oldest version any server left on it. */
function hopsBack(touched: readonly TouchedTurn[]): Omit<VersionHop, 'cautions'>[] {
  const byTarget = new Map<string, string>();
  for (const { from, to } of touched) {
    const known = byTarget.get(to);
    if (known === undefined || compareVersions(from, known) < 0) byTarget.set(to, from);
  }
  return [...byTarget]
    .map(([to, from]) => ({ from, to }))
    .sort((a, b) => compareVersions(b.to, a.to));
}

function turnsBack(
  facts: EnsembleFacts,
  touched: readonly TouchedTurn[],
  hopTarget: string,
  index: number,
  options: RollbackOptions,
): PlanStep[][] {
  const turns = new Map(
    touched.filter(({ to }) => to === hopTarget).map((turn) => [turn.server, turn]),
  );
  const servers = facts.servers
    .filter(({ server }) => turns.has(server))
    // From the second hop on every server serves: else the first would not have ended.
    .map((server): ServerFacts => (index === 0 ? server : { ...server, state: 'serving' }));
  const leader = leaderAtHop(facts, touched, hopTarget);
  return orderServers(servers, leader).map(({ server, rank }) => {
    const turn = turns.get(server)!;
    const back = {
      direction: 'rollback' as const,
      server,
      rank,
      from: turn.to,
      to: turn.from,
      waits: options.waits,
      drains: options.hasDrainHook === true || options.waits.drainMs > 0,
    };
    return isUnchanged(facts, turn) ? bringBack(back) : serverTurn(back);
  });
}

/** Who is expected to lead when the way back reaches this hop: each hop that restarts the leader makes another. */
function leaderAtHop(
  facts: EnsembleFacts,
  touched: readonly TouchedTurn[],
  hopTarget: string,
): string | undefined {
  let leader = leaderOf(facts);
  for (const { to } of hopsBack(touched)) {
    if (to === hopTarget) return leader;
    const restarted = touched.some(
      (turn) => turn.to === to && turn.server === leader && !isUnchanged(facts, turn),
    );
    if (restarted) leader = expectedSuccessor(facts.servers, leader);
  }
  return leader;
}

/** Versions of the touched servers before their first turn. */
function originalVersions(touched: readonly TouchedTurn[]): Record<string, string> {
  const original: Record<string, string> = {};
  for (const { server, from } of touched) original[server] ??= from;
  return original;
}

function versionsNow(
  facts: EnsembleFacts,
  touched: readonly TouchedTurn[],
  plan: Plan,
): Record<string, string> {
  const now: Record<string, string> = {};
  for (const server of facts.servers) {
    const last = touched.findLast((turn) => turn.server === server.server);
    const version =
      versionOfServer(server) ??
      (last ? (last.upgraded ? last.to : last.from) : plan.fromVersions[server.server]);
    if (version !== undefined) now[server.server] = version;
  }
  return now;
}
