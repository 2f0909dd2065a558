/**
 * The plan of a rolling upgrade:
 *   1. stage    every version of the path, and the present one, on every server
 *   2. backup   each server's configuration; the data once, from a follower or into the ensemble's repository
 *   3. upgrade  hop by hop, in each hop server by server: unhealthy, observers, followers, leader last
 *   4. finalize temporary settings out of the files; all members must agree
 * Gates: `beforeLeader` before the server that leads, once a hop; `finalize` before step 4. Gate `start` lies
 * before the first step and belongs to the run, not to a step.
 * A plan whose findings hold an error is made all the same, for people to read; a run refuses it.
 */
import type { EnsembleFacts, Finding, ServerFacts } from '../model/facts';
import type { RollingUpgradeInput } from '../model/inputs';
import type { ConfigChange, Plan, PlanStep, VersionHop } from '../model/plan';
import { compareVersions } from '../model/version';
import { canBeTapped } from './backupServer';
import { planConfigChanges, settingsAfter } from './configMigration';
import { expectationOf } from './expectation';
import { joinFindings, othersBeside, sameOfSeveral } from './findings';
import { gatedTurn, rollbackLimitOf } from './gates';
import { isServing, leaderOf, membersSeenBy, settingOf, versionOfServer } from './members';
import { withHash } from './planHash';
import { preflightFindings, type PackageCheck, type RepositoryCheck } from './preflight';
import { finalizeSteps, prepareSteps } from './prepareSteps';
import { expectedSuccessor, orderServers } from './serverOrder';
import { serverTurn } from './serverTurn';
import { startHint } from './startHint';
import { needsHop, planVersionPath, type VersionPathOptions } from './versionPath';

export interface PlanExtra {
  /** Margin of the inventory: synced voters beyond the quorum while one server is down. Default 0. */
  margin?: number;
  /** Whether the inventory has a drain hook. */
  hasDrainHook?: boolean;
  packageChecks?: readonly PackageCheck[];
  /** Of the inventory: where the data are backed up to, instead of a copy on one server. */
  repository?: RepositoryCheck;
  /** The server that an earlier plan copies the data of. */
  backedUpFrom?: string;
  hopVersions?: VersionPathOptions['hopVersions'];
  /** Findings made elsewhere, shown and counted with the plan's own. */
  findings?: readonly Finding[];
}

export function planRollingUpgrade(
  facts: EnsembleFacts,
  input: RollingUpgradeInput,
  extra: PlanExtra = {},
): Plan {
  const repository = canBeTapped(facts) ? extra.repository : undefined;
  const target = input.target.version;
  const path = planVersionPath(
    facts.servers.flatMap((server) => versionOfServer(server) ?? []),
    target,
    { hopVersions: extra.hopVersions, uses: usesOf(facts) },
  );
  const { steps: turns, findings: configFindings } = plannedTurns(facts, path.hops, input, extra);
  const upgradeSteps = turns.flat();
  const steps =
    upgradeSteps.length === 0
      ? []
      : [
          ...prepareSteps(facts, path.hops, upgradeSteps, {
            repository: repository?.name,
            earlier: extra.backedUpFrom,
          }),
          ...upgradeSteps,
          ...finalizeSteps(upgradeSteps, input),
        ];
  const fromVersions = Object.fromEntries(
    facts.servers.flatMap((server) => {
      const version = versionOfServer(server);
      return version === undefined ? [] : [[server.server, version]];
    }),
  );
  const nothingToDo = path.findings.some(({ code }) => code === 'NothingToDo');
  const withoutTurn = downWithoutTurn(facts, upgradeSteps);
  const own = joinFindings(
    path.findings,
    unknownVersions(facts),
    withoutTurn,
    nothingToDo
      ? []
      : preflightFindings(facts, {
          target,
          hops: path.hops,
          margin: extra.margin ?? 0,
          packageChecks: extra.packageChecks,
          repository,
        }).filter((finding) => !isUntrueOf(withoutTurn, finding)),
    configFindings,
  );
  return withHash({
    strategy: 'rollingUpgrade',
    ensemble: facts.ensemble,
    identity: facts.identity,
    direction: 'forward',
    goal: `every server of ${facts.ensemble} to ZooKeeper ${target}`,
    fromVersions,
    toVersion: target,
    hops: path.hops,
    findings: joinFindings(own, othersBeside(own, extra.findings ?? [])),
    steps,
    ...rollbackLimitOf(facts, upgradeSteps),
    notServing: facts.servers.filter((server) => !isServing(server)).map(({ server }) => server),
    expectation: expectationOf(steps, facts, input),
  });
}

/** A server of unknown version can't be planned for: nobody knows what it must pass through. */
const unknownVersions = (facts: EnsembleFacts): Finding[] =>
  facts.servers
    .filter((server) => versionOfServer(server) === undefined)
    .map(({ server }) => ({
      severity: 'error' as const,
      code: 'VersionUnknown',
      server,
      message: `the version of ${server} could not be found out, neither running nor installed`,
      hint: 'start it, or give its host and package in the inventory, then plan again',
    }));

