/** The server list of a zoo.cfg: replaced as a whole, every other line kept byte for byte. */
import type { MemberFacts } from '../model/facts';
import { formatProperty, lineEndingOf, parseProperties } from './properties';
import { formatMember } from './zooCfg';
import { hostPort } from '../model/hostPort';

const MEMBER_LINE = /^(?:server|group|weight)\.\d+$/;

/** A member with its line where a file or the configuration in force has one already: kept as it is written there. */
export interface ListedMember extends MemberFacts {
  line?: string;
}

/** `server.N=…` values by id, as the text writes them. */
export function memberLines(text: string): Map<number, string> {
  return new Map(
    parseProperties(text).flatMap(({ key, value }) => {
      const id = /^server\.(\d{1,10})$/.exec(key ?? '')?.[1];
      return id === undefined ? [] : [[Number(id), value ?? ''] as const];
    }),
  );
}

/** The value of a member's line: its former one if that says the same role, else a new one. */
export function memberLine(
  member: MemberFacts,
  former: string | undefined,
  modern: boolean,
): string {
  if (former !== undefined && /:observer\b/.test(former) === (member.role === 'observer'))
    return former;
  // 3.4 knows no client address, and no word for a participant in older releases of it.
  if (modern) return formatMember(member);
  const { host, quorumPort, electionPort, role } = member;
  return `${hostPort(host, quorumPort)}:${electionPort}${role === 'observer' ? ':observer' : ''}`;
}

export interface MemberListChange {
  members: readonly MemberFacts[];
  /** Whose file it is. */
  self: number;
  /** From 3.5 on: lines may hold the client address. */
  modern: boolean;
  /** Lines known from elsewhere (a joiner's own, the configuration in force), by id. */
  known?: ReadonlyMap<number, string>;
}

/**
 * Server lines, groups and weights out, the new list at the end; `peerType` as the server's own role wants it. With
 * `dynamicConfigFile` the list would stand elsewhere: that setting goes too, since the list is here now.
 */
export function withMemberList(text: string, change: MemberListChange): string {
  const { members, self, modern, known } = change;
  const former = memberLines(text);
  const ending = lineEndingOf(text);
  const kept = parseProperties(text).filter(
    ({ key }) =>
      key === undefined ||
      !(MEMBER_LINE.test(key) || key === 'peerType' || key === 'dynamicConfigFile'),
  );
  const head = kept.map(({ raw }) => raw).join('');
  const own = members.find(({ id }) => id === self);
  const lines = [
    ...(own?.role === 'observer' ? [formatProperty('peerType', 'observer')] : []),
    ...members.map((member) =>
      formatProperty(
        `server.${member.id}`,
        memberLine(member, former.get(member.id) ?? known?.get(member.id), modern),
      ),
    ),
  ];
  return `${head}${head === '' || head.endsWith(ending) ? '' : ending}${lines.join(ending)}${ending}`;
}
