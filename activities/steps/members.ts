/** Steps that change who belongs to the ensemble, and prove that all agree on it. */
import { advanceFence, zooKeeperCode } from '../../src/adapters/zookeeper';
import { formatMember } from '../../src/codec/zooCfg';
import { isZkferryError, ZkferryError } from '../../src/model/errors';
import type { ResolvedEnsemble } from '../../src/model/inventory';
import type { MembershipNames, PlanStep } from '../../src/model/plan';
import type { OperationContext, ZkSession } from '../../src/model/ports';
import type { StepActivities, StepArgs } from '../api';
import type { Dependencies } from '../dependencies';
import { membersAgree } from '../health';
import { lookAtJoiner } from '../joiner';
import { listHeldBy } from '../memberFile';
import { requireLock } from '../lock';
import { observationOf } from '../observation';
import { observeEnsemble } from '../observe/observeEnsemble';
import { operation, pause, tokenOf, waitFor } from '../operation';
import { resolveTarget, serverOf, withSession } from '../resolve';
import { reviverOf } from '../revive';
import { znodePlace } from '../whoHolds';
import {
  configurationInForce,
  listOf,
  membershipOf,
  namesIn,
  refuseForeign,
  sameMembers,
  textOf,
} from '../memberNames';

/** Right after a role changed, ZooKeeper refuses the next change for about a second (measured). */
const TRANSIENT = ['NewConfigNoQuorum', 'ReconfigInProgress'];
const BETWEEN_MS = 500;

export function memberSteps(
  dependencies: Dependencies,
): Pick<StepActivities, 'changeMembers' | 'verifyMembers'> {
  return {
    changeMembers: (args) =>
      operation(async (context) => {
        const ensemble = await resolveTarget(dependencies, args);
        await requireLock(dependencies, ensemble, args.run, args.fence.generation, context);
        const deadline = Date.now() + args.tuning.settleTimeoutMs;
        const newcomer = newcomerOf(dependencies, ensemble, args, context);
        let refusals = 0;
        for (;;) {
          const outcome = await attempt(dependencies, ensemble, args, newcomer, context);
          if (outcome.done)
            return {
              detail: `${outcome.detail}${refusals > 0 ? `, after ${refusals} transient refusal(s)` : ''}`,
            };
          refusals += 1;
          context.heartbeat({ waitingFor: outcome.detail });
          if (Date.now() >= deadline)
            throw new ZkferryError(
              'WaitTimedOut',
              `${args.step.title}: not done after ${args.tuning.settleTimeoutMs} ms (${outcome.detail}); see that all voters serve, then resume or roll back`,
            );
          await pause(BETWEEN_MS, context.signal);
        }
      }),

    verifyMembers: (args) =>
      operation(async (context) => {
        const ensemble = await resolveTarget(dependencies, args);
        const { after } = membershipOf(args.step);
        const expected = [...after.voters, ...after.observers].filter(
          (name) => args.expectServing.includes(name) || name === args.step.server,
        );
        const newcomer = newcomerOf(dependencies, ensemble, args, context);
        const detail = await waitFor<string>(
          `all members serve with the list ${textOf(after)}`,
          { timeoutMs: args.tuning.settleTimeoutMs, context },
          async () => {
            const reasons = await whyNotAgreed(
              dependencies,
              ensemble,
              args.step,
              expected,
              context,
            );
            if (reasons.length > 0) {
              await newcomer?.revive();
              return { reasons };
            }
            const agreement = await membersAgree(dependencies, ensemble, expected, context);
            return agreement.agree ? { value: agreement.detail } : { reasons: [agreement.detail] };
          },
        );
        const facts = await observeEnsemble(dependencies, ensemble, { depth: 'quorum', context });
        return {
          detail: `${textOf(after)}; ${detail}`,
          // Up to 3.4 no running server tells them; they have just been proven.
          observation: { ...observationOf(facts, ensemble), members: after },
        };
      }),
  };
}

interface Outcome {
  done: boolean;
  detail: string;
}

/** The server that comes, or that is to vote. */
interface Newcomer {
  /** Starts it again where its process died. */
  revive(): Promise<void>;
  /** Starts it again likewise. */
  whyUnfit(): Promise<string[]>;
}

