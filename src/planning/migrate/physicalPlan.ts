/**
 * The plan of a physical migration: the data move as they are, sessions and all.
 *   1. sync      the source is captured into a repository, continuously; its base sent ahead to the target
 *   2. fence     gate `cutover`; every server closed to clients, proven, then stopped
 *   3. drain     the repository made complete from the stopped servers' own logs
 *   4. open      the data put on every server of the target, which starts from that very transaction
 *   5. redirect  clients, batch by batch
 *   6. watch     the new side; gate `complete`; the old side retired
 * The way back, once the target has opened, is the same thing in the other direction.
 */
import type { EnsembleFacts, Finding } from '../../model/facts';
import type { MigrateDataCenterInput } from '../../model/migrationInputs';
import type { Migration, Plan, PlanStep } from '../../model/plan';
import type { FileConnections } from '../../model/redirect';
import { joinFindings, warning } from '../findings';
import { treeOf, versionOfServer } from '../members';
import { withHash } from '../planHash';
import { closingSteps } from './closingSteps';
import { moveSteps, type MoveFrame } from './moveSteps';
import { redirectSteps, returnStep } from './redirectSteps';

export interface MoveFacts {
  source: EnsembleFacts;
  /** Does not serve yet, where the migration is physical. */
  target: EnsembleFacts;
  migration: Migration;
  clients: readonly string[];
  /** What their files say, by client. */
  connections?: Readonly<Record<string, FileConnections>>;
  /** What the looks at both sides have found. */
  findings: readonly Finding[];
}

/** Stops, data, starts and election on a small box; 2.0–2.4 s of it from the last stop to the first write (measured). */
const OUTAGE_MS = 5_000;
const OUTAGE_BYTES_PER_MS = 20_000;

export function planPhysical(facts: MoveFacts, input: MigrateDataCenterInput): Plan {
  const { migration, clients } = facts;
  const step = moveSteps(frameOf(facts, input));
  const outageMs = OUTAGE_MS + Math.ceil(treeBytes(facts.source) / OUTAGE_BYTES_PER_MS);
  const findings = [...facts.findings, ...sessionFindings(facts.source, outageMs)];
  return planOf(
    { ...facts, findings },
    {
      direction: 'forward',
      goal: `${migration.source} to ${migration.target}, data and sessions as they are`,
      outageMs,
      steps: [
        step.keepDown('target'),
        step.awaitCapture('source'),
        step.sendAhead('target'),
        step.fence('source', {
          otherSide: 'reachable',
          ...(clients.length > 0 && { checksClients: true }),
          gate: 'cutover',
          gateReason: `passing closes ${migration.source} to its clients, stops it, and opens ${migration.target}: about ${Math.round(outageMs / 1_000)} s without writes. Going back stays possible until gate complete`,
        }),
        step.stop('source'),
        step.reconcile('source'),
        step.prepareData('target'),
        step.place('target'),
        step.start('target'),
        step.verifyRestored('target'),
        ...redirectSteps({
          clients,
          ...(facts.connections && { connections: facts.connections }),
          redirect: input.redirect,
          asks: input.gates.nextBatch !== undefined,
          to: migration.target,
          from: migration.source,
        }),
        ...closingSteps(input, migration),
      ],
    },
  );
}

/** A session is kept only by a client that is back in time. */
function sessionFindings(facts: EnsembleFacts, outageMs: number): Finding[] {
  const smallest = Math.min(
    facts.sessions?.smallestTimeoutMs ?? Infinity,
    treeOf(facts)?.sessions.shortestMs ?? Infinity,
  );
  if (smallest >= outageMs) return [];
  return [
    warning(
      'SessionsTooShort',
      `a session has a timeout of ${smallest} ms; for about ${outageMs} ms nobody can reach a server, so it may be lost, and its ephemerals with it`,
      {
        hint: `give clients session timeouts of ${2 * outageMs} ms and more, or accept it with acceptWarnings: true`,
      },
    ),
  ];
}

