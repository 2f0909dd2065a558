/** Arbitrary ensembles and runs of plans, for property tests. */
import fc from 'fast-check';
import type { EnsembleFacts, ServerFacts } from '../../../src/model/facts';
import type { Plan, PlanStep } from '../../../src/model/plan';
import type { TouchedTurn } from '../../../src/planning/rollbackPlan';
import { settingsAfter } from '../../../src/planning/configMigration';

export const RELEASES = [
  '3.4.5', '3.4.14', '3.5.5', '3.5.10', '3.6.4', '3.7.2', '3.8.0', '3.8.4', '3.8.6', '3.9.4', '3.9.6',
] as const; // prettier-ignore

export const anyTarget = fc.constantFrom(
  '3.4.14', '3.5.6', '3.5.10', '3.6.4', '3.7.2', '3.8.4', '3.8.6', '3.9.3', '3.9.4', '3.9.6', '3.9.6', '3.9.6', '3.9.9', '3.10.0',
); // prettier-ignore

const voter = fc.record({
  up: fc.boolean().chain((first) => fc.boolean().map((second) => first || second)),
  version: fc.nat(RELEASES.length - 1),
});

/** In words for `parseEnsemble`, so that a counterexample can be read. */
const ensembles = (leastVoters: number, mixings: readonly string[]): fc.Arbitrary<string> =>
  fc
    .record({
      voters: fc.array(voter, { minLength: leastVoters, maxLength: 6 }),
      observers: fc.array(voter, { maxLength: 3 }),
      mixing: fc.constantFrom(...mixings),
      base: fc.nat(RELEASES.length - 2),
      leader: fc.nat(),
      hasSnapshot: fc.boolean(),
    })
    .map(({ voters, observers, mixing, base, leader, hasSnapshot }) => {
      const versionOf = (pick: number): string =>
        mixing === 'same'
          ? RELEASES[base]!
          : mixing === 'neighbours'
            ? RELEASES[base + (pick % 2)]!
            : RELEASES[pick]!;
      const up = voters.flatMap((one, index) => (one.up ? [index] : []));
      const hasQuorum = up.length * 2 > voters.length;
      const leads = hasQuorum ? up[leader % up.length] : undefined;
      const alone = voters.length + observers.length === 1;
      const roles = [
        ...voters.map((one, index) =>
          !one.up || !hasQuorum
            ? 'down'
            : alone
              ? 'standalone'
              : index === leads
                ? 'leader'
                : 'follower',
        ),
        ...observers.map((one) => (one.up && hasQuorum ? 'observer' : 'downObserver')),
      ];
      return [...voters, ...observers]
        .map(
          ({ version }, index) =>
            `zk${index + 1} ${roles[index]} ${versionOf(version)}${hasSnapshot ? '' : ' noSnapshot'}`,
        )
        .join(', ');
    });

/** 1–9 servers, up to 3 of them observers, some down, versions from one or several lines. */
export const anyEnsemble = ensembles(1, ['same', 'same', 'neighbours', 'any']);

/** At least three voters, on one version or two neighbouring ones. */
export const healthierEnsemble = ensembles(3, ['same', 'same', 'neighbours']);

/** What running steps does to an ensemble: who is down by the run's hand, who runs what, who leads. */
export interface Simulated {
  facts: EnsembleFacts;
  touched: TouchedTurn[];
  /** Most servers that were down at once by the run's hand. */
  mostStopped: number;
  led35OrNewer: boolean;
}

const newFormat = (version: string | undefined): boolean => !/^3\.[0-4]\./.test(version ?? '3.4.0');

/** Runs steps as a run would, electing the highest id among serving voters whenever the leader stops. */
export function simulate(facts: EnsembleFacts, steps: readonly PlanStep[]): Simulated {
  const state: Simulated = { facts, touched: [], mostStopped: 0, led35OrNewer: false };
  const stopped = new Set<string>();
  const noteLeader = () => {
    const leader = state.facts.servers.find(({ server }) => server === state.facts.leader);
    if (leader && newFormat(leader.version)) state.led35OrNewer = true;
  };
  noteLeader();
  for (const step of steps) {
    const server = step.server ?? '';
    if (step.activity === 'stopServer') {
      stopped.add(server);
      state.mostStopped = Math.max(state.mostStopped, stopped.size);
      state.facts = changed(state.facts, server, (seen) => ({ ...seen, state: 'refusing' }));
      if (step.phase === 'upgrade')
        state.touched.push({
          server,
          from: step.fromVersion!,
          to: step.toVersion!,
          upgraded: false,
        });
    } else if (step.activity === 'upgradePackage' || step.activity === 'revertPackage') {
      state.facts = changed(state.facts, server, (seen) => ({
        ...seen,
        version: undefined,
        host: {
          ...seen.host!,
          package: { ...seen.host!.package!, installedVersion: step.toVersion },
        },
      }));
    } else if (step.activity === 'migrateConfiguration') {
      const lasting = (step.changes ?? []).filter(({ temporary }) => temporary === undefined);
      state.facts = changed(state.facts, server, (seen) => ({
        ...seen,
        host: {
          ...seen.host!,
          config: {
            ...seen.host!.config!,
            settings: settingsAfter(seen.host!.config!.settings, lasting),
          },
        },
      }));
    } else if (step.activity === 'startServer') {
      stopped.delete(server);
      state.facts = changed(state.facts, server, (seen) => ({
        ...seen,
        state: 'serving',
        version: seen.host!.package!.installedVersion,
        role: seen.inventoryRole === 'observer' ? 'observer' : 'follower',
        // 3.5.9+ writes a snapshot at its start.
        host: { ...seen.host!, data: { ...seen.host!.data!, snapshotCount: 3 } },
      }));
    } else if (step.activity === 'verifyQuorum' && step.phase === 'upgrade') {
      const turn = state.touched.find((one) => one.server === server && one.to === step.toVersion);
      if (turn) turn.upgraded = true;
    }
    noteLeader();
  }
  return state;
}

function changed(
  facts: EnsembleFacts,
  name: string,
  change: (server: ServerFacts) => ServerFacts,
): EnsembleFacts {
  const servers = facts.servers.map((server) => (server.server === name ? change(server) : server));
  const serving = servers.filter(
    ({ state, inventoryRole }) => state === 'serving' && inventoryRole === 'participant',
  );
  const stays = serving.some(({ server }) => server === facts.leader);
  const leader = stays ? facts.leader : [...serving].sort((a, b) => b.id - a.id)[0]?.server;
  return {
    ...facts,
    leader,
    syncedVoters: serving.length,
    quorumMargin: serving.length - facts.quorumSize,
    servers: servers.map((server) =>
      server.inventoryRole === 'participant' && server.state === 'serving'
        ? { ...server, role: server.server === leader ? 'leader' : 'follower' }
        : server,
    ),
  };
}

/** Versions by server as they run now. */
export const runningVersions = (facts: EnsembleFacts): Record<string, string | undefined> =>
  Object.fromEntries(
    facts.servers.map(({ server, version, host }) => [
      server,
      version ?? host?.package?.installedVersion,
    ]),
  );

export const isRefused = (plan: Plan): boolean =>
  plan.findings.some(({ severity }) => severity === 'error');
