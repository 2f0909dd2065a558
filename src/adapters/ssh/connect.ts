/** One SSH connection: reachability, host key and login, each with its own stable error type. */
import { createHash } from 'node:crypto';
import { connect as connectSocket, type Socket } from 'node:net';
import { NodeSSH } from 'node-ssh';
import type { Client, ServerHostKeyAlgorithm } from 'ssh2';
import { ZkferryError, isZkferryError } from '../../model/errors';
import { hostPort } from '../../model/hostPort';
import { abortReason } from './semaphore';

export interface SshTarget {
  host: string;
  port: number;
  user: string;
  /** `SHA256:…`, as `ssh-keygen -lf` prints it. */
  hostKey: string;
  privateKey: string;
  passphrase?: string;
  connectTimeoutMs: number;
}

export interface SshConnection {
  client: Client;
  socket: Socket;
  /** Called once when the connection is gone, for whatever reason. */
  onClose(listener: (error?: Error) => void): void;
  end(): void;
}

const MAX_LISTENERS = 32;
const KEEPALIVE_INTERVAL_MS = 5_000;
/** Unanswered keepalives before the connection counts as lost. */
const KEEPALIVE_MISSES = 4;

/** A host may show another key type than the one the inventory names: each type is asked for once. */
const HOST_KEY_TYPES: ServerHostKeyAlgorithm[][] = [
  ['ssh-ed25519'],
  ['ecdsa-sha2-nistp256', 'ecdsa-sha2-nistp384', 'ecdsa-sha2-nistp521'],
  ['rsa-sha2-512', 'rsa-sha2-256'],
];

/** SHA-256 fingerprint of a host key blob, without base64 padding, as OpenSSH prints it. */
export function fingerprintOf(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

const withoutPadding = (fingerprint: string): string => fingerprint.replace(/=+$/, '');

/**
 * Connects and logs in. Errors: SshUnreachable (retryable), HostKeyMismatch and SshAuthFailed (not).
 * No key is ever accepted unseen.
 */
export async function connectSsh(target: SshTarget, signal?: AbortSignal): Promise<SshConnection> {
  const seen = new Set<string>();
  for (const types of HOST_KEY_TYPES) {
    try {
      return await connectOnce(target, types, seen, signal);
    } catch (error) {
      if (isZkferryError(error) && error.type !== 'HostKeyMismatch') throw error;
      if (!isZkferryError(error)) throw error;
    }
  }
  const where = hostPort(target.host, target.port);
  throw new ZkferryError(
    'HostKeyMismatch',
    `${where} shows the host key ${[...seen].join(' and ') || '(none)'}, the inventory expects ${target.hostKey}: ` +
      'compare with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on that host, then correct the inventory',
    { retryable: false, details: { host: where, expected: target.hostKey, seen: [...seen] } },
  );
}

async function connectOnce(
  target: SshTarget,
  serverHostKey: ServerHostKeyAlgorithm[],
  seen: Set<string>,
  signal?: AbortSignal,
): Promise<SshConnection> {
  const where = `${target.user}@${hostPort(target.host, target.port)}`;
  const deadline = Date.now() + target.connectTimeoutMs;
  const socket = await openSocket(target, signal);
  let mismatch = false;
  const ssh = new NodeSSH();
  const abort = (): void => void socket.destroy();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    await ssh.connect({
      sock: socket,
      username: target.user,
      privateKey: target.privateKey,
      passphrase: target.passphrase,
      readyTimeout: Math.max(100, deadline - Date.now()),
      keepaliveInterval: KEEPALIVE_INTERVAL_MS,
      keepaliveCountMax: KEEPALIVE_MISSES,
      algorithms: { serverHostKey },
      hostVerifier: (key: Buffer) => {
        const fingerprint = fingerprintOf(key);
        seen.add(fingerprint);
        mismatch = fingerprint !== withoutPadding(target.hostKey);
        return !mismatch;
      },
    });
  } catch (error) {
    socket.destroy();
    signal?.throwIfAborted();
    throw connectError(error as SshFailure, where, target, mismatch);
  } finally {
    signal?.removeEventListener('abort', abort);
  }
  return watched(ssh, socket);
}

function watched(ssh: NodeSSH, socket: Socket): SshConnection {
  const client = ssh.connection as Client;
  // Each channel that is being opened listens for the end, beside the library itself.
  client.setMaxListeners(MAX_LISTENERS);
  const listeners: ((error?: Error) => void)[] = [];
  let failure: Error | undefined;
  let gone = false;
  client.on('error', (error) => (failure = error));
  client.on('close', () => {
    if (gone) return;
    gone = true;
    for (const listener of listeners) listener(failure);
  });
  return {
    client,
    socket,
    onClose: (listener) => {
      if (gone) listener(failure);
      else listeners.push(listener);
    },
    end: () => {
      client.end();
      socket.destroySoon();
    },
  };
}

interface SshFailure {
  level?: string;
  code?: string;
  message?: string;
}

function connectError(
  error: SshFailure,
  where: string,
  target: SshTarget,
  mismatch: boolean,
): ZkferryError {
  const message = error.message ?? 'unknown failure';
  // "no matching host key format": the host has no key of the type asked for.
  if (mismatch || /no matching host key/i.test(message)) {
    return new ZkferryError('HostKeyMismatch', message, { cause: error });
  }
  if (error.level === 'client-authentication') {
    return new ZkferryError(
      'SshAuthFailed',
      `${where} refused the key: put its public half into that user's authorized_keys, or correct ssh.user and ssh.privateKey in the inventory`,
      { retryable: false, cause: error },
    );
  }
  if (/privateKey|passphrase|key format/i.test(message)) {
    return new ZkferryError(
      'SshAuthFailed',
      `the private key for ${where} cannot be used (${message}): check ssh.privateKey and ssh.passphrase in the inventory`,
      { retryable: false, cause: error },
    );
  }
  return unreachable(target, message, error);
}

function unreachable(target: SshTarget, reason: string, cause?: unknown): ZkferryError {
  const place = hostPort(target.host, target.port);
  const what = /ECONNREFUSED/.test(reason)
    ? `SSH refused at ${place}`
    : `no SSH connection to ${place} within ${target.connectTimeoutMs} ms`;
  return new ZkferryError(
    'SshUnreachable',
    `${what} (${reason}): check that the host is up and sshd listens there`,
    { retryable: true, cause },
  );
}

function openSocket(target: SshTarget, signal?: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectSocket({ host: target.host, port: target.port });
    socket.setNoDelay(true);
    const finish = (error?: Error): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.removeListener('error', onError);
      if (error === undefined) return resolve(socket);
      socket.on('error', () => undefined);
      socket.destroy();
      reject(error);
    };
    const onAbort = (): void => finish(abortReason(signal));
    const onError = (error: NodeJS.ErrnoException): void =>
      finish(unreachable(target, error.code ?? error.message, error));
    const timer = setTimeout(
      () => finish(unreachable(target, 'no answer')),
      target.connectTimeoutMs,
    );
    if (signal?.aborted) return onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.once('error', onError);
    socket.once('connect', () => finish());
  });
}
