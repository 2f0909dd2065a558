/** A whole snapshot of a member, brought here in the layout that every release reads. */
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { counterOf, epochOf } from '../../codec/quorum/packet';
import { isZkferryError, ZkferryError } from '../../model/errors';
import type { DataFile } from '../../model/hostData';
import type { OperationContext } from '../../model/ports';
import { fillFromMembers } from '../capture/fillFromMembers';
import { oldestLayout } from '../source/oldestLayout';
import { majorityOf, type FileSource, type FileTapOptions } from './sources';

export interface FetchedBase {
  file: string;
  bytes: number;
  zxid: bigint;
}

/** Newest first; above `after`. ZooKeeperUnavailable, retryable, saying of each why not. */
export async function fetchBase(
  options: FileTapOptions,
  serving: readonly FileSource[],
  context: OperationContext,
  after = -1n,
): Promise<FetchedBase> {
  const reasons: string[] = [];
  for (const source of serving) {
    const { files } = await options.host.listDataFiles(source.server, context);
    const snapshots = files
      .filter(({ name }) => /^snapshot\.[0-9a-f]+$/.test(name))
      .sort((one, other) => (BigInt(one.zxid) > BigInt(other.zxid) ? -1 : 1));
    if (snapshots.length === 0) reasons.push(`${source.server.name} has none`);
    for (const snapshot of snapshots) {
      if (BigInt(snapshot.zxid) <= after || BigInt(snapshot.zxid) > source.zxid) continue;
      try {
        await refuseTail(options, serving, source, BigInt(snapshot.zxid), context);
        return await fetch(options, source, snapshot, context);
      } catch (error) {
        context.signal.throwIfAborted();
        if (!isZkferryError(error)) throw error;
        reasons.push(`${snapshot.name} of ${source.server.name}: ${error.message}`);
      }
    }
  }
  throw new ZkferryError(
    'ZooKeeperUnavailable',
    `no member has a snapshot that can be used: ${reasons.join('; ').slice(0, 2_000) || 'none is new enough'}`,
    { retryable: true },
  );
}

/** One of an older epoch may have been written on a tail that was taken back: then no majority leads on from it. */
async function refuseTail(
  { host, members }: FileTapOptions,
  serving: readonly FileSource[],
  { zxid: applied }: FileSource,
  zxid: bigint,
  { signal }: OperationContext,
): Promise<void> {
  if (epochOf(zxid) === epochOf(applied) || zxid === 0n) return;
  if (counterOf(applied) === 0n)
    throw new ZkferryError('BackupInvalid', 'nothing was written in the epoch of now yet');
  const voters = serving.filter(({ server }) => server.role === 'participant');
  const logs = {
    host,
    serving: voters.map(({ server }) => server),
    majority: majorityOf(members),
    heartbeat: () => undefined,
  };
  const after = counterOf(zxid) === 0n ? zxid : zxid - 1n;
  for await (const txn of fillFromMembers(logs, { after, upTo: applied }, signal)) void txn;
}

async function fetch(
  { host, directory }: FileTapOptions,
  { server }: FileSource,
  { name, directory: of, bytes, zxid }: DataFile,
  context: OperationContext,
): Promise<FetchedBase> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const file = join(directory, `files-${zxid.slice(2)}-${randomBytes(4).toString('hex')}`);
  const source = await host.readDataFile(server, name, { directory: of, maxBytes: bytes }, context);
  const seen = { bytes: 0, highestZxid: 0n };
  try {
    await pipeline(
      Readable.from(oldestLayout(source, name, seen)),
      createWriteStream(file, { mode: 0o600, flags: 'wx' }),
    );
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  } finally {
    source.destroy();
  }
  return { file, bytes: seen.bytes, zxid: BigInt(zxid) };
}
