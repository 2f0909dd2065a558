/** The list of members in a stopped server's own configuration file. */
import { memberLines, withMemberList } from '../src/codec/memberList';
import { parseZooCfg } from '../src/codec/zooCfg';
import type { MemberFacts, ServerFacts } from '../src/model/facts';
import type { ResolvedEnsemble, ResolvedServer } from '../src/model/inventory';
import type { MembershipNames, PlanStep } from '../src/model/plan';
import type { FenceToken, OperationContext } from '../src/model/ports';
import { atLeast } from '../src/model/version';
import type { Dependencies } from './dependencies';
import { listOf, membershipOf } from './memberNames';
import { serverOf } from './resolve';

export const isModern = (version: string): boolean => atLeast(version, '3.5.0');

/** The list a running server goes by: as it tells it, or, up to 3.4, as its file says it. */
export async function listHeldBy(
  { host }: Dependencies,
  ensemble: ResolvedEnsemble,
  { server, members }: ServerFacts,
  context: OperationContext,
): Promise<readonly MemberFacts[] | undefined> {
  if (members) return members;
  return (await host.observe(serverOf(ensemble, server), context, { depth: 'files' })).members;
}

/** What a server lists that no configuration names yet: the members there are, and itself as an observer. */
export function learnerList({ before }: { before: MembershipNames }, self: string) {
  const others = (names: readonly string[]): string[] => names.filter((name) => name !== self);
  return { voters: others(before.voters), observers: [...others(before.observers), self] };
}

/** Writes the list; false where it is there already. `save` is called before anything is changed. */
export async function writeMemberList(
  { host }: Dependencies,
  ensemble: ResolvedEnsemble,
  server: ResolvedServer,
  wanted: MembershipNames,
  version: string,
  token: FenceToken,
  context: OperationContext,
  save?: () => Promise<unknown>,
): Promise<boolean> {
  const { zooCfg } = await host.readConfiguration(server, context);
  const { members = [] } = await host.observe(server, context, { depth: 'files' });
  // One that is demoted or that waits for its vote is in no list but its own.
  const own = parseZooCfg(zooCfg.text).servers.find(({ id }) => id === server.id);
  const list = listOf(wanted, ensemble, members);
  const text = withMemberList(zooCfg.text, {
    members: list.some(({ id }) => id === server.id) || !own ? list : [...list, own],
    self: server.id,
    modern: isModern(version),
    known: memberLines(zooCfg.text),
  });
  if (text === zooCfg.text) return false;
  await save?.();
  await host.writeConfigurationFile(server, zooCfg.path, text, zooCfg.sha256, token, context);
  return true;
}

/**
 * A learner writes the ensemble's own list over the one it was started with, and that does not name it yet: without
 * itself in the list it would never start again (3.5+, measured).
 */
export async function relistNewcomer(
  dependencies: Dependencies,
  ensemble: ResolvedEnsemble,
  server: ResolvedServer,
  step: PlanStep,
  token: FenceToken,
  context: OperationContext,
): Promise<void> {
  const { members = [] } = await dependencies.host.observe(server, context, { depth: 'files' });
  if (members.some(({ id }) => id === server.id)) return;
  const membership = membershipOf(step);
  const isMember = step.activity !== 'verifyJoiner' && step.activity !== 'changeMembers';
  const wanted = isMember ? membership.after : learnerList(membership, server.name);
  await writeMemberList(
    dependencies,
    ensemble,
    server,
    wanted,
    step.toVersion ?? '',
    token,
    context,
  );
}
