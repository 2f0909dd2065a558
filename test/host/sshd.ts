/** A real sshd for one test file, on its own loopback address, with keys made for it. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { createSecrets } from '../../src/adapters/secrets';
import { createHostAdapter, type HostAdapter } from '../../src/adapters/host';
import type { ResolvedServer, SshSpec } from '../../src/model/inventory';
import type { FenceToken, OperationContext } from '../../src/model/ports';

export const PORT = 22071;

export interface TestHost {
  address: string;
  directory: string;
  ssh: SshSpec & { host: string };
  adapter: HostAdapter;
  /** A server on this host with its own directories. */
  server(name: string, more?: Partial<ResolvedServer>): ResolvedServer;
  close(): Promise<void>;
}

/** `path`: directories put before PATH for everything run over SSH. `around`: a command that ends by becoming sshd. */
export async function startTestHost(
  address: string,
  path: string[] = [],
  around: string[] = [],
): Promise<TestHost> {
  const directory = mkdtempSync(join(tmpdir(), 'zkferry-host-'));
  const file = (name: string): string => join(directory, name);
  for (const name of ['host_key', 'client_key']) {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', file(name)]);
  }
  writeFileSync(file('authorized_keys'), readFileSync(file('client_key.pub')), { mode: 0o600 });
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  writeFileSync(
    file('sshd_config'),
    [
      `ListenAddress ${address}:${PORT}`,
      `HostKey ${file('host_key')}`,
      `AuthorizedKeysFile ${file('authorized_keys')}`,
      `PidFile ${file('sshd.pid')}`,
      'UsePAM no',
      'StrictModes no',
      'PermitRootLogin yes',
      'Subsystem sftp internal-sftp',
      ...(path.length > 0 ? [`SetEnv PATH=${[...path, process.env.PATH].join(':')}`] : []),
      '',
    ].join('\n'),
  );
  const [command, ...args] = [...around, '/usr/sbin/sshd', '-D', '-f', file('sshd_config')];
  const sshd = spawn(command, args, { stdio: 'ignore' });
  await until('sshd listens', () => canConnect(address, PORT));
  const fingerprint = execFileSync('ssh-keygen', ['-lf', file('host_key.pub')], {
    encoding: 'utf8',
  }).split(' ')[1] as string;
  const ssh = {
    host: address,
    port: PORT,
    user: userInfo().username,
    hostKey: fingerprint,
    privateKey: `file:${file('client_key')}`,
    become: 'none' as const,
    connectTimeoutMs: 5_000,
  };
  const adapter = createHostAdapter({ secrets: createSecrets(), lockWaitMs: 1_000 });
  return {
    address,
    directory,
    ssh,
    adapter,
    server: (name, more) => serverOn(directory, address, ssh, name, more),
    close: async () => {
      await adapter.close();
      await stopped(sshd);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function serverOn(
  directory: string,
  address: string,
  ssh: TestHost['ssh'],
  name: string,
  more: Partial<ResolvedServer> = {},
): ResolvedServer {
  const home = join(directory, name);
  for (const part of ['config', 'data', 'opt']) mkdirSync(join(home, part), { recursive: true });
  return {
    ensemble: 'orders',
    name,
    id: 1,
    host: address,
    clientPort: 2181,
    role: 'participant',
    spare: false,
    ssh,
    directories: {
      config: join(home, 'config'),
      data: join(home, 'data'),
      state: join(home, 'state'),
      backup: join(home, 'backup'),
    },
    ...more,
  };
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}

export function canConnect(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Polls `condition` until it holds; fails with what was waited for. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 15_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

export function context(
  signal: AbortSignal = new AbortController().signal,
): OperationContext & { beats: unknown[] } {
  const beats: unknown[] = [];
  return { signal, beats, heartbeat: (detail) => void beats.push(detail) };
}

export const token = (
  sequence: number,
  attempt = 1,
  generation = '0000000100000001',
): FenceToken => ({
  generation,
  sequence,
  attempt,
});

/** Writes an executable file. */
export function executable(path: string, text: string): string {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
  return path;
}

/** The error a promise rejects with; fails if it does not reject. */
export async function rejection(
  promise: Promise<unknown>,
): Promise<{ type: string; retryable: boolean; message: string }> {
  try {
    await promise;
  } catch (error) {
    return error as { type: string; retryable: boolean; message: string };
  }
  throw new Error('expected a rejection');
}

export const processIsAlive = (pid: number): boolean => {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};
