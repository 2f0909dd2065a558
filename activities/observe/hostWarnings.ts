/** What the hosts show: disk, JDK, snapshots, flags that differ. Pure; silent about hosts that were not asked. */
import type { EnsembleFacts, Finding, HostFacts, ServerFacts } from '../../src/model/facts';

/** ZooKeeper 3.5–3.9 need 8; below 11 there are no security updates from most vendors. */
const OLD_JAVA = 11;
const FIRST_JAVA = 8;
/** Free space below this share of what data and free space are together. */
const LEAST_FREE_SHARE = 0.15;

type Asked = ServerFacts & { host: HostFacts };

export function hostWarnings({ servers }: EnsembleFacts): Finding[] {
  const asked = servers.filter((server): server is Asked => server.host !== undefined);
  return [
    ...asked.flatMap(ofOneHost),
    ...flagDiffers(asked, 'extendedTypesEnabled', 'ExtendedTypesDiffer', (servers) => ({
      message: `extendedTypesEnabled is set on some servers only (${servers}): the others delete TTL nodes silently when they load a snapshot`,
      hint: 'set zookeeper.extendedTypesEnabled=true on every server, or on none if no TTL nodes are used',
    })),
    ...flagDiffers(asked, 'jute.maxbuffer', 'MaxBufferDiffers', (servers) => ({
      message: `jute.maxbuffer is not the same on every server (${servers}): a server with less can refuse what another took`,
      hint: 'give every server the same jute.maxbuffer',
    })),
  ];
}

function ofOneHost(server: Asked): Finding[] {
  const { host, server: name } = server;
  if (!host.reachable) {
    return [
      {
        severity: 'warning',
        code: 'HostUnreachable',
        server: name,
        message: `${name}'s host could not be asked: ${host.error?.message ?? 'unknown reason'}`,
        hint: 'check ssh of this server in the inventory',
      },
    ];
  }
  const findings: Finding[] = [];
  const major = host.java?.major;
  if (major !== undefined && major < OLD_JAVA) {
    findings.push({
      severity: major < FIRST_JAVA ? 'warning' : 'info',
      code: 'JavaOld',
      server: name,
      message: `${name} runs on Java ${host.java?.version}`,
      hint:
        major < FIRST_JAVA
          ? 'ZooKeeper 3.5 and later need Java 8: install it before an upgrade'
          : 'Java 11 or later is recommended',
    });
  }
  const { data } = host;
  if (data) {
    const share = data.freeBytes / Math.max(1, data.freeBytes + data.totalBytes);
    if (share < LEAST_FREE_SHARE) {
      findings.push({
        severity: 'warning',
        code: 'DiskFull',
        server: name,
        message: `${name} has ${mib(data.freeBytes)} MiB free beside ${mib(data.totalBytes)} MiB of ZooKeeper data in ${data.directory}`,
        hint: 'purge old snapshots and logs (autopurge), or enlarge the disk',
      });
    }
    if (data.snapshotCount === 0 && server.state === 'serving') {
      findings.push({
        severity: 'warning',
        code: 'NoSnapshot',
        server: name,
        message: `${name} has no snapshot on disk, only logs`,
        hint: '3.5+ refuses to start on such a directory; an upgrade from 3.4 sets snapshot.trust.empty for one start',
      });
    }
  }
  if (host.config?.settings['snapshot.trust.empty'] === 'true') {
    findings.push({
      severity: 'warning',
      code: 'TrustEmptyLeft',
      server: name,
      message: `${name} still has snapshot.trust.empty=true: a lost snapshot would pass unnoticed`,
      hint: 'take it out of zoo.cfg',
    });
  }
  return findings;
}

const mib = (bytes: number): number => Math.round(bytes / 1_048_576);

/** A setting's value in zoo.cfg, or as a system property of the running JVM; undefined: the default. */
export function effectiveSetting(host: HostFacts, name: string): string | undefined {
  const flag = host.jvmFlags?.findLast(
    (text) => text.startsWith(`-Dzookeeper.${name}=`) || text.startsWith(`-D${name}=`),
  );
  return host.config?.settings[name] ?? flag?.slice(flag.indexOf('=') + 1);
}

function flagDiffers(
  asked: Asked[],
  setting: string,
  code: string,
  text: (servers: string) => { message: string; hint: string },
): Finding[] {
  const known = asked.filter(({ host }) => host.reachable && host.config !== undefined);
  const values = known.map(({ server, host }) => ({
    server,
    value: effectiveSetting(host, setting) ?? 'default',
  }));
  if (new Set(values.map(({ value }) => value)).size < 2) return [];
  const shown = values.map(({ server, value }) => `${server}: ${value}`).join(', ');
  return [{ severity: 'warning', code, ...text(shown) }];
}
