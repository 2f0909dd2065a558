/** Ensembles for planning tests, from few words: `zk1 leader 3.8.4`. */
import { createHash } from 'node:crypto';
import type { EnsembleFacts, MemberFacts, ServerFacts } from '../../../src/model/facts';
import { rollingUpgradeInputSchema, type RollingUpgradeInput } from '../../../src/model/inputs';
import type { Plan, PlanStep } from '../../../src/model/plan';

export interface ServerSpec {
  /** zkN has id N. */
  server: string;
  version: string;
  /** `down`: a participant whose port refuses; `downObserver`: the same for an observer. */
  role: 'leader' | 'follower' | 'observer' | 'down' | 'downObserver' | 'standalone';
  settings?: Record<string, string>;
  jvmFlags?: string[];
  hasSnapshot?: boolean;
  /** Newest snapshot; the data directories hold twice as much. */
  snapshotBytes?: number;
  heapBytes?: number;
  freeBytes?: number;
}

export const idOf = (server: string): number => Number(server.replace(/\D/g, ''));

const isParticipant = ({ role }: ServerSpec): boolean =>
  role !== 'observer' && role !== 'downObserver';
const isUp = ({ role }: ServerSpec): boolean => role !== 'down' && role !== 'downObserver';

export function ensembleOf(specs: readonly ServerSpec[]): EnsembleFacts {
  const members: MemberFacts[] = specs.map((spec) => ({
    id: idOf(spec.server),
    host: `10.0.0.${idOf(spec.server)}`,
    quorumPort: 2888,
    electionPort: 3888,
    role: isParticipant(spec) ? 'participant' : 'observer',
  }));
  const voters = specs.filter(isParticipant).length;
  const leader = specs.find(({ role }) => role === 'leader' || role === 'standalone')?.server;
  const synced =
    leader === undefined ? 0 : specs.filter((spec) => isParticipant(spec) && isUp(spec)).length;
  const quorumSize = Math.floor(voters / 2) + 1;
  return {
    ensemble: 'orders',
    observedAt: '2026-01-01T00:00:00.000Z',
    identity: identityOf(members),
    servers: specs.map((spec) => serverOf(spec, members)),
    leader,
    voters,
    syncedVoters: synced,
    quorumSize,
    quorumMargin: synced - quorumSize,
    epoch: 1,
    sessions: { total: 10, smallestTimeoutMs: 10_000 },
    warnings: [],
  };
}

const identityOf = (members: readonly MemberFacts[]): string =>
  createHash('sha256')
    .update(members.map(({ host, quorumPort }) => `${host}:${quorumPort}`).join())
    .digest('hex');

function serverOf(spec: ServerSpec, members: MemberFacts[]): ServerFacts {
  const id = idOf(spec.server);
  const snapshotBytes = spec.snapshotBytes ?? 1_000_000;
  return {
    server: spec.server,
    id,
    address: { host: `10.0.0.${id}`, clientPort: 2181 },
    inventoryRole: isParticipant(spec) ? 'participant' : 'observer',
    ...(isUp(spec)
      ? {
          state: 'serving' as const,
          version: spec.version,
          role: spec.role as 'leader',
          zxid: '0x100000010',
          serverId: spec.role === 'standalone' ? 0 : id,
        }
      : { state: 'refusing' as const, stateDetail: 'connection refused' }),
    host: {
      reachable: true,
      process: { running: isUp(spec), masked: false },
      java: { version: '17.0.9', major: 17, path: '/usr/bin/java' },
      heapBytes: spec.heapBytes ?? 1_000_000_000,
      jvmFlags: spec.jvmFlags ?? ['-Xmx1000m'],
      config: {
        path: '/etc/zookeeper/zoo.cfg',
        sha256: '0'.repeat(64),
        settings: { tickTime: '2000', initLimit: '10', syncLimit: '5', ...spec.settings },
      },
      myid: id,
      members,
      data: {
        directory: '/var/lib/zookeeper',
        logDirectory: '/var/lib/zookeeper',
        snapshotCount: spec.hasSnapshot === false ? 0 : 3,
        newestSnapshotBytes: spec.hasSnapshot === false ? undefined : snapshotBytes,
        logCount: 2,
        totalBytes: 2 * snapshotBytes,
        freeBytes: spec.freeBytes ?? 50_000_000_000,
        hasGzSnapshots: false,
      },
      package: {
        kind: 'tarball',
        installedVersion: spec.version,
        stagedVersions: [spec.version],
        freeBytes: 50_000_000_000,
      },
    },
  };
}

/** `zk1 leader 3.8.4, zk2 follower 3.8.4`; `noSnapshot`, `set:a=b` and `flag:-Dx=y` may follow a version. */
export function parseEnsemble(text: string): EnsembleFacts {
  return ensembleOf(
    text
      .split(/[,\n]/)
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .map(parseServer),
  );
}

function parseServer(line: string): ServerSpec {
  const [server = '', role = '', version = '', ...more] = line.split(/\s+/);
  const spec: ServerSpec = { server, role: role as ServerSpec['role'], version };
  for (const word of more) {
    if (word === 'noSnapshot') spec.hasSnapshot = false;
    else if (word.startsWith('flag:')) spec.jvmFlags = [...(spec.jvmFlags ?? []), word.slice(5)];
    else if (word.startsWith('set:')) {
      const [name = '', value = ''] = word.slice(4).split('=');
      spec.settings = { ...spec.settings, [name]: value };
    } else throw new Error(`unknown word in a scenario: ${word}`);
  }
  return spec;
}

export const threeServers = (version: string): EnsembleFacts =>
  parseEnsemble(`zk1 follower ${version}, zk2 leader ${version}, zk3 follower ${version}`);

export const upgradeTo = (
  version: string,
  more: Partial<RollingUpgradeInput> = {},
): RollingUpgradeInput => ({
  ...rollingUpgradeInputSchema.parse({ ensemble: 'orders', target: { version } }),
  ...more,
});

export const errorsOf = (plan: Pick<Plan, 'findings'>): string[] =>
  plan.findings.filter(({ severity }) => severity === 'error').map(({ code }) => code);

export const codesOf = (findings: Plan['findings']): string[] => findings.map(({ code }) => code);

/** `zk1 3.8.4→3.9.6` for each stop, in order. */
export const stopsOf = (steps: readonly PlanStep[]): string[] =>
  steps
    .filter(({ activity }) => activity === 'stopServer')
    .map(({ server, fromVersion, toVersion }) => `${server} ${fromVersion}→${toVersion}`);

/** The facts after `change` was made to one server's. */
export const withServer = (
  facts: EnsembleFacts,
  name: string,
  change: (server: ServerFacts) => ServerFacts,
): EnsembleFacts => ({
  ...facts,
  servers: facts.servers.map((server) => (server.server === name ? change(server) : server)),
});
