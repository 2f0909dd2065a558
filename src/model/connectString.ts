/**
 * Connection strings as ZooKeeper's clients take them: `host:port,host:port/chroot`, an IPv6 address in brackets, port
 * 2181 where none is given (ConnectStringParser of 3.4–3.9).
 */
import { ZkferryError } from './errors';
import { bracketed } from './hostPort';

export const DEFAULT_CLIENT_PORT = 2181;

export interface ConnectAddress {
  /** Without brackets. */
  host: string;
  /** 1–65535; absent where the text names none. */
  port?: number;
}

export interface ConnectString {
  /** As given: in that order, one named twice is there twice. At least one. */
  servers: ConnectAddress[];
  /** Empty, or starts with a slash and does not end with one. */
  chroot: string;
}

/** The text before the first slash, and the rest from it on; neither is changed. */
export function splitChroot(text: string): { servers: string; chroot: string } {
  const slash = text.indexOf('/');
  return slash === -1
    ? { servers: text, chroot: '' }
    : { servers: text.slice(0, slash), chroot: text.slice(slash) };
}

/** `host`, `host:port`, `[v6]`, `[v6]:port`, blanks around it; undefined for anything else. */
export function parseAddress(text: string): ConnectAddress | undefined {
  const match =
    /^(?:\[([0-9A-Fa-f:.]+(?:%[A-Za-z0-9_.-]+)?)\]|([A-Za-z0-9_.-]+))(?::(\d{1,5}))?$/.exec(
      text.trim(),
    );
  if (match === null) return undefined;
  const host = (match[1] ?? match[2])!;
  if (match[3] === undefined) return { host };
  const port = Number(match[3]);
  return port < 1 || port > 65_535 ? undefined : { host, port };
}

/** @throws ZkferryError InvalidInput naming `what`, the text, and what of it is wrong */
export function parseConnectString(text: string, what = 'connection string'): ConnectString {
  const read = readConnectString(text);
  if (typeof read !== 'string') return read;
  throw new ZkferryError(
    'InvalidInput',
    `${what} ${JSON.stringify(text)}: ${read}; expected host:port,host:port with an optional /chroot`,
  );
}

/** Or what is wrong with it, without its words: whatever stands in a file may be a secret. */
export function readConnectString(text: string): ConnectString | string {
  const parts = splitChroot(text);
  const named = parts.servers.split(',').filter((server) => server.trim() !== '');
  if (named.length === 0) return 'it names no server';
  const servers: ConnectAddress[] = [];
  for (const server of named) {
    const address = parseAddress(server);
    if (address === undefined || isNumber(address.host))
      return `server ${servers.length + 1} is not host:port`;
    servers.push(address);
  }
  const chroot = parts.chroot.trim().replace(/(?<!\/)\/+$/, '');
  return chrootProblem(chroot) ?? { servers, chroot };
}

/** Canonical text: no blanks, a port only where there is one; `parseConnectString` gives the same back. */
export const formatConnectString = ({ servers, chroot }: ConnectString): string =>
  servers.map(formatAddress).join(',') + chroot;

export const formatAddress = ({ host, port }: ConnectAddress): string =>
  bracketed(host) + (port === undefined ? '' : `:${port}`);

/** Whether a client with the one talks to the very servers, and below the same znode, as with the other. */
export function sameConnection(one: ConnectString, other: ConnectString): boolean {
  const [these, those] = [serverSet(one), serverSet(other)];
  return (
    one.chroot === other.chroot &&
    these.size === those.size &&
    [...these].every((server) => those.has(server))
  );
}

const serverSet = ({ servers }: ConnectString): Set<string> =>
  new Set(
    servers.map(({ host, port = DEFAULT_CLIENT_PORT }) =>
      formatAddress({ host: host.toLowerCase(), port }),
    ),
  );

/** A lone `2181` is a port that lost its host, not the name of one. */
const isNumber = (host: string): boolean =>
  !host.includes(':') && /(?:^|\.)\d+$/.test(host) && !/^\d{1,3}(?:\.\d{1,3}){3}$/.test(host);

/** What PathUtils.validatePath refuses, and a list of servers that each have a chroot, as people do write it. */
function chrootProblem(chroot: string): string | undefined {
  if (chroot.includes(',')) return 'the chroot stands once, after the last server, without commas';
  if (chroot.includes('//')) return 'its chroot has an empty name in it';
  if (/\/\.{1,2}(?:\/|$)/.test(chroot)) return 'its chroot is relative';
  return /\p{Cc}/u.test(chroot) || /[\ud800-\uf8ff\ufff0-\uffff]/.test(chroot)
    ? 'its chroot has characters that ZooKeeper refuses'
    : undefined;
}
