/** A real sshd on each lab host. */
import { spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  openSync,
  closeSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { ZkferryError } from '../model/errors';
import { sshdPath } from './bootstrap';
import { hostPaths, sshdConfig } from './hostFiles';
import type { LabServer } from './labState';
import {
  argumentsOf,
  endProcess,
  processRef,
  runLocal,
  waitUntil,
  type ProcessRef,
} from './processes';

const START_DEADLINE_MS = 10_000;

export interface LabKeys {
  hostKey: string;
  clientKey: string;
  authorizedKeys: string;
  /** `SHA256:…` of the host key, as `ssh-keygen -lf` prints it. */
  fingerprint: string;
}

/** Paths of the lab's keys; `fingerprint` is not known here. */
export function keyPaths(directory: string): Omit<LabKeys, 'fingerprint'> {
  const keys = join(directory, 'keys');
  return {
    hostKey: join(keys, 'host_ed25519'),
    clientKey: join(keys, 'client_ed25519'),
    authorizedKeys: join(keys, 'authorized_keys'),
  };
}

/** Makes one host key (the lab's hosts share it) and one client key. */
export async function makeKeys(directory: string): Promise<LabKeys> {
  const paths = keyPaths(directory);
  mkdirSync(join(directory, 'keys'), { recursive: true, mode: 0o700 });
  for (const [file, comment] of [
    [paths.hostKey, 'zkferry lab host'],
    [paths.clientKey, 'zkferry lab client'],
  ] as const) {
    if (!existsSync(file)) {
      await runLocal('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', comment, '-f', file]);
    }
  }
  writeFileSync(paths.authorizedKeys, readFileSync(`${paths.clientKey}.pub`));
  chmodSync(paths.authorizedKeys, 0o600);
  const listed = await runLocal('ssh-keygen', ['-lf', paths.hostKey]);
  const fingerprint = /SHA256:\S+/.exec(listed)?.[0];
  if (fingerprint === undefined) throw new RangeError(`no fingerprint in: ${listed}`);
  return { ...paths, fingerprint };
}

function acceptsConnections(server: LabServer): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: server.host, port: server.sshPort });
    socket.setTimeout(1_000, () => socket.destroy());
    socket.once('data', () => {
      resolve(true);
      socket.destroy();
    });
    socket.once('error', () => undefined);
    socket.once('close', () => resolve(false));
  });
}

/** OpenSSH 9.8 shuts out addresses whose logins failed; older ones refuse to read the setting. */
async function knowsPenalties(server: LabServer, keys: Omit<LabKeys, 'fingerprint'>) {
  const { sshdConfig: file } = hostPaths(server.directory);
  writeFileSync(file, sshdConfig(server, keys, true));
  try {
    await runLocal(sshdPath(), ['-t', '-f', file]);
    return true;
  } catch {
    return false;
  }
}

/**
 * Starts sshd for one host and waits until it greets. SshUnreachable with its own words, and nothing left running.
 * `onSpawn` is told of the process before anything is waited for: whoever made it may die meanwhile.
 */
export async function startSshd(
  server: LabServer,
  labDirectory: string,
  onSpawn: (ref: ProcessRef) => void,
): Promise<ProcessRef> {
  const keys = keyPaths(labDirectory);
  const paths = hostPaths(server.directory);
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  mkdirSync(join(server.directory, 'etc', 'ssh'), { recursive: true });
  writeFileSync(paths.sshdConfig, sshdConfig(server, keys, await knowsPenalties(server, keys)));
  const logFile = join(paths.run, 'sshd.log');
  const log = openSync(logFile, 'a', 0o600);
  // -D: the process we start stays the one that listens, so its pid is ours to stop.
  const child = spawn(sshdPath(), ['-D', '-e', '-f', paths.sshdConfig], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  let failure: string | undefined;
  child.once('error', (error) => (failure = error.message));
  child.once('exit', (code, signal) => (failure = `ended with ${signal ?? `exit code ${code}`}`));
  child.unref();
  const ref = child.pid === undefined ? undefined : processRef(child.pid);
  if (ref !== undefined) onSpawn(ref);
  try {
    await waitUntil(
      async () => failure !== undefined || (await acceptsConnections(server)),
      START_DEADLINE_MS,
      `sshd on ${server.host}:${server.sshPort}`,
    );
  } catch (error) {
    if (ref !== undefined) await endProcess(ref);
    throw error;
  }
  if (failure === undefined && ref !== undefined) return ref;
  throw new ZkferryError(
    'SshUnreachable',
    `sshd for ${server.name} can't listen on ${server.host}:${server.sshPort}: ${failure ?? 'it ended'}; it said: ${readFileSync(logFile, 'utf8').trim().slice(-500)}`,
  );
}

/** Whether that pid is the sshd of this host, by its arguments. */
export function isSshdOf(server: LabServer, pid: number): boolean {
  return argumentsOf(pid).some((word) => word.includes(hostPaths(server.directory).sshdConfig));
}
