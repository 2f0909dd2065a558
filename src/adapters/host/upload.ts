/** Sends a directory of data files of this machine to a host, file by file, in bounded memory. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { ZkferryError } from '../../model/errors';
import type { ResolvedServer } from '../../model/inventory';
import type { FenceToken, OperationContext } from '../../model/ports';
import { MAX_DATA_FILES, isDataFileName } from './dataFileName';
import type { HostRunner } from './runner';
import { PREPARE_UPLOAD_MAIN, RECEIVE_MAIN, UPLOAD } from './scripts/upload';
import { sha256Of } from '../sha256';

const PREPARE_TIMEOUT_MS = 6 * 3_600_000;
/** A link slower than this is taken for one that hangs. */
const LEAST_BYTES_PER_SECOND = 100 * 1024;
const RECEIVE_GRACE_MS = 10 * 60_000;
const HEARTBEAT_BYTES = 16 * 1024 * 1024;
/** A server preallocates its first log with 64 MiB (zookeeper.preAllocSize), and needs room to write. */
const SPARE_BYTES = 80 * 1024 * 1024;

interface LocalFile {
  name: string;
  path: string;
  bytes: number;
  sha256: string;
}

export interface Upload {
  files: LocalFile[];
  bytes: number;
  /** What every program of the upload and of what comes after it is told. */
  values: { label: string; list_sha: string };
  /** `sha256 bytes name` lines. */
  list: string;
}

/** Where it goes: the functions that scripts/upload.ts asks for, and what these need. */
export interface UploadTarget {
  what: string;
  parts: string[];
}

/**
 * Looks at every file and takes its SHA-256. InvalidInput where there is anything but snapshots and logs, or none.
 * `token`: not its attempt, since a second one goes on with what the first has sent.
 */
export async function prepareUpload(
  localDirectory: string,
  token: FenceToken,
  context: OperationContext,
): Promise<Upload> {
  const names = (await namesIn(localDirectory)).sort();
  const files: LocalFile[] = [];
  for (const name of names) files.push(await localFile(join(localDirectory, name), name, context));
  const list = files.map(({ sha256, bytes, name }) => `${sha256} ${bytes} ${name}`).join('\n');
  return {
    files,
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    values: {
      label: `${token.generation.toLowerCase()}-${token.sequence}`,
      list_sha: sha256Of(list),
    },
    list,
  };
}

/** Sends what is not there yet. `complete`: the target had it all in its final place before. */
export async function sendFiles(
  runner: HostRunner,
  server: ResolvedServer,
  target: UploadTarget,
  upload: Upload,
  token: FenceToken,
  context: OperationContext,
): Promise<{ complete: boolean; sentBytes: number }> {
  const parts = [...target.parts, UPLOAD];
  const prepared = await runner.run(
    server,
    {
      what: target.what,
      parts,
      main: PREPARE_UPLOAD_MAIN,
      values: { ...upload.values, list: upload.list, spare_bytes: String(SPARE_BYTES) },
      token,
      timeoutMs: PREPARE_TIMEOUT_MS,
    },
    context,
  );
  if (prepared.get('complete') === 'yes') return { complete: true, sentBytes: 0 };
  const missing = new Set((prepared.get('missing') ?? '').split('\n'));
  const toSend = upload.files.filter(({ name }) => missing.has(name));
  const sentBytes = toSend.reduce((sum, { bytes }) => sum + bytes, 0);
  let doneBytes = upload.bytes - sentBytes;
  for (const file of toSend) {
    const base = doneBytes;
    const counted = readCounted(file.path, (bytes) =>
      context.heartbeat({ what: target.what, doneBytes: base + bytes, totalBytes: upload.bytes }),
    );
    await runner.run(
      server,
      {
        what: `${target.what}, ${file.name},`,
        parts,
        main: RECEIVE_MAIN,
        values: {
          ...upload.values,
          name: file.name,
          sha: file.sha256,
          bytes: String(file.bytes),
        },
        token,
        timeoutMs: RECEIVE_GRACE_MS + Math.ceil((file.bytes / LEAST_BYTES_PER_SECOND) * 1000),
        stdin: counted,
      },
      context,
    );
    doneBytes += file.bytes;
    context.heartbeat({ what: target.what, doneBytes, totalBytes: upload.bytes });
  }
  return { complete: false, sentBytes };
}

async function namesIn(directory: string): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(directory);
  } catch (error) {
    throw invalid(directory, `cannot be read (${(error as NodeJS.ErrnoException).code})`, error);
  }
  const foreign = names.find((name) => !isDataFileName(name));
  if (foreign !== undefined) throw invalid(directory, `holds ${JSON.stringify(foreign)}`);
  if (names.length === 0) throw invalid(directory, 'is empty');
  if (names.length > MAX_DATA_FILES) {
    throw invalid(directory, `holds ${names.length} files, more than ${MAX_DATA_FILES}`);
  }
  return names;
}

async function localFile(
  path: string,
  name: string,
  context: OperationContext,
): Promise<LocalFile> {
  const found = await lstat(path);
  if (!found.isFile()) throw invalid(path, 'is no plain file');
  const hash = createHash('sha256');
  let bytes = 0;
  const counted = readCounted(path, (doneBytes) =>
    context.heartbeat({ what: `checksum of ${name}`, doneBytes, totalBytes: found.size }),
  );
  for await (const chunk of counted) {
    context.signal.throwIfAborted();
    bytes += (chunk as Buffer).length;
    hash.update(chunk as Buffer);
  }
  return { name, path, bytes, sha256: hash.digest('hex') };
}

/** The file's bytes; says how many it gave every 16 MiB. */
function readCounted(path: string, report: (doneBytes: number) => void): Transform {
  let doneBytes = 0;
  let reportedBytes = 0;
  const file = createReadStream(path, { highWaterMark: 256 * 1024 });
  const counted = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      doneBytes += chunk.length;
      if (doneBytes - reportedBytes >= HEARTBEAT_BYTES) {
        reportedBytes = doneBytes;
        report(doneBytes);
      }
      done(null, chunk);
    },
  });
  file.on('error', (error) => counted.destroy(error));
  counted.once('close', () => file.destroy());
  return file.pipe(counted);
}

const invalid = (path: string, what: string, cause?: unknown): ZkferryError =>
  new ZkferryError(
    'InvalidInput',
    `the data to send, ${path}, ${what}: expected a directory of snapshot.<zxid> and log.<zxid> files alone; nothing was sent`,
    { retryable: false, cause },
  );
