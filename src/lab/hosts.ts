/** A lab host's directory tree on disk, and its service. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { releaseName } from './bootstrap';
import {
  hostPaths,
  javaEnv,
  SERVICE_SCRIPT,
  SUPERVISOR_SCRIPT,
  zooCfg,
  type ConfigurationOptions,
} from './hostFiles';
import type { LabServer } from './labState';
import { argumentsOf, processRef, runLocal, type ProcessRef } from './processes';

/** A stop may wait 30 s for the server's own shutdown before it kills. */
const SERVICE_TIMEOUT_MS = 120_000;

export interface HostOptions extends ConfigurationOptions {
  archive: string;
  javaHome: string;
  javaOptions: string[];
}

/** Directories, service script and sshd's needs: what a machine has before ZooKeeper comes to it. */
export function makeBareHost(server: LabServer): void {
  const paths = hostPaths(server.directory);
  const { packageRoot, config, data, log, state, backup, run } = paths;
  for (const directory of [packageRoot, config, data, log, run, join(server.directory, 'bin')]) {
    mkdirSync(directory, { recursive: true });
  }
  for (const directory of [state, backup]) mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(paths.service, SERVICE_SCRIPT);
  writeFileSync(paths.supervisor, SUPERVISOR_SCRIPT);
  for (const script of [paths.service, paths.supervisor]) chmodSync(script, 0o755);
}

/** Unpacks the release and writes zoo.cfg, java.env and myid. */
export async function installServer(server: LabServer, options: HostOptions): Promise<void> {
  const paths = hostPaths(server.directory);
  const release = join(paths.packageRoot, releaseName(options.version));
  if (!existsSync(release)) {
    await runLocal('tar', ['-xzf', options.archive, '-C', paths.packageRoot, '--no-same-owner']);
  }
  if (!existsSync(paths.current)) symlinkSync(release, paths.current);
  writeFileSync(join(paths.config, 'zoo.cfg'), zooCfg(server, options));
  writeFileSync(join(paths.config, 'java.env'), javaEnv(options.javaHome, options.javaOptions));
  writeFileSync(join(paths.data, 'myid'), `${server.id}\n`);
}

/** Runs the host's service script; RemoteCommandFailed with what it said. */
export const runService = (
  server: LabServer,
  word: 'start' | 'stop' | 'restart' | 'mask' | 'unmask',
): Promise<string> =>
  runLocal(hostPaths(server.directory).service, [word], { timeoutMs: SERVICE_TIMEOUT_MS });

/** The running ZooKeeper of a host; undefined when none runs. */
export function zooKeeperProcess(server: LabServer): ProcessRef | undefined {
  const paths = hostPaths(server.directory);
  let pid: number;
  try {
    pid = Number(readFileSync(join(paths.run, 'zookeeper.pid'), 'utf8').trim());
  } catch {
    return undefined;
  }
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  return argumentsOf(pid).includes(join(paths.config, 'zoo.cfg')) ? processRef(pid) : undefined;
}

/** JVM flag that makes `credential` (`super:password`) the superuser (ZooKeeper: DigestAuthenticationProvider). */
export function superDigestOption(credential: string): string {
  const [user] = credential.split(':', 1);
  const digest = createHash('sha1').update(credential).digest('base64');
  return `-Dzookeeper.DigestAuthenticationProvider.superDigest=${user}:${digest}`;
}