/** Such a server is not the first that the run starts, so others would be restarted beside one that is down. */
const downWithoutTurn = (facts: EnsembleFacts, steps: readonly PlanStep[]): Finding[] => {
  const stops = steps.filter(({ activity }) => activity === 'stopServer');
  const first = stops[0]?.toVersion;
  const started = new Set(
    stops.filter(({ toVersion }) => toVersion === first).map(({ server }) => server),
  );
  return facts.servers
    .filter((server) => !isServing(server) && !started.has(server.server))
    .map((server) => {
      const isAhead = isAheadOfAnother(server, facts);
      return {
        severity: 'error' as const,
        code: 'DownWithoutTurn',
        server: server.server,
        message: `${server.server} is ${server.state} and has ${versionOfServer(server) ?? 'an unknown version'} installed${isAhead ? ', ahead of others, as if an upgrade had stopped half-way' : ': this plan has no turn that starts it'}`,
        hint: isAhead
          ? `${startHint(server)}, or put its former package and configuration back, then plan again`
          : `${startHint(server)}, then plan again`,
      };
    });
};

/** That who is down comes first is untrue where one has no turn. */
const isUntrueOf = (withoutTurn: readonly Finding[], { code, server }: Finding): boolean =>
  code === 'ServerDown'
    ? withoutTurn.some((finding) => finding.server === server)
    : code === 'MarginMissing' && withoutTurn.length > 0;

function isAheadOfAnother(server: ServerFacts, { servers }: EnsembleFacts): boolean {
  const own = versionOfServer(server);
  return (
    own !== undefined &&
    servers.some((other) => {
      const version = versionOfServer(other);
      return version !== undefined && compareVersions(version, own) < 0;
    })
  );
}

function usesOf({ servers }: EnsembleFacts): VersionPathOptions['uses'] {
  const on = (name: string) =>
    servers.some((server) => settingOf(server, name)?.toLowerCase() === 'true');
  // Where 3.4 is left, the AdminServer is switched off by the run itself.
  const from34 = servers.every((server) => {
    const version = versionOfServer(server);
    return version !== undefined && compareVersions(version, '3.5.0') < 0;
  });
  const adminOff = (server: ServerFacts) =>
    settingOf(server, 'admin.enableServer')?.toLowerCase() === 'false' ||
    (from34 && settingOf(server, 'admin.enableServer') === undefined);
  return {
    quorumSasl: on('quorum.auth.enableSasl'),
    tls: on('sslQuorum') || servers.some((server) => settingOf(server, 'secureClientPort')),
    adminServer: !servers.every(adminOff),
  };
}

interface Progress {
  version: string | undefined;
  settings: Record<string, string>;
  hasSnapshot: boolean;
}

/** The turns hop by hop; each server's version and settings are carried from hop to hop. */
function plannedTurns(
  facts: EnsembleFacts,
  hops: readonly VersionHop[],
  input: RollingUpgradeInput,
  extra: PlanExtra,
): { steps: PlanStep[][]; findings: Finding[] } {
  const findings: Finding[] = [];
  const turns: PlanStep[][] = [];
  const progress = new Map(facts.servers.map((server) => [server.server, progressOf(server)]));
  const oldest = hops[0]?.from ?? input.target.version;
  let leader = leaderOf(facts);
  for (const hop of hops) {
    const due = facts.servers
      .filter(({ server }) => {
        const version = progress.get(server)?.version;
        return version !== undefined && needsHop(version, hop, input.target.version);
      })
      // From the second hop on every server serves: else the first would not have ended.
      .map((server): ServerFacts =>
        turns.length === 0 ? server : { ...server, state: 'serving' },
      );
    const order = orderServers(due, leader);
    order.forEach(({ server, rank }, position) => {
      const now = progress.get(server)!;
      const migration = migrationFor(facts, server, now, hop.to);
      findings.push(...migration.findings);
      const turn = serverTurn({
        direction: 'forward',
        server,
        rank,
        from: now.version!,
        to: hop.to,
        waits: input,
        drains: extra.hasDrainHook === true || input.drainMs > 0,
        changes: migration.changes,
      });
      turns.push(
        rank === 'leader' && position === order.length - 1
          ? gatedTurn(turn, now.version!, hop.to, oldest)
          : turn,
      );
      progress.set(server, {
        version: hop.to,
        settings: settingsAfter(now.settings, permanent(migration.changes)),
        hasSnapshot: true,
      });
    });
    if (order.some(({ rank }) => rank === 'leader'))
      leader = expectedSuccessor(facts.servers, leader);
  }
  return { steps: turns, findings: sameOfSeveral(joinFindings(findings)) };
}

const permanent = (changes: readonly ConfigChange[]): ConfigChange[] =>
  changes.filter(({ temporary }) => temporary !== 'untilServerIsUp');

const progressOf = (server: ServerFacts): Progress => ({
  version: versionOfServer(server),
  settings: server.host?.config?.settings ?? {},
  hasSnapshot: server.host?.data === undefined || server.host.data.snapshotCount > 0,
});

function migrationFor(facts: EnsembleFacts, name: string, now: Progress, to: string) {
  const server = facts.servers.find((candidate) => candidate.server === name);
  // Without a look at its files nothing can be said of them; that is a finding of its own.
  if (!server?.host?.config) return { changes: [], findings: [] };
  return planConfigChanges({
    from: now.version!,
    to,
    settings: now.settings,
    jvmFlags: server.host.jvmFlags,
    hasSnapshot: now.hasSnapshot,
    hasLogs: (server.host.data?.logCount ?? 1) > 0,
    members: membersSeenBy(server),
    server: name,
  });
}
