/** Members of a configuration ↔ their names in the inventory, and their lines. */
import { parseProperties } from '../src/codec/properties';
import { configVersionOf, parseZooCfg } from '../src/codec/zooCfg';
import { ZkferryError } from '../src/model/errors';
import { hostPort } from '../src/model/hostPort';
import type { MemberFacts } from '../src/model/facts';
import type { ResolvedEnsemble, ResolvedServer } from '../src/model/inventory';
import type { MembershipNames, PlanStep } from '../src/model/plan';
import type { ZkSession } from '../src/model/ports';
import { memberLines } from '../src/codec/memberList';

const DEFAULT_QUORUM_PORT = 2888;
const DEFAULT_ELECTION_PORT = 3888;
const CONFIG_PATH = '/zookeeper/config';

export interface ConfigurationInForce {
  members: MemberFacts[];
  lines: Map<number, string>;
  /** `0x…` */
  version: string;
}

/** 3.5+: what the ensemble itself has committed. */
export async function configurationInForce(session: ZkSession): Promise<ConfigurationInForce> {
  await session.sync(CONFIG_PATH);
  const text = (await session.get(CONFIG_PATH)).data?.toString('utf8') ?? '';
  const { settings, servers } = parseZooCfg(text);
  return {
    members: servers,
    lines: memberLines(text),
    version: configVersionOf(settings) ?? '0x0',
  };
}

/** `#7` stands for a member that the inventory does not know. */
export function namesIn(
  members: readonly Pick<MemberFacts, 'id' | 'role'>[],
  ensemble: ResolvedEnsemble,
): MembershipNames {
  const nameOf = (id: number): string =>
    ensemble.servers.find((server) => server.id === id)?.name ?? `#${id}`;
  const of = (role: MemberFacts['role']): string[] =>
    members
      .filter((member) => member.role === role)
      .map(({ id }) => nameOf(id))
      .sort();
  return { voters: of('participant'), observers: of('observer') };
}

export const sameMembers = (a: MembershipNames, b: MembershipNames): boolean =>
  String([...a.voters].sort()) === String([...b.voters].sort()) &&
  String([...a.observers].sort()) === String([...b.observers].sort());

export const textOf = ({ voters, observers }: MembershipNames): string =>
  `${voters.join(', ')}${observers.length > 0 ? `, observers ${observers.join(', ')}` : ''}`;

export function membershipOf(step: PlanStep): NonNullable<PlanStep['membership']> {
  if (step.membership) return step.membership;
  throw new ZkferryError('InvalidInput', `step ${step.id} says nothing of members`);
}

/** @throws MembersChanged where the members are neither those before the step's change nor those after it */
export function refuseForeign(step: PlanStep, now: MembershipNames | undefined): void {
  const { before, after } = membershipOf(step);
  if (now === undefined || sameMembers(now, before) || sameMembers(now, after)) return;
  throw new ZkferryError(
    'MembersChanged',
    `somebody else has changed the members: they are ${textOf(now)}, neither ${textOf(before)} as before this step nor ${textOf(after)} as after it`,
  );
}

/** As an inventory server stands in the list once it is a member. */
export const listed = (server: ResolvedServer, role: MemberFacts['role']): MemberFacts => ({
  id: server.id,
  host: server.host,
  quorumPort: server.quorumPort ?? DEFAULT_QUORUM_PORT,
  electionPort: server.electionPort ?? DEFAULT_ELECTION_PORT,
  role,
  clientAddress: hostPort(server.host, server.clientPort),
});

/** The list of these members: addresses as `known` has them, else by the inventory. Sorted by id. */
export function listOf(
  { voters, observers }: MembershipNames,
  ensemble: ResolvedEnsemble,
  known: readonly MemberFacts[],
): MemberFacts[] {
  const of = (names: readonly string[], role: MemberFacts['role']) =>
    names.map((name): MemberFacts => {
      const server = ensemble.servers.find((candidate) => candidate.name === name);
      if (!server)
        throw new ZkferryError('UnknownServer', `the inventory of ${ensemble.name} has no ${name}`);
      const member = known.find(({ id }) => id === server.id);
      return member ? { ...member, role } : listed(server, role);
    });
  return [...of(voters, 'participant'), ...of(observers, 'observer')].sort((a, b) => a.id - b.id);
}

export const hasSetting = (text: string, name: string): boolean =>
  parseProperties(text).some(({ key }) => key === name);
