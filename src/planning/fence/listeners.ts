/** Where a server takes requests that change something: what a fence closes. Never its quorum and election ports. */
import type { HostFacts } from '../../model/facts';
import type { ResolvedServer } from '../../model/inventory';
import { parseAddress } from '../../model/connectString';
import { atLeast } from '../../model/version';

export interface Listener {
  what: 'client' | 'secure client' | 'AdminServer';
  /** Absent: on every address of its host. */
  address?: string;
  port: number;
}

const ADMIN_PORT = 8080;
const ADMIN_SINCE = '3.5.0';
const EVERYWHERE = ['0.0.0.0', '::', '0:0:0:0:0:0:0:0', ''];

export interface ListenerFacts {
  config?: HostFacts['config'];
  members?: HostFacts['members'];
  jvmFlags?: readonly string[];
  version?: string;
}

/** By the configuration on its host, and the inventory's client port whatever that says. */
export function listenersOf(
  server: ResolvedServer,
  { config, members = [], jvmFlags = [], version }: ListenerFacts,
): Listener[] {
  const settings = config?.settings ?? {};
  /** A setting of zoo.cfg stands above the flag of the same name. */
  const valueOf = (name: string): string | undefined =>
    settings[name] ?? flagOf(jvmFlags, `zookeeper.${name}`);
  const found: Listener[] = [];
  const add = (what: Listener['what'], host: string | undefined, port: number): void => {
    if (!Number.isInteger(port) || port < 1 || port > 65_535) return;
    const at = host === undefined || EVERYWHERE.includes(host) ? {} : { address: host };
    const known = found.some((one) => one.port === port && one.address === at.address);
    if (!known) found.push({ what, ...at, port });
  };
  const own = members.find(({ id }) => id === server.id)?.clientAddress;
  const dynamic =
    own === undefined ? undefined : parseAddress(own.replace(/^(\d+)$/, '0.0.0.0:$1'));
  if (dynamic?.port !== undefined) add('client', dynamic.host, dynamic.port);
  if (settings.clientPort !== undefined)
    add('client', settings.clientPortAddress, Number(settings.clientPort));
  if (found.every(({ port }) => port !== server.clientPort))
    add('client', undefined, server.clientPort);
  const secure = valueOf('secureClientPort');
  if (secure !== undefined)
    add('secure client', valueOf('secureClientPortAddress'), Number(secure));
  const hasAdmin =
    (version === undefined || atLeast(version, ADMIN_SINCE)) &&
    valueOf('admin.enableServer')?.toLowerCase() !== 'false';
  if (hasAdmin)
    add(
      'AdminServer',
      valueOf('admin.serverAddress'),
      Number(valueOf('admin.serverPort') ?? ADMIN_PORT),
    );
  return found;
}

function flagOf(flags: readonly string[], name: string): string | undefined {
  const prefix = `-D${name}=`;
  return flags.findLast((flag) => flag.startsWith(prefix))?.slice(prefix.length);
}
