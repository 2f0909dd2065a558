/** A server's own files as a tree: the newest whole snapshot, and the logged transactions after it. They are only read. */
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { randomBytes } from 'node:crypto';
import { follows } from '../../codec/quorum/packet';
import type { Txn } from '../../codec/records';
import { SnapshotWriter } from '../../codec/snapshot';
import { decodeTxn } from '../../codec/txn';
import { LogScanner } from '../../codec/txnLog';
import { isZkferryError, ZkferryError } from '../../model/errors';
import { NO_STAT } from '../../tree/dataTree';
import type { TreeSource } from '../../tree/source';
import { OverlaidSnapshot } from './overlaidSnapshot';
import { readSnapshotFile } from './snapshotFile';

export interface FilesOptions {
  /** A snapshot file, or a data directory: the one with version-2 in it, or version-2 itself. */
  path: string;
  /** Where transaction logs lie apart from snapshots (dataLogDir). */
  logDirectory?: string;
  /** Where a compressed snapshot is unpacked. */
  spool: string;
  signal?: AbortSignal;
}

/** Held in memory, since they are applied to the snapshot as it is read. */
const MAX_TXN_BYTES = 256 << 20;
const NAME = /^(snapshot|log)\.([0-9a-f]{1,16})(\.gz|\.snappy)?$/;

/** What a standalone server, and an ensemble, gives out first of all: of epoch 0, and of epoch 1. */
const VERY_FIRST: readonly bigint[] = [0x1n, 0x1_0000_0001n];

interface DataFile {
  file: string;
  kind: 'snapshot' | 'log';
  /** Of its name: of a snapshot the last transaction before it was begun, of a log its first. */
  zxid: bigint;
  packed?: '.gz' | '.snappy';
}

/** BackupInvalid for files that do not make one whole tree; Unsupported for what is not read. */
export async function openFiles(options: FilesOptions): Promise<TreeSource> {
  const found = await stat(options.path).catch((error: NodeJS.ErrnoException) => {
    throw new ZkferryError('BadUsage', `${options.path} cannot be read (${error.code})`);
  });
  if (found.isFile()) {
    const named = fileOf(options.path);
    const unpacked = await unpack({ ...named, file: options.path }, options);
    return sourceOf(`the snapshot ${options.path} alone`, named?.zxid, unpacked, []);
  }
  const files = await listed(options);
  const base = await newestWhole(files, options);
  const txns = await orRemoved(base.unpacked, () => logged(files, base, options));
  const last = txns.at(-1)?.header.zxid ?? base.zxid ?? 0n;
  const shown = `the files of ${options.path} up to 0x${last.toString(16)}`;
  return sourceOf(shown, last, base.unpacked, txns);
}

interface Unpacked {
  file: string;
  /** Made here, and removed with the source. */
  isOwn: boolean;
}

interface Base {
  /** Everything up to it is in the snapshot; absent where there is none, and the tree is empty. */
  zxid?: bigint;
  unpacked: Unpacked;
}

function sourceOf(
  shown: string,
  zxid: bigint | undefined,
  { file, isOwn }: Unpacked,
  txns: Txn[],
): TreeSource {
  const kept = new OverlaidSnapshot(file, txns);
  return {
    ...{ shown, kept, knowsTypes: true },
    ...(zxid !== undefined && { zxid }),
    nodes: (again) => kept.nodes(again),
    close: async () => {
      if (isOwn) await rm(file, { force: true });
    },
  };
}

function fileOf(path: string): DataFile | undefined {
  const match = NAME.exec(basename(path));
  if (match === null) return undefined;
  return {
    file: path,
    kind: match[1] as DataFile['kind'],
    zxid: BigInt(`0x${match[2]}`),
    ...(match[3] !== undefined && { packed: match[3] as '.gz' | '.snappy' }),
  };
}

async function listed({ path, logDirectory }: FilesOptions): Promise<DataFile[]> {
  const files: DataFile[] = [];
  for (const directory of logDirectory === undefined ? [path] : [path, logDirectory]) {
    const inner = join(directory, 'version-2');
    const hasInner = await stat(inner).then(
      (it) => it.isDirectory(),
      () => false,
    );
    const at = hasInner ? inner : directory;
    const names = await readdir(at).catch((error: NodeJS.ErrnoException) => {
      throw new ZkferryError('BadUsage', `${at} cannot be listed (${error.code})`);
    });
    files.push(...names.map((name) => fileOf(join(at, name))).filter((it) => it !== undefined));
  }
  if (files.length === 0)
    throw new ZkferryError(
      'BadUsage',
      `${path} holds neither snapshot.* nor log.* files: name a data directory of ZooKeeper`,
    );
  return files.sort((one, other) => (one.zxid < other.zxid ? -1 : 1));
}