export interface MoveDone {
  /** Ids of steps of the way forward that have begun. */
  begun: readonly string[];
  /** Whether the target was seen to serve: from then on clients may have written to it. */
  opened: boolean;
  /** Clients that may have been led over. */
  redirected: readonly string[];
}

export function planPhysicalBack(
  facts: MoveFacts,
  input: MigrateDataCenterInput,
  { begun, opened: hasOpened, redirected }: MoveDone,
): Plan {
  const { migration } = facts;
  const step = moveSteps(frameOf(facts, input), true);
  const has = (id: string): boolean => begun.includes(id);
  const home = [
    step.liftFence('source'),
    ...(redirected.length > 0
      ? [
          returnStep(redirected, {
            redirect: input.redirect,
            from: migration.source,
          }),
        ]
      : []),
    step.verifyServing('source'),
  ];
  const hasSent = has('sendAhead/target') || has('placeEverywhere/target');
  const unopened: PlanStep[] = [
    ...(has('startEnsemble/target') ? [step.stop('target')] : []),
    // Closing may have stopped some, for others that could not be reached; who runs is left alone.
    ...(has('fenceServers/source') ? [step.start('source'), ...home] : []),
    // Last: whether the target's hosts answer must not keep the source closed. None of them serves.
    ...(hasSent ? [step.setAside('target')] : []),
  ];
  const opened: PlanStep[] = [
    step.awaitCapture('target'),
    step.fence('target', {
      otherSide: 'reachable',
      ...(redirected.length > 0 && { checksClients: true }),
    }),
    step.stop('target'),
    step.reconcile('target'),
    step.prepareData('source'),
    step.setAside('source'),
    step.place('source'),
    step.start('source'),
    // Nobody serves clients but the source from here on: to see that it does, it must be reachable.
    step.liftFence('source'),
    step.verifyRestored('source'),
    ...home.slice(1),
    step.setAside('target'),
    step.liftFence('target'),
  ];
  return planOf(facts, {
    direction: 'rollback',
    goal: `${migration.source} as it was${hasOpened ? `, with what was written to ${migration.target}` : ''}`,
    outageMs: OUTAGE_MS,
    steps: hasOpened ? opened : unopened,
  });
}

const treeBytes = (facts: EnsembleFacts): number =>
  Math.max(
    treeOf(facts)?.dataBytes ?? 0,
    ...facts.servers.map(({ host }) => host?.data?.newestSnapshotBytes ?? 0),
  );

export const frameOf = (
  { source, migration }: MoveFacts,
  { settleTimeoutMs }: MigrateDataCenterInput,
): MoveFrame => ({
  source: migration.source,
  target: migration.target,
  settleTimeoutMs,
  treeBytes: treeBytes(source),
});

export function planOf(
  { source, target, migration, findings }: MoveFacts,
  parts: Pick<Plan, 'direction' | 'goal' | 'steps' | 'rollbackLimit'> & { outageMs: number },
): Plan {
  const { outageMs, ...rest } = parts;
  const versions = source.servers.flatMap((server) => {
    const version = versionOfServer(server);
    return version === undefined ? [] : [[server.server, version] as const];
  });
  const toVersion = target.servers.map(versionOfServer).find((version) => version !== undefined);
  return withHash({
    strategy: 'migrateDataCenter',
    ensemble: source.ensemble,
    identity: source.identity,
    ...rest,
    findings: joinFindings([...findings]),
    fromVersions: Object.fromEntries(versions),
    toVersion: toVersion ?? '',
    hops: [],
    migration,
    notServing: source.servers
      .filter(({ state }) => state !== 'serving')
      .map(({ server }) => server),
    expectation: {
      serverRestarts: 0,
      leaderRestarts: 0,
      longestWriteGapMs: outageMs,
      durationMs: parts.steps.length * 3_000,
    },
  });
}
