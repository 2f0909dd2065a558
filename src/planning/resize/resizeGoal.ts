/** From what was asked for to the membership it means, or to why it means none. Pure. */
import type { EnsembleFacts, Finding, ServerFacts } from '../../model/facts';
import type { ResizeEnsembleInput } from '../../model/inputs';
import { error } from '../findings';
import { leaderOf, listInForce } from '../members';
import { including, memberOf, without, type Membership, type PlannedMember } from './membership';

export type ResizeRequest = Pick<
  ResizeEnsembleInput,
  'add' | 'remove' | 'replace' | 'promote' | 'demote'
>;

/** The members there are, by the leader's own list (else the one most have), under their inventory names. */
export function currentMembership(
  facts: EnsembleFacts,
  candidates: readonly ServerFacts[],
): { members: Membership; findings: Finding[] } {
  const known = [...facts.servers, ...candidates];
  const name = leaderOf(facts);
  // A spare that has joined may lead, and is looked at beside the members then.
  const leader = known.find(({ server }) => server === name);
  const beside = leader && !facts.servers.includes(leader) ? [leader] : [];
  const list = listInForce([...facts.servers, ...beside], leader?.server);
  const members: PlannedMember[] = [];
  const findings: Finding[] = [];
  const written = facts.servers.flatMap(({ host }) => host?.members ?? []);
  for (const { id, host, role, weight, group } of list) {
    const server = known.find((candidate) => candidate.id === id)?.server;
    if (server === undefined)
      findings.push(
        error(
          'UnknownMember',
          `server.${id} (${host}) is a member, as ${leader?.server ?? 'its servers'} ${leader ? 'says' : 'say'}, but not in the inventory`,
          { hint: 'add it to the inventory: nothing can be proven about a member nobody may ask' },
        ),
      );
    else {
      const onDisk = written.find((member) => member.id === id);
      members.push({
        server,
        id,
        role,
        weight: weight ?? onDisk?.weight,
        group: group ?? onDisk?.group,
      });
    }
  }
  return { members, findings };
}

/**
 * The present membership with the request applied; whatever cannot be applied is a finding of severity error.
 * `underway`: what was applied already is none; `seen`: the members, as they were looked at.
 */
export function goalOf(
  current: Membership,
  request: ResizeRequest,
  candidates: readonly ServerFacts[],
  { underway = false, seen = [] }: { underway?: boolean; seen?: readonly ServerFacts[] } = {},
): { goal: Membership; findings: Finding[] } {
  const findings: Finding[] = [];
  let goal = current;
  const refuse = (field: string, server: string, message: string, accepted: string): void =>
    void findings.push(
      error('WrongMember', `${field}: ${server} ${message}`, { server, hint: accepted }),
    );
  const members = `members: ${current.map(({ server, role }) => `${server} (${role})`).join(', ')}`;
  const spares = `spares of the inventory: ${candidates.map(({ server }) => server).join(', ') || 'none'}`;

  const add = (field: string, server: string): void => {
    const candidate = candidates.find((one) => one.server === server);
    const member = memberOf(current, server);
    if (member) {
      if (!underway) refuse(field, server, 'is a member already', spares);
      // It may have come as an observer first, and is to become what the inventory says.
      const known = seen.find((one) => one.server === server);
      if (known) goal = including(goal, { ...member, role: known.inventoryRole });
    } else if (!candidate) refuse(field, server, 'is not in the inventory', spares);
    else goal = including(goal, { server, id: candidate.id, role: candidate.inventoryRole });
  };
  const remove = (field: string, server: string): void => {
    if (memberOf(current, server)) goal = without(goal, server);
    else if (!underway) refuse(field, server, 'is no member', members);
  };
  const turn = (field: 'promote' | 'demote', server: string): void => {
    const member = memberOf(current, server);
    const [from, to] =
      field === 'promote'
        ? (['observer', 'participant'] as const)
        : (['participant', 'observer'] as const);
    if (member?.role === from) goal = including(goal, { ...member, role: to });
    else if (!underway || !member) refuse(field, server, `is no ${from} of the ensemble`, members);
  };

  for (const server of request.add) add('add', server);
  for (const server of request.remove) remove('remove', server);
  for (const [old, fresh] of Object.entries(request.replace)) {
    const role = memberOf(current, old)?.role;
    add('replace', fresh);
    const joined = memberOf(goal, fresh);
    if (joined && role) goal = including(goal, { ...joined, role });
    remove('replace', old);
  }
  for (const server of request.promote) turn('promote', server);
  for (const server of request.demote) turn('demote', server);
  return { goal, findings };
}
