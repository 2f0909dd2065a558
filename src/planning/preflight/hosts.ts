/** Each server's host: reachable, managed, with the packages, Java and disk the run needs. */
import type { EnsembleFacts, Finding, HostFacts, ServerFacts } from '../../model/facts';
import { compareVersions, parseVersion } from '../../model/version';
import { chooseBackupServer } from '../backupServer';
import { error, info, megabytes, warning } from '../findings';
import { isServing, settingOf, versionOfServer } from '../members';
import { ARCHIVE_BYTES, BACKUP_BASE_BYTES, BACKUP_ROOM, STAGE_ROOM } from '../measured';
import type { PreflightInput } from '../preflight';
import { lineInfo } from '../releases';
import { atLeast } from '../../model/version';

export function hostFindings(facts: EnsembleFacts, input: PreflightInput): Finding[] {
  return [
    ...facts.servers.flatMap((server) =>
      server.host?.reachable ? reachedFindings(server, server.host, input) : [unreached(server)],
    ),
    ...packageFindings(facts, input),
    ...backupFindings(facts, input),
    ...adminServerFindings(facts, input),
  ];
}

function unreached({ server, host }: ServerFacts): Finding {
  if (host === undefined)
    return error(
      'HostNotObserved',
      `the host of ${server} was not looked at: the inventory gives no way to it`,
      {
        server,
        hint: 'add ssh, service, package and directories for it to the inventory',
      },
    );
  const hints: Record<string, string> = {
    HostKeyMismatch: 'compare the fingerprint on the host itself before you change the inventory',
    SshAuthFailed: "check user and privateKey in the inventory, and the host's authorized_keys",
  };
  const type = host.error?.type ?? 'SshUnreachable';
  return error(type, `${server}: ${host.error?.message ?? 'its host gives no answer over SSH'}`, {
    server,
    hint: hints[type] ?? 'check address, port and firewall; every server must be reachable',
  });
}

function reachedFindings(server: ServerFacts, host: HostFacts, input: PreflightInput): Finding[] {
  return [
    ...serviceFindings(server, host),
    ...javaFindings(server, host, input),
    ...directoryFindings(server, host),
    ...installedFindings(server, host),
  ];
}

function serviceFindings(server: ServerFacts, { process }: HostFacts): Finding[] {
  const findings: Finding[] = [];
  if (isServing(server) && process !== undefined && !process.running)
    findings.push(
      error(
        'ServiceNotManaged',
        `${server.server} serves, but its service says it is stopped: something else started it`,
        { server: server.server, hint: 'start it through the service the inventory names' },
      ),
    );
  if (isServing(server) && process?.masked)
    findings.push(
      warning(
        'ServiceMasked',
        `the service of ${server.server} is masked: it would not start after a reboot`,
        {
          server: server.server,
          hint: 'left behind by an earlier run? zkferry unmasks it when it starts the server',
        },
      ),
    );
  return findings;
}

function javaFindings(server: ServerFacts, { java }: HostFacts, input: PreflightInput): Finding[] {
  const needed = Math.max(
    0,
    ...[...input.hops.map(({ to }) => to), input.target].map(
      (version) => (parseVersion(version) && lineInfo(version)?.minimumJava) ?? 0,
    ),
  );
  if (java === undefined)
    return [
      warning(
        'JavaUnknown',
        `which Java ${server.server} uses could not be found out; ${needed}+ is needed`,
        {
          server: server.server,
          hint: 'set javaHome in the inventory',
        },
      ),
    ];
  if (java.major >= needed) return [];
  return [
    error(
      'JavaTooOld',
      `${server.server} has Java ${java.version} (${java.path}); ${needed}+ is needed`,
      {
        server: server.server,
        hint: 'install a newer Java on the host, or name one by javaHome in the inventory',
      },
    ),
  ];
}

function directoryFindings({ server }: ServerFacts, host: HostFacts): Finding[] {
  const findings: Finding[] = [];
  if (host.config === undefined)
    findings.push(
      error('ConfigurationMissing', `no zoo.cfg was found on the host of ${server}`, {
        server,
        hint: 'check directories.config in the inventory',
      }),
    );
  if (host.data === undefined)
    findings.push(
      error('DataDirectoryMissing', `no data directory was found on the host of ${server}`, {
        server,
        hint: 'check dataDir of its zoo.cfg, or directories.data in the inventory',
      }),
    );
  return findings;
}

