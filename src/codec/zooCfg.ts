/** zoo.cfg and dynamic configuration files (also the text of /zookeeper/config): text ↔ values. */
import type { MemberFacts } from '../model/facts';
import { parseProperties } from './properties';
import { bracketed } from '../model/hostPort';

export interface ParsedZooCfg {
  /** In the order of the file; of a setting given twice the last counts. Includes server.N, group.N and weight.N lines. */
  settings: Record<string, string>;
  /** Sorted by id, with group and weight. */
  servers: MemberFacts[];
  /** Lines that look like members but can't be read, in words. */
  problems: string[];
}

const MEMBER_KEY = /^server\.(\d{1,10})$/;
const GROUP_KEY = /^group\.(\d{1,10})$/;
const WEIGHT_KEY = /^weight\.(\d{1,10})$/;

/** Never fails: unreadable member lines are named in `problems`. */
export function parseZooCfg(text: string): ParsedZooCfg {
  const settings = new Map<string, string>();
  for (const { key, value } of parseProperties(text)) {
    if (key !== undefined && key !== '') settings.set(key, value ?? '');
  }
  const problems: string[] = [];
  const members = new Map<number, MemberFacts>();
  for (const [key, value] of settings) {
    const id = MEMBER_KEY.exec(key)?.[1];
    if (id === undefined) continue;
    const member = parseMember(Number(id), value);
    if (member) members.set(member.id, member);
    else problems.push(`${key}=${value}: expected host:quorumPort:electionPort`);
  }
  for (const [key, value] of settings) {
    const group = GROUP_KEY.exec(key)?.[1];
    const weightOf = WEIGHT_KEY.exec(key)?.[1];
    if (group !== undefined) {
      for (const id of value.split(':')) {
        const member = members.get(Number(id));
        if (member) member.group = Number(group);
      }
    } else if (weightOf !== undefined) {
      const member = members.get(Number(weightOf));
      if (member && /^\d{1,9}$/.test(value)) member.weight = Number(value);
      else problems.push(`${key}=${value}: expected a weight of a server in this file`);
    }
  }
  return {
    settings: Object.fromEntries(settings),
    servers: [...members.values()].sort((a, b) => a.id - b.id),
    problems,
  };
}

function portOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,5}$/.test(text)) return undefined;
  const port = Number(text);
  return port <= 65535 ? port : undefined;
}

/** `host:rest` or `[v6]:rest`. */
function splitHost(text: string): { host: string; rest: string[] } | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+))((?::[^:]*)*)$/.exec(text.trim());
  if (!match) return undefined;
  return { host: (match[1] ?? match[2])!, rest: match[3] ? match[3].slice(1).split(':') : [] };
}

/**
 * `host:quorumPort:electionPort[:role][|…][;[clientHost:]clientPort]`
 * (QuorumPeer.QuorumServer of 3.4–3.9); undefined if it isn't that.
 */
export function parseMember(id: number, text: string): MemberFacts | undefined {
  const [quorumPart = '', clientPart, extra] = text.trim().split(';');
  if (extra !== undefined) return undefined;
  let role: MemberFacts['role'] = 'participant';
  const addresses: { host: string; quorumPort: number; electionPort: number }[] = [];
  for (const address of quorumPart.split('|')) {
    const split = splitHost(address);
    const [quorumText, electionText, roleText, more] = split?.rest ?? [];
    const [quorumPort, electionPort] = [portOf(quorumText), portOf(electionText)];
    if (!split || quorumPort === undefined || electionPort === undefined || more !== undefined) {
      return undefined;
    }
    if (roleText !== undefined) {
      const lower = roleText.trim().toLowerCase();
      if (lower !== 'observer' && lower !== 'participant') return undefined;
      role = lower;
    }
    addresses.push({ host: split.host, quorumPort, electionPort });
  }
  const [first, ...others] = addresses;
  if (!first) return undefined;
  const member: MemberFacts = { id, ...first, role };
  if (clientPart !== undefined && clientPart.trim() !== '') {
    const clientAddress = parseClientAddress(clientPart.trim());
    if (clientAddress === undefined) return undefined;
    member.clientAddress = clientAddress;
  }
  if (others.length > 0) member.otherAddresses = others;
  return member;
}

function parseClientAddress(text: string): string | undefined {
  if (portOf(text) !== undefined) return `0.0.0.0:${text}`;
  const split = splitHost(text);
  if (!split || split.rest.length !== 1 || portOf(split.rest[0]) === undefined) return undefined;
  return `${bracketed(split.host)}:${split.rest[0]}`;
}

/** The value of `server.N` as 3.5+ itself writes it; `parseMember` gives the same member back. */
export function formatMember(member: MemberFacts): string {
  const addresses = [
    { host: member.host, quorumPort: member.quorumPort, electionPort: member.electionPort },
    ...(member.otherAddresses ?? []),
  ].map((a) => `${bracketed(a.host)}:${a.quorumPort}:${a.electionPort}:${member.role}`);
  return addresses.join('|') + (member.clientAddress ? `;${member.clientAddress}` : '');
}

/** The configuration's version as hex with 0x, from a dynamic file or /zookeeper/config. */
export function configVersionOf(settings: Record<string, string>): string | undefined {
  const text = settings['version'];
  return text !== undefined && /^[0-9a-f]{1,16}$/i.test(text)
    ? `0x${text.toLowerCase().replace(/^0+(?=.)/, '')}`
    : undefined;
}
