/**
 * A small pool: two connections per (host, port, user, keys), a bounded number of channels on each. Streams are forwarded
 * on one of their own: held for long, and several by one holder, they would stand in the way of the commands that it and
 * others wait for.
 */
import type { SecretsPort } from '../../model/ports';
import type { SshSpec } from '../../model/inventory';
import { ZkferryError } from '../../model/errors';
import { connectSsh, type SshConnection } from './connect';
import { Semaphore, abortReason } from './semaphore';

export type SshAccess = SshSpec & { host: string };

export interface SshPoolOptions {
  secrets: SecretsPort;
  /** Most connections held at once; idle ones make room. */
  maxConnections?: number;
  /** Commands at once on one connection; OpenSSH's own default limit (MaxSessions) is 10. */
  maxChannels?: number;
  /** Forwarded streams at once; OpenSSH does not limit them. */
  maxStreams?: number;
  /** An unused connection is closed after this long. */
  idleMs?: number;
}

export type ChannelKind = 'command' | 'stream';

interface Entry {
  connection: Promise<SshConnection>;
  channels: Semaphore;
  idleTimer?: NodeJS.Timeout;
  socket?: SshConnection['socket'];
}

export interface Lease {
  connection: SshConnection;
  release(): void;
}

export class SshPool {
  private readonly entries = new Map<string, Entry>();
  private closed = false;

  constructor(private readonly options: SshPoolOptions) {}

  /** A channel's right to exist on a connection; `release` it when the channel is gone. */
  async lease(
    access: SshAccess,
    signal?: AbortSignal,
    kind: ChannelKind = 'command',
  ): Promise<Lease> {
    if (this.closed) {
      throw new ZkferryError('SshUnreachable', 'the SSH pool is closed: the worker is stopping', {
        retryable: true,
      });
    }
    const key = keyOf(access, kind);
    const entry = this.entries.get(key) ?? this.open(key, access, kind);
    clearTimeout(entry.idleTimer);
    const leave = await entry.channels.acquire(signal);
    const release = (): void => {
      leave();
      this.rest(key, entry);
    };
    try {
      const connection = await abortable(entry.connection, signal);
      entry.socket = connection.socket;
      connection.socket.ref();
      return { connection, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** Ends every connection. Idempotent. */
  async close(): Promise<void> {
    this.closed = true;
    const entries = [...this.entries.values()];
    this.entries.clear();
    for (const entry of entries) {
      clearTimeout(entry.idleTimer);
      await entry.connection.then(
        (connection) => connection.end(),
        () => undefined,
      );
    }
  }

  private open(key: string, access: SshAccess, kind: ChannelKind): Entry {
    this.makeRoom();
    const { maxChannels = 8, maxStreams = 16 } = this.options;
    const entry: Entry = {
      connection: this.connect(access),
      channels: new Semaphore(kind === 'command' ? maxChannels : maxStreams),
    };
    this.entries.set(key, entry);
    const forget = (): void => {
      if (this.entries.get(key) === entry) this.entries.delete(key);
      clearTimeout(entry.idleTimer);
    };
    entry.connection.then((connection) => connection.onClose(forget), forget);
    return entry;
  }

  private async connect(access: SshAccess): Promise<SshConnection> {
    const { secrets } = this.options;
    return connectSsh({
      host: access.host,
      port: access.port,
      user: access.user,
      hostKey: access.hostKey,
      privateKey: await secrets.resolve(access.privateKey),
      passphrase: access.passphrase && (await secrets.resolve(access.passphrase)),
      connectTimeoutMs: access.connectTimeoutMs,
    });
  }

  private rest(key: string, entry: Entry): void {
    if (!entry.channels.idle) return;
    entry.socket?.unref();
    clearTimeout(entry.idleTimer);
    entry.idleTimer = setTimeout(() => this.drop(key, entry), this.options.idleMs ?? 15_000);
    entry.idleTimer.unref();
  }

  private drop(key: string, entry: Entry): void {
    if (!entry.channels.idle) return;
    if (this.entries.get(key) === entry) this.entries.delete(key);
    entry.connection.then(
      (connection) => connection.end(),
      () => undefined,
    );
  }

  private makeRoom(): void {
    const limit = this.options.maxConnections ?? 128;
    for (const [key, entry] of this.entries) {
      if (this.entries.size < limit) return;
      this.drop(key, entry);
    }
    if (this.entries.size >= limit) {
      throw new ZkferryError(
        'SshUnreachable',
        `this worker already uses ${limit} SSH connections: wait for others to finish, or run more workers`,
        { retryable: true },
      );
    }
  }
}

const keyOf = (access: SshAccess, kind: ChannelKind): string =>
  JSON.stringify([
    kind,
    access.host,
    access.port,
    access.user,
    access.hostKey,
    access.privateKey,
    access.passphrase,
  ]);

async function abortable<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return promise;
  signal.throwIfAborted();
  let onAbort: (() => void) | undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(abortReason(signal));
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    if (onAbort) signal.removeEventListener('abort', onAbort);
  }
}
