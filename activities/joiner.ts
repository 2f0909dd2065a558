/** Whether a server is fit to become a member: it only follows, lists those there are, and holds their newest write. */
import { commitCanaryThrough, readCanaryFrom } from '../src/adapters/zookeeper';
import type { EnsembleFacts, ServerFacts, ServerState } from '../src/model/facts';
import type { ResolvedEnsemble, ResolvedServer } from '../src/model/inventory';
import type { MembershipNames, PlanStep } from '../src/model/plan';
import type { OperationContext } from '../src/model/ports';
import type { Dependencies } from './dependencies';
import { sessionOptions } from './health';
import { znodePlace } from './whoHolds';
import { membershipOf, namesIn, refuseForeign, textOf } from './memberNames';
import { observationOf } from './observation';
import { observeEnsemble } from './observe/observeEnsemble';
import { serverOf } from './resolve';

export interface JoinerLook {
  /** Empty: it is fit. */
  reasons: string[];
  state?: ServerState;
  facts: EnsembleFacts;
}

/** @throws MembersChanged where somebody else has changed the members meanwhile */
export async function lookAtJoiner(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  joiner: ResolvedServer,
  step: PlanStep,
  context: OperationContext,
): Promise<JoinerLook> {
  const { before } = membershipOf(step);
  const facts = await observeEnsemble(dependencies, ensemble, { depth: 'quorum', context });
  refuseForeign(step, observationOf(facts, ensemble).members);
  const seen = facts.servers.find(({ server }) => server === joiner.name);
  const reasons = whyNotFit(seen, { version: step.toVersion ?? '', before, ensemble });
  if (facts.leader === undefined) reasons.push('no leader is seen');
  if (reasons.length === 0) {
    const behind = await whyBehind(dependencies, ensemble, joiner, before, context);
    if (behind !== undefined) reasons.push(behind);
  }
  return { reasons, facts, ...(seen && { state: seen.state }) };
}

function whyNotFit(
  seen: ServerFacts | undefined,
  wanted: { version: string; before: MembershipNames; ensemble: ResolvedEnsemble },
): string[] {
  if (seen?.state !== 'serving')
    return [
      `it is ${seen?.state ?? 'not looked at'}${seen?.stateDetail ? ` (${seen.stateDetail})` : ''}`,
    ];
  const reasons: string[] = [];
  if (seen.version !== wanted.version)
    reasons.push(`it says version ${seen.versionText ?? 'none'}, not ${wanted.version}`);
  if (seen.role !== 'observer' && seen.role !== 'follower')
    reasons.push(`it is ${seen.role}: it must follow, not lead`);
  if (seen.members && seen.members.length > 0) {
    const own = namesIn(seen.members, wanted.ensemble);
    const missing = [...wanted.before.voters].filter((name) => !own.voters.includes(name));
    if (missing.length > 0)
      reasons.push(`it lists ${textOf(own)}, without the voters ${missing.join(', ')}`);
  }
  return reasons;
}

/** A write committed by the members themselves must be there to be read: then it is theirs that it follows. */
async function whyBehind(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  joiner: ResolvedServer,
  before: MembershipNames,
  context: OperationContext,
): Promise<string | undefined> {
  const place = znodePlace(dependencies, ensemble);
  const options = await sessionOptions(dependencies, ensemble, context);
  const voters = before.voters
    .filter((name) => name !== joiner.name)
    .map((name) => serverOf(ensemble, name));
  const { mzxid } = await commitCanaryThrough(
    dependencies.zookeeper,
    { ...options, servers: voters },
    place,
  );
  const held = await readCanaryFrom(dependencies.zookeeper, joiner, options, place);
  return held?.mzxid === mzxid
    ? undefined
    : `it shows ${held?.mzxid ?? 'nothing'} where the ensemble committed ${mzxid}`;
}
