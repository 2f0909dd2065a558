/** Which side of a redirection a client's connection is on, and what it is to say on the other. */
import {
  DEFAULT_CLIENT_PORT,
  formatConnectString,
  type ConnectAddress,
  type ConnectString,
} from '../../model/connectString';
import { hostPort } from '../../model/hostPort';
import type { ClientSide, FileStanding, Sides } from '../../model/redirect';

/** What a client of the whole tree is to be given. */
export const connectStringOf = ({ servers, chroot = '' }: ClientSide): string =>
  formatConnectString({
    servers: servers.map(({ host, clientPort }) => ({ host, port: clientPort })),
    chroot,
  });

/** Servers of the old side that are not of the new one too. */
export const leftServers = ({ from, to }: Sides): ClientSide['servers'] => {
  const kept = addressSet(to);
  return from.servers.filter((server) => !kept.has(addressText(server)));
};

export function standingOf(connection: ConnectString, sides: Sides): FileStanding {
  const [old, fresh] = [addressSet(sides.from), addressSet(sides.to)];
  const named = connection.servers.map(({ host, port = DEFAULT_CLIENT_PORT }: ConnectAddress) =>
    addressText({ host, clientPort: port }),
  );
  if (named.every((server) => fresh.has(server)))
    return below(connection.chroot, sides.to.chroot) === undefined ? 'other' : 'new';
  if (below(connection.chroot, sides.from.chroot) === undefined) return 'other';
  if (named.every((server) => old.has(server))) return 'old';
  return named.every((server) => old.has(server) || fresh.has(server)) ? 'mixed' : 'other';
}

/** The chroot that a client with `chroot` on the old side is to have on the new one; undefined where it is not there. */
export function movedChroot(chroot: string, { from, to }: Sides): string | undefined {
  const rest = below(chroot, from.chroot);
  return rest === undefined ? undefined : (to.chroot ?? '') + rest;
}

/** What `chroot` has after `root`: empty, or with a slash first. */
function below(chroot: string, root = ''): string | undefined {
  if (chroot === root) return '';
  return chroot.startsWith(`${root}/`) ? chroot.slice(root.length) : undefined;
}

const addressText = ({ host, clientPort }: ClientSide['servers'][number]): string =>
  hostPort(host.toLowerCase(), clientPort);

const addressSet = ({ servers }: ClientSide): Set<string> => new Set(servers.map(addressText));
