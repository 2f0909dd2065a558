/** A snapshot file becomes a base: the object, the configuration beside it, and the manifest last. */
import { randomBytes } from 'node:crypto';
import { dirname } from 'node:path';
import {
  REPOSITORY_FORMAT,
  type BaseManifest,
  type ConfigurationDocument,
  type StoredObject,
} from '../../model/repository';
import { keys } from '../../planning/backup/keys';
import { zxidText } from '../../model/zxid';
import { proven } from '../repository/documents';
import type { Repository } from '../repository/repository';
import { readSnapshotFile } from '../source/snapshotFile';
import type { Members } from './claim';
import type { CaptureOptions } from './options';

export interface BaseFile {
  /** Of the layout that every release from 3.4 on reads; stays the caller's. */
  file: string;
  snapshotZxid: bigint;
  usableFrom: bigint;
  usableFromMs: number;
  /** Of one that stands alone and is not of one moment. */
  readFrom?: bigint;
  source: BaseManifest['source'];
  serverVersion?: string;
}

/** What lies beside a base. A configuration that cannot be had is no reason to have no base. */
export async function detailsOf(
  { members, configuration }: Pick<CaptureOptions, 'members' | 'configuration'>,
  signal: AbortSignal,
): Promise<{ members: Members; configuration?: ConfigurationDocument }> {
  const files = await configuration?.(signal).catch(() => undefined);
  return { members, ...(files !== undefined && { configuration: files }) };
}

export interface StoredBase {
  manifest: BaseManifest;
  /** The manifest itself. */
  stored: StoredObject;
}

/** BackupInvalid where the snapshot is not whole: nothing is stored then. `bytesPerSecond`: most of it that is read to be stored. */
export async function storeBase(
  repository: Repository,
  place: { ensemble: string; timeline: number },
  base: BaseFile,
  details: { members: Members; configuration?: ConfigurationDocument },
  signal?: AbortSignal,
  bytesPerSecond?: number,
): Promise<StoredBase> {
  const counted = await count(base.file, signal);
  const { ensemble, timeline } = place;
  const id = randomBytes(4).toString('hex');
  const usableFrom = zxidText(base.usableFrom);
  const encrypted = repository.document.encryption.kind !== 'none';
  const snapshotKey = keys.baseSnapshot(ensemble, timeline, usableFrom, id, encrypted);
  const snapshot = await repository.putSealedFile(
    snapshotKey,
    base.file,
    dirname(base.file),
    signal,
    bytesPerSecond,
  );
  const configuration =
    details.configuration &&
    (await repository.putSealed(
      keys.baseConfiguration(ensemble, timeline, usableFrom, id, encrypted),
      Buffer.from(JSON.stringify(details.configuration)),
      signal,
    ));
  const manifest: BaseManifest = {
    format: REPOSITORY_FORMAT,
    id,
    snapshot,
    snapshotZxid: zxidText(base.snapshotZxid),
    usableFrom,
    ...(base.readFrom !== undefined && { readFrom: zxidText(base.readFrom) }),
    takenAt: new Date().toISOString(),
    usableFromMs: base.usableFromMs,
    ...counted,
    source: base.source,
    ...(base.serverVersion !== undefined && { serverVersion: base.serverVersion }),
    ...(configuration !== undefined && { configuration }),
    members: details.members,
  };
  const key = keys.baseManifest(ensemble, timeline, usableFrom, id);
  return { manifest, stored: await repository.putDocument(key, proven(manifest), signal) };
}

/** Reads all of it, checksum included. */
async function count(
  file: string,
  signal?: AbortSignal,
): Promise<{ nodes: number; sessions: number }> {
  let nodes = 0;
  let sessions = 0;
  for await (const part of readSnapshotFile(file)) {
    signal?.throwIfAborted();
    sessions = part.tables.sessions.length;
    nodes += part.nodes.length;
  }
  return { nodes, sessions };
}