/** As servers do it: an older snapshot, and more of the logs, where the newest is damaged. */
async function newestWhole(files: DataFile[], options: FilesOptions): Promise<Base> {
  const refusals: string[] = [];
  for (const snapshot of files.filter(({ kind }) => kind === 'snapshot').reverse()) {
    const unpacked = await unpack(snapshot, options);
    try {
      for await (const { nodes } of readSnapshotFile(unpacked.file))
        if (nodes.length > 0) options.signal?.throwIfAborted();
      return { zxid: snapshot.zxid, unpacked };
    } catch (error) {
      if (unpacked.isOwn) await rm(unpacked.file, { force: true });
      if (!isZkferryError(error)) throw error;
      refusals.push(error.message);
    }
  }
  if (refusals.length > 0)
    throw new ZkferryError(
      'BackupInvalid',
      `no snapshot of ${options.path} is whole: ${refusals.join('; ')}; take another server's`,
    );
  refuseHeadless(files[0]!, files[0]!.zxid, options);
  return { unpacked: await emptyTree(options) };
}

/**
 * Logs without a snapshot make the whole tree only where they hold all there ever was: servers do not trust them
 * either (snapshot.trust.empty).
 */
function refuseHeadless({ file }: DataFile, first: bigint, { path }: FilesOptions): void {
  if (VERY_FIRST.includes(first)) return;
  throw new ZkferryError(
    'BackupInvalid',
    `${path} holds no snapshot, and its logs begin at 0x${first.toString(16)} (${file}): all that was written before is missing; where snapshots lie apart (dataDir), name that directory, and this one with --source-log-dir, or else take another server's files`,
  );
}

/** What a server begins with: 3.4 may have no snapshot on disk yet. */
async function emptyTree({ spool }: FilesOptions): Promise<Unpacked> {
  const file = await spoolFile(spool);
  const writer = new SnapshotWriter();
  const node = (path: string) => ({ path, data: null, aclId: -1n, stat: NO_STAT });
  await pipeline(
    [
      writer.head({ sessions: [], acls: new Map() }),
      writer.nodes(['/', '/zookeeper', '/zookeeper/quota', '/zookeeper/config'].map(node)),
      writer.end(),
    ],
    createWriteStream(file, { mode: 0o600 }),
  );
  return { file, isOwn: true };
}

async function unpack(
  { file, packed }: Pick<DataFile, 'file' | 'packed'>,
  { spool }: FilesOptions,
): Promise<Unpacked> {
  if (packed === undefined) return { file, isOwn: false };
  if (packed === '.snappy')
    throw new ZkferryError(
      'Unsupported',
      `${file}: snapshots packed with snappy are not read: take one that is packed with gzip, or not at all (zookeeper.snapshot.compression.method)`,
    );
  const unpacked = await spoolFile(spool);
  try {
    await pipeline(
      createReadStream(file),
      createGunzip(),
      createWriteStream(unpacked, { mode: 0o600 }),
    );
  } catch (error) {
    await rm(unpacked, { force: true });
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ZkferryError('BackupInvalid', `${file} cannot be unpacked (${code ?? message})`);
  }
  return { file: unpacked, isOwn: true };
}

/** What was unpacked here has no other owner yet. */
async function orRemoved<T>({ file, isOwn }: Unpacked, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (isOwn) await rm(file, { force: true });
    throw error;
  }
}

async function spoolFile(spool: string): Promise<string> {
  await mkdir(spool, { recursive: true, mode: 0o700 });
  return join(spool, `files-${randomBytes(6).toString('hex')}`);
}

/**
 * The transactions after `base`: of the logs that begin later, and of the last one that begins before. A log may
 * end torn, as a killed server leaves it, where the next goes on with the very next transaction.
 */
async function logged(files: DataFile[], base: Base, options: FilesOptions): Promise<Txn[]> {
  const logs = files.filter(({ kind }) => kind === 'log');
  let last = base.zxid ?? 0n;
  const first = logs.findLastIndex(({ zxid }) => zxid <= last);
  const txns: Txn[] = [];
  let bytes = 0;
  for (const log of logs.slice(Math.max(0, first))) {
    const { file } = log;
    const scanner = new LogScanner();
    for await (const chunk of createReadStream(file)) {
      options.signal?.throwIfAborted();
      for (const record of scanner.push(chunk as Buffer)) {
        const txn = decodeTxn(record.bytes);
        const { zxid } = txn.header;
        if (zxid <= last) continue;
        if (base.zxid === undefined && txns.length === 0) refuseHeadless(log, zxid, options);
        if (!follows(zxid, last)) throw hole(last, zxid, file);
        last = zxid;
        bytes += record.bytes.length;
        txns.push(txn);
        if (bytes > MAX_TXN_BYTES) throw tooMuch(options.path);
      }
    }
    const end = scanner.finish();
    if (end.kind === 'corrupt')
      throw new ZkferryError(
        'BackupInvalid',
        `${file} is damaged at offset ${end.offset} (${end.reason}), and sound transactions follow: take another server's files`,
      );
  }
  return txns;
}

const hole = (last: bigint, zxid: bigint, file: string): ZkferryError =>
  new ZkferryError(
    'BackupInvalid',
    `the transactions after 0x${last.toString(16)} and before 0x${zxid.toString(16)} (${file}) are missing: find the log between, or take another server's files`,
  );

const tooMuch = (path: string): ZkferryError =>
  new ZkferryError(
    'Unsupported',
    `the logs of ${path} hold more than ${MAX_TXN_BYTES >> 20} MiB after the newest snapshot: start a server on a copy of the directory, which makes a snapshot, or read it through the quorum port`,
  );