function installedFindings(server: ServerFacts, host: HostFacts): Finding[] {
  const name = server.server;
  const installed = host.package?.installedVersion;
  if (host.package === undefined)
    return [
      error(
        'PackageUnknown',
        `the inventory says nothing of how ZooKeeper is installed on ${name}`,
        {
          server: name,
          hint: 'add package (tarball, apt, rpm or commands) for it',
        },
      ),
    ];
  if (installed === undefined || server.version === undefined) return [];
  if (!parseVersion(installed) || compareVersions(installed, server.version) === 0) return [];
  return [
    warning(
      'PackageDiffers',
      `${name} runs ${server.version}, but ${installed} is installed: it would come up as that after any restart`,
      { server: name, hint: 'a way back would install what runs now' },
    ),
  ];
}

/** Versions that are to be on a server: those of the path, and its own for the way back. */
export function versionsNeeded(server: ServerFacts, input: PreflightInput): string[] {
  const own = versionOfServer(server);
  return [...new Set([...(own === undefined ? [] : [own]), ...input.hops.map(({ to }) => to)])];
}

function packageFindings(facts: EnsembleFacts, input: PreflightInput): Finding[] {
  const findings: Finding[] = (input.packageChecks ?? []).flatMap((check) => {
    const server = facts.servers.find((candidate) => candidate.server === check.server);
    if (!check.error || server?.host?.package?.stagedVersions.includes(check.version)) return [];
    const present = server !== undefined && versionOfServer(server) === check.version;
    return [
      error(check.error.type, `${check.version} for ${check.server}: ${check.error.message}`, {
        server: check.server,
        hint: present
          ? 'the present version is needed for the way back'
          : 'put the package, and its checksum, where the inventory says',
      }),
    ];
  });
  for (const server of facts.servers) {
    const found = server.host?.package;
    if (!found || found.kind !== 'tarball') continue;
    const missing = versionsNeeded(server, input).filter(
      (version) => !found.stagedVersions.includes(version),
    );
    const needed = missing.reduce(
      (sum, version) => sum + STAGE_ROOM * archiveBytes(server.server, version, input),
      0,
    );
    if (needed > found.freeBytes)
      findings.push(
        error(
          'NoDiskSpace',
          `${server.server}: ${missing.join(', ')} need ${megabytes(needed)} beside the packages, ${megabytes(found.freeBytes)} are free`,
          { server: server.server, hint: 'free room under the package root' },
        ),
      );
  }
  return findings;
}

const archiveBytes = (server: string, version: string, input: PreflightInput): number =>
  input.packageChecks?.find((check) => check.server === server && check.version === version)
    ?.bytes ?? ARCHIVE_BYTES;

function backupFindings(facts: EnsembleFacts, { repository }: PreflightInput): Finding[] {
  if (repository !== undefined)
    return repository.error === undefined
      ? []
      : [
          error(
            'RepositoryUnusable',
            `repository ${repository.name}: ${repository.error.message}`,
            {
              hint: "mend it, or take the ensemble's repository out of the inventory: a copy of the data is then made on one server",
            },
          ),
        ];
  const choice = chooseBackupServer(facts);
  if (choice === undefined || choice.fits) return [];
  const { server, neededBytes, freeBytes } = choice;
  return [
    error(
      'NoDiskSpaceForBackup',
      `the backup needs ${megabytes(neededBytes)} (${BACKUP_ROOM} × the data and ${megabytes(BACKUP_BASE_BYTES)}) on one serving server; the roomiest, ${server}, has ${megabytes(freeBytes)}`,
      { server, hint: 'free room for directories.backup on one of the followers' },
    ),
  ];
}

function adminServerFindings(facts: EnsembleFacts, input: PreflightInput): Finding[] {
  if (!parseVersion(input.target) || !atLeast(input.target, '3.5.0')) return [];
  const open = facts.servers.filter((server) => {
    const version = versionOfServer(server);
    return (
      server.host?.config !== undefined &&
      version !== undefined &&
      atLeast(version, '3.5.0') &&
      settingOf(server, 'admin.enableServer')?.toLowerCase() !== 'false' &&
      !/^(127\.|localhost$|::1$)/.test(settingOf(server, 'admin.serverAddress') ?? '')
    );
  });
  if (open.length === 0) return [];
  return [
    info(
      'AdminServerOpen',
      `the AdminServer of ${open.map(({ server }) => server).join(', ')} listens on other addresses than loopback; left as it is`,
      {
        hint: 'set admin.serverAddress=127.0.0.1 or admin.enableServer=false where nobody needs it',
      },
    ),
  ];
}