function newcomerOf(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  args: StepArgs,
  context: OperationContext,
): Newcomer | undefined {
  const { step } = args;
  if (step.role !== 'joiner' || step.server === undefined) return undefined;
  const server = serverOf(ensemble, step.server);
  const reviver = reviverOf(dependencies, ensemble, server, args, context);
  const look = () => lookAtJoiner(dependencies, ensemble, server, step, context);
  return {
    async revive() {
      await reviver.revive((await look()).state);
    },
    async whyUnfit() {
      const { reasons, state } = await look();
      await reviver.revive(state);
      return reasons;
    },
  };
}

/** One look and at most one request. What the ensemble says afterwards counts, not what the request was answered. */
async function attempt(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  args: StepArgs,
  newcomer: Newcomer | undefined,
  { signal }: OperationContext,
): Promise<Outcome> {
  const { before, after } = membershipOf(args.step);
  try {
    return await withSession(dependencies, ensemble, { signal }, async (session) => {
      const { members, lines, version } = await configurationInForce(session);
      const now = namesIn(members, ensemble);
      if (sameMembers(now, after)) return { done: true, detail: `members are ${textOf(after)}` };
      refuseForeign(args.step, now);
      // It was proven before, but a run may have been paused since; servers accept one that is not even up.
      const unfit = (await newcomer?.whyUnfit()) ?? [];
      if (unfit.length > 0)
        return { done: false, detail: `${args.step.server}: ${unfit.join('; ')}` };
      // The version was read before: whoever acts in between, by this run's hand or another's, makes it stale.
      await advanceFence(session, znodePlace(dependencies, ensemble), tokenOf(args.fence));
      await request(session, ensemble, before, after, { members, lines, version });
      return { done: false, detail: 'asked; its effect is looked at next' };
    });
  } catch (error) {
    const code = zooKeeperCode(error);
    if (code === 'NoAuth')
      throw new ZkferryError(
        'ZooKeeperAuthFailed',
        `the credentials of ensemble ${ensemble.name} may not write /zookeeper/config; give its auth in the inventory one that may (superDigest, or an identity with write permission there)`,
      );
    const transient = code !== undefined && (TRANSIENT.includes(code) || code === 'BadVersion');
    if (transient || (isZkferryError(error) && error.type === 'ZooKeeperUnavailable'))
      return { done: false, detail: (error as Error).message };
    throw error;
  }
}

function request(
  session: ZkSession,
  ensemble: ResolvedEnsemble,
  before: MembershipNames,
  after: MembershipNames,
  { members, lines, version }: Awaited<ReturnType<typeof configurationInForce>>,
): Promise<void> {
  const idsOf = (names: MembershipNames) => listOf(names, ensemble, members);
  const wanted = idsOf(after);
  const present = idsOf(before);
  const joining = wanted
    .filter(({ id, role }) => !present.some((one) => one.id === id && one.role === role))
    .map((member) => {
      const former = lines.get(member.id);
      const role = member.role === 'observer' ? ':observer' : ':participant';
      const line = former?.replace(/:(?:observer|participant)(?=[;|]|$)/g, role);
      return `server.${member.id}=${line ?? formatMember(member)}`;
    });
  const leaving = present
    .filter(({ id }) => !wanted.some((one) => one.id === id))
    .map(({ id }) => id);
  return session.reconfig({ joining, leaving, fromVersion: version });
}

/** By each server's own running list; up to 3.4, which tells none, by its file. */
async function whyNotAgreed(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  step: PlanStep,
  expected: readonly string[],
  context: OperationContext,
): Promise<string[]> {
  const { after } = membershipOf(step);
  const facts = await observeEnsemble(dependencies, ensemble, { depth: 'quorum', context });
  refuseForeign(step, observationOf(facts, ensemble).members);
  const reasons: string[] = [];
  for (const name of expected) {
    const seen = facts.servers.find(({ server }) => server === name);
    if (seen?.state !== 'serving') {
      reasons.push(`${name} is ${seen?.state ?? 'not looked at'}`);
      continue;
    }
    const told = await listHeldBy(dependencies, ensemble, seen, context);
    if (told === undefined) reasons.push(`${name} tells no list of members`);
    else if (!sameMembers(namesIn(told, ensemble), after))
      reasons.push(`${name} lists ${textOf(namesIn(told, ensemble))}`);
    const wanted = after.observers.includes(name) ? 'observer' : 'voter';
    if ((seen.role === 'observer') !== (wanted === 'observer'))
      reasons.push(`${name} is ${seen.role}, and is to be ${wanted}`);
  }
  return reasons;
}
