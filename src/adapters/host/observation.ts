/** What the observe script printed → HostFacts. Pure. */
import { holdsSecret, REDACTED } from '../../codec/redact';
import { parseZooCfg } from '../../codec/zooCfg';
import type { HostFacts, MemberFacts } from '../../model/facts';
import type { ResolvedServer } from '../../model/inventory';
import { zooKeeperVersionOf } from './package';
import { zxidText } from '../../model/zxid';
import { sha256Of } from '../sha256';
import { linesOf } from './program';

/** `values`: the script's `key=value` lines. */
export function hostFactsOf(values: Map<string, string>, server: ResolvedServer): HostFacts {
  const cmdline = linesOf(values.get('cmdline'));
  const heapBytes = heapOf(values, cmdline);
  const config = configOf(values, server);
  return withoutAbsent({
    reachable: true,
    process: withoutAbsent({
      running: values.has('pid') || values.get('service_state') === 'running',
      pid: numberOf(values.get('pid')),
      masked:
        values.get('masked') === 'yes' ? true : values.get('masked') === 'no' ? false : undefined,
      startedAt: startedAtOf(values.get('started_epoch')),
    }),
    closedToClients: values.get('closed_to_clients') === 'yes' || undefined,
    java: javaOf(values),
    heapBytes,
    jvmFlags: cmdline.length > 0 ? jvmFlagsOf(cmdline) : undefined,
    config: config?.facts,
    myid: numberOf(values.get('myid')),
    members: config?.members,
    data: dataOf(values),
    package: packageOf(values, server),
  });
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function startedAtOf(epochSeconds: string | undefined): string | undefined {
  const seconds = numberOf(epochSeconds);
  return seconds === undefined ? undefined : new Date(seconds * 1000).toISOString();
}

/** JDK version text: `1.8.0_392` is 8, `17.0.15` is 17. */
export function javaMajorOf(version: string): number {
  const match = /^(?:1\.)?(\d{1,3})/.exec(version);
  return match ? Number(match[1]) : 0;
}

function javaOf(values: Map<string, string>): HostFacts['java'] {
  const path = values.get('java_path');
  const version = /version "([^"]+)"/.exec(values.get('java_version') ?? '')?.[1];
  if (path === undefined || path === '' || version === undefined) return undefined;
  return { version, major: javaMajorOf(version), path };
}

/** `-Xmx` text (`512m`, `1G`, plain bytes) in bytes. */
export function heapBytesOf(text: string): number | undefined {
  const match = /^(\d{1,15})([kmgt]?)$/i.exec(text);
  if (!match) return undefined;
  const power = ' kmgt'.indexOf((match[2] ?? '').toLowerCase() || ' ');
  return Number(match[1]) * 1024 ** power;
}

/** The running JVM's limit, else the one its environment file sets, else a quarter of the host's memory (HotSpot's default). */
function heapOf(values: Map<string, string>, cmdline: string[]): number | undefined {
  const flags = cmdline.length > 0 ? cmdline : (values.get('java_env') ?? '').split(/["'\s]+/);
  const last = flags.filter((flag) => flag.startsWith('-Xmx')).at(-1);
  const limit = last === undefined ? undefined : heapBytesOf(last.slice(4));
  if (limit !== undefined) return limit;
  const heapMib = /^\s*(?:export\s+)?ZK_SERVER_HEAP=["']?(\d{1,9})/m.exec(
    values.get('java_env') ?? '',
  )?.[1];
  if (cmdline.length === 0 && heapMib !== undefined) return Number(heapMib) * 1024 ** 2;
  const memoryKib = numberOf(values.get('memory_kib'));
  return memoryKib === undefined ? undefined : Math.floor((memoryKib * 1024) / 4);
}

/** Options before the main class, without the class path; values of secret-looking properties are hidden. */
function jvmFlagsOf(cmdline: string[]): string[] {
  const flags: string[] = [];
  for (let index = 1; index < cmdline.length; index += 1) {
    const argument = cmdline[index] as string;
    if (argument === '-cp' || argument === '-classpath') {
      index += 1;
      continue;
    }
    if (!argument.startsWith('-')) break;
    const [name = '', ...value] = argument.split('=');
    flags.push(value.length > 0 && holdsSecret(name) ? `${name}=${REDACTED}` : argument);
  }
  return flags;
}

function configOf(
  values: Map<string, string>,
  server: ResolvedServer,
): { facts: NonNullable<HostFacts['config']>; members: MemberFacts[] } | undefined {
  const text = values.get('zoo_cfg');
  if (text === undefined || !server.directories) return undefined;
  const own = parseZooCfg(text);
  const dynamicPath = values.get('dynamic_path');
  const dynamic = parseZooCfg(values.get('dynamic_cfg') ?? '');
  const settings = Object.fromEntries(
    Object.entries(own.settings).map(([key, value]) => [key, holdsSecret(key) ? REDACTED : value]),
  );
  return {
    facts: withoutAbsent({
      path: `${server.directories.config}/zoo.cfg`,
      sha256: sha256Of(text),
      settings,
      dynamicPath,
    }),
    members: dynamic.servers.length > 0 ? dynamic.servers : own.servers,
  };
}

function dataOf(values: Map<string, string>): HostFacts['data'] {
  const directory = values.get('data_dir');
  if (directory === undefined) return undefined;
  const snapshots = linesOf(values.get('snapshots')).flatMap((line) => {
    const match = /^(\d+) snapshot\.([0-9a-f]{1,16})(\.[a-z]+)?$/i.exec(line);
    return match
      ? [{ bytes: Number(match[1]), zxid: BigInt(`0x${match[2]}`), suffix: match[3] }]
      : [];
  });
  const newest = snapshots.reduce<(typeof snapshots)[number] | undefined>(
    (best, one) => (best === undefined || one.zxid > best.zxid ? one : best),
    undefined,
  );
  return withoutAbsent({
    directory,
    logDirectory: values.get('log_dir') ?? directory,
    snapshotCount: snapshots.length,
    newestSnapshotZxid: newest && zxidText(newest.zxid),
    newestSnapshotBytes: newest?.bytes,
    logCount: linesOf(values.get('logs')).length,
    totalBytes: numberOf(values.get('data_bytes')) ?? 0,
    freeBytes: numberOf(values.get('data_free')) ?? 0,
    backupFreeBytes: numberOf(values.get('backup_free')),
    hasGzSnapshots: snapshots.some((one) => one.suffix !== undefined),
    acceptedEpoch: numberOf(values.get('accepted_epoch')),
    currentEpoch: numberOf(values.get('current_epoch')),
  });
}

function packageOf(values: Map<string, string>, server: ResolvedServer): HostFacts['package'] {
  if (!server.package) return undefined;
  const installedVersion = zooKeeperVersionOf(values.get('installed'));
  const staged = (values.get('staged') ?? '').split(' ').filter((version) => version !== '');
  const all = installedVersion === undefined ? staged : [...staged, installedVersion];
  return withoutAbsent({
    kind: server.package.kind,
    installedVersion,
    stagedVersions: [...new Set(all)].sort(),
    freeBytes: numberOf(values.get('package_free')) ?? 0,
  });
}

function withoutAbsent<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as T;
}
