/** Places that keep objects, for tests: a directory, and a server of the S3 protocol on the loopback. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DirectoryStore } from '../../src/adapters/repository/directoryStore';
import type { S3Place } from '../../src/adapters/repository/s3Client';
import { S3Store } from '../../src/adapters/repository/s3Store';
import { projectRoot } from '../../src/lab/projectRoot';
import type { ObjectStore } from '../../src/model/backupPorts';

export interface Place<Store extends ObjectStore = ObjectStore> {
  store: Store;
  /** Another store of the same place. */
  again(): Store;
  close(): Promise<void>;
}

export function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'zkferry-repository-'));
}

export function directoryPlace(): Place<DirectoryStore> & { root: string } {
  const root = temporaryDirectory();
  return {
    root,
    store: new DirectoryStore(root),
    again: () => new DirectoryStore(root),
    close: () => Promise.resolve(rmSync(root, { recursive: true, force: true })),
  };
}

export type Conditions = 'keep' | 'ignore' | 'refuse';

export interface S3TestServer {
  place: S3Place;
  /** Where the server keeps what it is given. */
  directory: string;
  /** SIGSTOP makes it hang, SIGCONT goes on. */
  signal: (signal: NodeJS.Signals) => void;
  close: () => Promise<void>;
}

export const S3_CREDENTIALS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };

/** `conditions`: what it makes of `If-None-Match: *`; S3 keeps it. */
export async function startS3(
  conditions: Conditions = 'keep',
  bucket = 'backups',
): Promise<S3TestServer> {
  const directory = temporaryDirectory();
  const server = spawn(
    process.execPath,
    [
      '--openssl-legacy-provider',
      join(projectRoot(), 'test/support/s3Server.js'),
      directory,
      bucket,
      conditions,
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const ended = once(server, 'exit');
  const port = await Promise.race([
    once(server.stdout, 'data').then(([line]) => Number(String(line))),
    ended.then(([code]) => Promise.reject(new Error(`the S3 server ended with ${code}`))),
  ]);
  return {
    directory,
    place: {
      bucket,
      prefix: 'zookeeper/prod',
      endpoint: `http://127.0.0.1:${port}`,
      region: 'us-east-1',
      pathStyle: true,
      credentials: S3_CREDENTIALS,
    },
    signal: (signal) => void server.kill(signal),
    async close() {
      server.kill('SIGCONT');
      server.kill();
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

export async function s3Place(
  conditions?: Conditions,
): Promise<Place<S3Store> & Omit<S3TestServer, 'close'>> {
  const { place, directory, signal, close } = await startS3(conditions);
  return {
    place,
    directory,
    signal,
    store: new S3Store(place),
    again: () => new S3Store(place),
    close,
  };
}
