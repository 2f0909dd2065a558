/** `host:port,host:port/path`, as ZooKeeper's own clients take it. Pure. */
import { ZkferryError } from '../../model/errors';
import type { ServerAddress } from './fourLetterClient';

export interface ConnectString {
  servers: ServerAddress[];
  /** Absolute; `/` where none is given. */
  path: string;
  /** The servers alone. */
  shown: string;
}

const DEFAULT_CLIENT_PORT = 2181;
const MAX_SERVERS = 64;

/** @throws BadUsage naming `what`, the text and what would be accepted */
export function parseConnectString(text: string, what: string): ConnectString {
  const slash = text.indexOf('/');
  const hosts = slash === -1 ? text : text.slice(0, slash);
  const path = slash === -1 ? '/' : text.slice(slash);
  const servers = hosts.split(',').map((host) => address(host));
  if (servers.some((server) => server === undefined) || servers.length > MAX_SERVERS)
    throw new ZkferryError(
      'BadUsage',
      `${what}: expected host:port,host:port/path, such as zk1:2181,zk2:2181/app; got ${JSON.stringify(text)}`,
    );
  return { servers: servers as ServerAddress[], path, shown: hosts };
}

function address(text: string): ServerAddress | undefined {
  const match =
    /^(?:\[([0-9A-Fa-f:.]+(?:%[A-Za-z0-9_.-]+)?)\]|([A-Za-z0-9_.-]+))(?::(\d{1,5}))?$/.exec(
      text.trim(),
    );
  if (match === null) return undefined;
  const clientPort = match[3] === undefined ? DEFAULT_CLIENT_PORT : Number(match[3]);
  if (clientPort < 1 || clientPort > 65_535) return undefined;
  return { host: (match[1] ?? match[2])!, clientPort };
}
