/** `host:port,host:port/path` as given on a command line. Pure. */
import { DEFAULT_CLIENT_PORT, parseAddress, splitChroot } from '../../model/connectString';
import { ZkferryError } from '../../model/errors';
import type { ServerAddress } from './fourLetterClient';

export interface ConnectString {
  servers: ServerAddress[];
  /** Absolute; `/` where none is given. */
  path: string;
  /** The servers alone. */
  shown: string;
}

const MAX_SERVERS = 64;

/** @throws BadUsage naming `what`, the text and what would be accepted */
export function parseConnectString(text: string, what: string): ConnectString {
  const { servers: hosts, chroot } = splitChroot(text);
  const servers = hosts.split(',').map((host) => address(host));
  if (servers.some((server) => server === undefined) || servers.length > MAX_SERVERS)
    throw new ZkferryError(
      'BadUsage',
      `${what}: expected host:port,host:port/path, such as zk1:2181,zk2:2181/app; got ${JSON.stringify(text)}`,
    );
  return { servers: servers as ServerAddress[], path: chroot || '/', shown: hosts };
}

function address(text: string): ServerAddress | undefined {
  const parsed = parseAddress(text);
  return parsed && { host: parsed.host, clientPort: parsed.port ?? DEFAULT_CLIENT_PORT };
}
