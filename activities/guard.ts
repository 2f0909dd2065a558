/**
 * The guard: right before a step acts, a fresh look decides whether it is safe. It waits for safety up to
 * the time it is given, then refuses with the reasons; it never acts.
 */
import type { EnsembleFacts } from '../src/model/facts';
import type { ResolvedEnsemble } from '../src/model/inventory';
import type { OperationContext } from '../src/model/ports';
import type { PlanStep } from '../src/model/plan';
import { serverMayStop } from '../src/planning/mayStop';
import { membersSeenBy } from '../src/planning/members';
import { marginOf, quorumSize } from '../src/planning/quorum';
import { isBringBack, isHandOver } from '../src/planning/resize/steps';
import type { GuardArgs, GuardResult, RunActivities } from './api';
import type { Dependencies } from './dependencies';
import { commitThrough } from './health';
import { requireLock } from './lock';
import { observationOf } from './observation';
import { listHeldBy } from './memberFile';
import { membershipOf, namesIn, sameMembers, textOf } from './memberNames';
import { observeEnsemble } from './observe/observeEnsemble';
import { syncedVoterIds } from './observe/synced';
import { operation, pause } from './operation';
import { membersOf, serverOf, resolveTarget } from './resolve';

const LOOK_EVERY_MS = 500;

export function guardActivities(dependencies: Dependencies): Pick<RunActivities, 'checkGuard'> {
  return {
    checkGuard: (args) =>
      operation(async (context) => {
        const ensemble = await resolveTarget(dependencies, args);
        const deadline = Date.now() + args.waitMs;
        for (;;) {
          const result = await look(dependencies, ensemble, args, context);
          if (result.ok || Date.now() >= deadline) return result;
          context.heartbeat({ waitingFor: result.reasons });
          await pause(LOOK_EVERY_MS, context.signal);
        }
      }),
  };
}

/** What decides whether a step is safe. */
export type GuardQuestion = Omit<GuardArgs, 'waitMs'>;

/** One fresh look: whether the step is safe now, and if not, why. */
export async function look(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  args: GuardQuestion,
  context: OperationContext,
): Promise<GuardResult> {
  const facts = await observeEnsemble(dependencies, ensemble, { depth: 'quorum', context });
  const reasons = await whyNot(dependencies, ensemble, args, facts, context);
  return { ok: reasons.length === 0, reasons, observation: observationOf(facts, ensemble) };
}

async function whyNot(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  args: GuardQuestion,
  facts: EnsembleFacts,
  context: OperationContext,
): Promise<string[]> {
  const { guard } = args.step;
  switch (guard.kind) {
    case 'none':
      return [];
    case 'serverMayStop': {
      // Nobody can be asked for the lock then, nor has anybody anything to lose; the host's own fence holds.
      if (isBringBack(args.step) && servesNobody(facts, guard.server)) return [];
      await requireLock(dependencies, ensemble, args.run, args.fence.generation, context);
      const canary = await commitThrough(
        dependencies,
        ensemble,
        othersOf(ensemble, guard.server),
        context,
      );
      const counted = args.step.membership
        ? await countedBy(dependencies, ensemble, facts, args.step, context)
        : facts;
      const foreign = await foreignLines(dependencies, ensemble, facts, args.step, context);
      if (foreign) return [foreign];
      return serverMayStop({ ...counted, canary }, guard.server, {
        margin: ensemble.margin,
        expectServing: args.expectServing,
        // A resize moves on from the members its plan was made for; who they are is checked by name.
        ...(args.step.membership ? {} : { identity: args.identity }),
      }).reasons;
    }
    case 'serverIsStopped': {
      const host = await dependencies.host.observe(serverOf(ensemble, guard.server), context, {
        depth: 'process',
      });
      if (!host.reachable)
        return [`${guard.server}: ${host.error?.message ?? 'host not reachable'}`];
      if (host.process?.running)
        return [
          `${guard.server} runs (pid ${host.process.pid}) though this run stopped it: something else started it`,
        ];
      return [];
    }
    case 'membersMayChange':
    case 'leaverMayStop':
      return whyNotChange(dependencies, ensemble, args, facts, context);
    case 'ensembleHealthy':
      return facts.servers
        .filter(({ server, state }) => args.expectServing.includes(server) && state !== 'serving')
        .map(
          ({ server, state, stateDetail }) =>
            `${server} is ${state}${stateDetail ? ` (${stateDetail})` : ''}`,
        );
  }
}

