/**
 * A first inventory from one live server: 3.5+ names its members (/zookeeper/config, or `conf`), 3.4 does
 * not. Everything guessed or missing is said in comments, to be filled in by a person.
 */
import { configVersionOf, parseZooCfg } from '../../codec/zooCfg';
import { isZkferryError, ZkferryError } from '../../model/errors';
import { hostPort } from '../../model/hostPort';
import type { MemberFacts } from '../../model/facts';
import type { ServerProbe, ZooKeeperPort } from '../../model/ports';

const PROBE_TIMEOUT_MS = 3_000;
const DEFAULT_CLIENT_PORT = 2181;
const MAX_ID = 255;
const WILDCARDS = new Set(['0.0.0.0', '::', '::0']);

export interface Discovery {
  /** The draft, valid as an inventory as soon as what its comments ask for is filled in. */
  yaml: string;
  /** What could not be found out, one a line. */
  notes: string[];
  servers: DiscoveredServer[];
}

export interface DiscoveredServer {
  id: number;
  host: string;
  clientPort: number;
  role: 'participant' | 'observer';
  state: ServerProbe['state'];
  version?: string;
}

/** `host`, `host:port` or `[v6]:port`; the port defaults to 2181. InvalidInput. */
export function parseAddress(text: string): { host: string; clientPort: number } {
  const match = /^(?:\[([0-9a-fA-F:.%]+)\]|([A-Za-z0-9_.-]+))(?::(\d{1,5}))?$/.exec(text.trim());
  const clientPort = match?.[3] === undefined ? DEFAULT_CLIENT_PORT : Number(match[3]);
  if (!match || clientPort < 1 || clientPort > 65535) {
    throw new ZkferryError('InvalidInput', `expected host:port, got ${JSON.stringify(text)}`);
  }
  return { host: (match[1] ?? match[2])!, clientPort };
}

/** ZooKeeperUnavailable where the server named does not serve. Reads only. */
export async function discoverInventory(
  zookeeper: ZooKeeperPort,
  address: string,
  { name = 'myensemble', signal }: { name?: string; signal?: AbortSignal } = {},
): Promise<Discovery> {
  const first = parseAddress(address);
  const asking = { timeoutMs: PROBE_TIMEOUT_MS, detailed: true, signal };
  const probe = await zookeeper.probe(first, asking);
  if (probe.state !== 'serving') {
    throw new ZkferryError(
      'ZooKeeperUnavailable',
      `${address} does not serve (${probe.stateDetail ?? probe.state}): name a server that does`,
      { retryable: true },
    );
  }
  const notes: string[] = [];
  const members = await membersOf(zookeeper, first, probe, notes, signal);
  const servers = await Promise.all(
    members.map(async (member): Promise<DiscoveredServer> => {
      const place = placeOf(member, first, probe);
      const seen =
        place.host === first.host && place.clientPort === first.clientPort
          ? probe
          : await zookeeper.probe(place, asking);
      return {
        ...{ id: member.id, ...place, role: member.role, state: seen.state },
        ...(seen.version !== undefined && { version: seen.version }),
      };
    }),
  );
  for (const { id, host, clientPort, state } of servers) {
    if (id > MAX_ID) notes.push(`id ${id} is beyond what zkferry takes (0–${MAX_ID})`);
    if (state !== 'serving') {
      notes.push(
        `server ${id} was not found serving on ${hostPort(host, clientPort)} (${state}): that host and port are guessed from its quorum address`,
      );
    }
  }
  return { yaml: draft(name, servers, notes), notes, servers };
}

async function membersOf(
  zookeeper: ZooKeeperPort,
  first: { host: string; clientPort: number },
  probe: ServerProbe,
  notes: string[],
  signal: AbortSignal | undefined,
): Promise<MemberFacts[]> {
  const self: MemberFacts = {
    ...{ id: probe.serverId ?? 1, host: first.host, quorumPort: 2888, electionPort: 3888 },
    role: probe.role === 'observer' ? 'observer' : 'participant',
  };
  if (probe.role === 'standalone') {
    notes.push('the server runs alone');
    return [self];
  }
  const configured = await configMembers(zookeeper, first, signal);
  if (configured.length > 0) return configured;
  if (probe.members && probe.members.length > 0) return probe.members;
  notes.push(
    probe.version?.startsWith('3.4.')
      ? '3.4 does not name its members to clients: add the other servers by the server.N lines of its zoo.cfg'
      : 'the server does not name its members (no access to /zookeeper/config, and "conf" is not in its whitelist): add them by hand',
  );
  if (probe.serverId === undefined) notes.push('id 1 is a guess: see the myid file');
  return [self];
}

async function configMembers(
  zookeeper: ZooKeeperPort,
  first: { host: string; clientPort: number },
  signal: AbortSignal | undefined,
): Promise<MemberFacts[]> {
  try {
    const session = await zookeeper.openSession({
      ...{ servers: [first], connectTimeoutMs: PROBE_TIMEOUT_MS, signal },
      operationTimeoutMs: PROBE_TIMEOUT_MS,
    });
    try {
      const { data } = await session.get('/zookeeper/config');
      const parsed = parseZooCfg(data?.toString('utf8') ?? '');
      return configVersionOf(parsed.settings) === undefined ? [] : parsed.servers;
    } finally {
      await session.close();
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (isZkferryError(error)) return [];
    throw error;
  }
}

/** Where clients reach a member: its client address where configured, else its quorum host and the first server's port. */
function placeOf(
  member: MemberFacts,
  first: { host: string; clientPort: number },
  probe: ServerProbe,
): { host: string; clientPort: number } {
  const isFirst = member.id === probe.serverId || member.host === first.host;
  const client =
    member.clientAddress === undefined ? undefined : parseAddress(member.clientAddress);
  if (isFirst) return first;
  const named = client && !WILDCARDS.has(client.host) ? client.host : member.host;
  return { host: named, clientPort: client?.clientPort ?? first.clientPort };
}

function draft(name: string, servers: DiscoveredServer[], notes: string[]): string {
  const lines = [
    '# Draft made by `zkferry inspect --discover`. Look through it, fill in what is commented out,',
    '# then check it with `zkferry inspect`.',
    ...notes.map((note) => `# TO CHECK: ${note}`),
    'ensembles:',
    `  ${JSON.stringify(name)}:`,
    '    # How zkferry logs in on the servers; each may say otherwise.',
    '    # ssh:',
    '    #   user: root',
    '    #   privateKey: file:/etc/zkferry/id_ed25519',
    '    #   hostKey: SHA256:…      # of each server: ssh-keyscan HOST | ssh-keygen -lf -',
    '    # service: { kind: systemd, unit: zookeeper }',
    '    # package: { kind: apt, name: zookeeper }    # or rpm, tarball, commands',
    '    # directories: { config: /etc/zookeeper/conf }',
    '    # auth: [{ scheme: digest, secret: "env:ZOOKEEPER_AUTH" }]',
    '    servers:',
  ];
  for (const { id, host, clientPort, role, state, version } of servers) {
    lines.push(
      `      # ${state === 'serving' ? `serves ${version ?? 'an unknown version'}` : `not found serving: ${state}`}`,
      `      - name: zk${id}`,
      `        id: ${id}`,
      `        host: ${JSON.stringify(host)}`,
      `        clientPort: ${clientPort}`,
      ...(role === 'observer' ? ['        role: observer'] : []),
      '        # ssh: { hostKey: SHA256:… }',
    );
  }
  return `${lines.join('\n')}\n`;
}
