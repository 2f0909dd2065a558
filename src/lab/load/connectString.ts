import { parseAddress, splitChroot } from '../../model/connectString';
import { ZkferryError } from '../../model/errors';

/** `host:port,host:port/chroot` taken apart; `chroot` is empty or starts with a slash. */
export interface ConnectString {
  servers: string[];
  chroot: string;
}

/** InvalidInput where no server is named or one has no port. */
export function parseConnectString(text: string): ConnectString {
  const parts = splitChroot(text);
  const chroot = parts.chroot.replace(/\/+$/, '');
  const servers = parts.servers
    .split(',')
    .map((server) => server.trim())
    .filter((server) => server !== '');
  const bad = servers.find((server) => parseAddress(server)?.port === undefined);
  if (servers.length === 0 || bad !== undefined) {
    throw new ZkferryError(
      'InvalidInput',
      `connect string "${text}": ${bad === undefined ? 'no server' : `"${bad}" has no port`}; ` +
        'give host:port,host:port with an optional /chroot',
    );
  }
  return { servers, chroot };
}

/** The same servers starting `by` places later, so that sessions spread over all of them. */
export function rotated(servers: readonly string[], by: number): string[] {
  const start = by % servers.length;
  return [...servers.slice(start), ...servers.slice(0, start)];
}