const servesNobody = (facts: EnsembleFacts, name: string): boolean =>
  facts.leader === undefined &&
  facts.servers.every(({ server, state }) => server !== name || state !== 'serving');

/** A list that is about to be written over must not name anybody whom the inventory does not know. */
async function foreignLines(
  { host }: Dependencies,
  ensemble: ResolvedEnsemble,
  facts: EnsembleFacts,
  step: PlanStep,
  context: OperationContext,
): Promise<string | undefined> {
  if (!step.membership || facts.reconfigEnabled === true || step.server === undefined)
    return undefined;
  const server = serverOf(ensemble, step.server);
  const { members = [] } = await host.observe(server, context, { depth: 'files' });
  const strangers = members.filter(({ id }) => ensemble.servers.every((one) => one.id !== id));
  return strangers.length === 0
    ? undefined
    : `the file of ${step.server} names ${strangers.map(({ id, host: at }) => `server.${id} (${at})`).join(', ')}, whom the inventory does not know: somebody has edited it; take that out, or end this run`;
}

/**
 * While a list is changed by files, servers hold two of them. A follower's restart is covered by the leader's own list,
 * which an election in between may have made the new one; once the leader itself stops, the others elect by the new.
 */
async function countedBy(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  facts: EnsembleFacts,
  step: PlanStep,
  context: OperationContext,
): Promise<EnsembleFacts> {
  const grouped = facts.servers.some((server) =>
    membersSeenBy(server)?.some(({ group }) => group !== undefined),
  );
  if (grouped) return facts;
  const { before, after } = membershipOf(step);
  const leader = facts.servers.find(({ server }) => server === facts.leader);
  const othersElect = step.role === 'leader' && !isHandOver(step);
  const list =
    leader && !othersElect ? await listHeldBy(dependencies, ensemble, leader, context) : undefined;
  const listed = list === undefined ? before : namesIn(list, ensemble);
  const voters = othersElect ? after.voters : listed.voters;
  const voting = voters.map((name) => ({
    id: serverOf(ensemble, name).id,
    role: 'participant' as const,
  }));
  const synced = syncedVoterIds(facts.servers, leader, voting);
  return {
    ...facts,
    voters: voting.length,
    syncedVoters: synced.length,
    quorumSize: quorumSize(voting),
    quorumMargin: marginOf(voting, synced),
  };
}

/**
 * Members may change, and one that has left may stop, when the members are those the step knows, all that should
 * serve do, and those who stay have just committed a write without the one that goes.
 */
async function whyNotChange(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  args: GuardQuestion,
  facts: EnsembleFacts,
  context: OperationContext,
): Promise<string[]> {
  const { step, run, fence, expectServing } = args;
  await requireLock(dependencies, ensemble, run, fence.generation, context);
  const { before, after } = membershipOf(step);
  const now = observationOf(facts, ensemble).members;
  const leaves = step.guard.kind === 'leaverMayStop';
  const accepted = leaves ? [after] : [before, after];
  const reasons: string[] = [];
  if (facts.leader === undefined) reasons.push('no leader is seen');
  if (now === undefined) reasons.push('no server says who the members are');
  else if (!accepted.some((names) => sameMembers(names, now)))
    reasons.push(`the members are ${textOf(now)}, not ${accepted.map(textOf).join(' or ')}`);
  reasons.push(
    ...facts.servers
      .filter(({ server, state }) => expectServing.includes(server) && state !== 'serving')
      .map(({ server, state }) => `${server} is ${state}`),
  );
  if (reasons.length > 0) return reasons;
  const staying = after.voters
    .filter((name) => expectServing.includes(name))
    .map((name) => serverOf(ensemble, name));
  const canary = await commitThrough(dependencies, ensemble, staying, context);
  return canary.committed ? [] : [`the canary write was not committed: ${canary.error}`];
}

/** The canary must commit without the server that is about to stop; a lone server has no others. */
function othersOf(ensemble: ResolvedEnsemble, server: string) {
  const members = membersOf(ensemble);
  const others = members.filter(({ name }) => name !== server);
  return others.length > 0 ? others : members;
}
