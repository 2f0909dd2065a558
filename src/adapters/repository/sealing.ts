/** How objects are made and read: plain, zstd, age where the repository is encrypted, SHA-256 of what comes out. */
import { createHash, type Hash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { isZkferryError, ZkferryError } from '../../model/errors';
import { compressed, decompressed, resting } from './compress';
import { type AgeDecryption, type AgeEncryption, noIdentity } from './encrypt';
import { sha256Of } from '../sha256';
import { throttled } from './throttle';

export const MAX_BUFFER_BYTES = 64 << 20;
const FILE_CHUNK_BYTES = 256 * 1024;

type Chunks = Iterable<Buffer> | AsyncIterable<Buffer>;

/** `encryption` absent: the repository is not encrypted. */
export interface SealingKeys {
  encryption?: AgeEncryption;
  decryption?: AgeDecryption;
  /** Why there is none, where one was to be. */
  undecryptable?: string;
}

export interface SealOptions {
  isBackground?: boolean;
}

export interface Sealed {
  /** Of the sealed bytes. */
  sha256: string;
  bytes: number;
  plainBytes: number;
}

/** Most that so many plain bytes take when sealed: zstd's and age's overhead, headers for 20 recipients. */
export const sealedBound = (plainBytes: number): number =>
  plainBytes + Math.ceil(plainBytes / 64) + 64 * 1024;

/** At most 64 MiB: InvalidInput above. `isBackground`: most of the thread is left to others, however long it takes. */
export async function sealBuffer(
  plain: Buffer,
  { encryption }: SealingKeys,
  { isBackground = false }: SealOptions = {},
): Promise<{ bytes: Buffer; sha256: string }> {
  if (plain.length > MAX_BUFFER_BYTES) {
    throw new ZkferryError(
      'InvalidInput',
      `${plain.length} bytes are too many to be sealed at once: at most ${MAX_BUFFER_BYTES}; seal it from a file`,
    );
  }
  if (isBackground) {
    const sealed = new Tally();
    const frames = compressed([plain], resting());
    const stored = encryption === undefined ? frames : encryption.encrypted(frames);
    return { bytes: await collected(sealed.counted(stored)), sha256: sealed.sha256() };
  }
  const frames = await collected(compressed([plain]));
  const bytes = encryption === undefined ? frames : await encryption.encrypt(frames);
  return { bytes, sha256: sha256Of(bytes) };
}

/**
 * From `file` to `target`, which is made, for the owner only, in bounded memory. Rejects with Node's own errors.
 * `bytesPerSecond`: of the file; as fast as it goes without it.
 */
export async function sealFile(
  file: string,
  target: string,
  { encryption }: SealingKeys,
  signal?: AbortSignal,
  bytesPerSecond?: number,
): Promise<Sealed> {
  const plain = new Tally();
  const sealed = new Tally();
  const source = createReadStream(file, { highWaterMark: FILE_CHUNK_BYTES });
  const chunks = source as AsyncIterable<Buffer>;
  const paced = bytesPerSecond === undefined ? chunks : throttled(chunks, bytesPerSecond, signal);
  const frames = compressed(plain.counted(paced));
  const stored = sealed.counted(encryption === undefined ? frames : encryption.encrypted(frames));
  const output = createWriteStream(target, { flags: 'wx', mode: 0o600 });
  try {
    await pipeline(stored, output, { signal });
  } finally {
    source.destroy();
  }
  return { sha256: sealed.sha256(), bytes: sealed.bytes, plainBytes: plain.bytes };
}

/**
 * The plain bytes of a sealed object, chunk by chunk. BackupInvalid, naming `key`, where it is not the one of that
 * checksum: told at the end only, so what was read counts once this has ended.
 */
export async function* unsealed(
  stored: Chunks,
  object: { key: string; sha256: string; plainBytes: number; isEncrypted: boolean },
  { decryption, undecryptable }: SealingKeys,
): AsyncGenerator<Buffer> {
  const tally = new Tally();
  try {
    if (object.isEncrypted && decryption === undefined) throw noIdentity(undecryptable);
    const counted = tally.counted(stored);
    const frames = object.isEncrypted ? decryption!.decrypted(counted) : counted;
    yield* decompressed(frames, object.plainBytes);
  } catch (error) {
    throw invalidObject(object.key, error);
  }
  if (tally.sha256() !== object.sha256) throw altered(object.key);
}

/** As `unsealed`, of what is in memory: the checksum is the first thing that is looked at. */
export async function unsealBuffer(
  stored: Buffer,
  object: { key: string; sha256: string; plainBytes: number; isEncrypted: boolean },
  keys: SealingKeys,
): Promise<Buffer> {
  const sha256 = sha256Of(stored);
  if (sha256 !== object.sha256) throw altered(object.key);
  return collected(unsealed([stored], object, keys));
}

const altered = (key: string): ZkferryError =>
  new ZkferryError(
    'BackupInvalid',
    `${key} is not the object that was written (its SHA-256 is another): restore from objects before or after it`,
    { details: { key } },
  );

const OF_THE_OBJECT: readonly string[] = [
  'BackupInvalid',
  'NotDecrypted',
  'ObjectMissing',
  'RepositoryInvalid',
];

/** What went wrong with an object, its key before it; errors of the place it lies in stay what they are. */
export function invalidObject(key: string, error: unknown): unknown {
  if (!isZkferryError(error) || !OF_THE_OBJECT.includes(error.type)) return error;
  const message = error.message.startsWith(key) ? error.message : `${key} ${error.message}`;
  const type = error.type === 'NotDecrypted' ? error.type : 'BackupInvalid';
  return new ZkferryError(type, message, {
    details: { ...(error.options.details as object | undefined), key },
    cause: error,
  });
}

class Tally {
  bytes = 0;
  private readonly hash: Hash = createHash('sha256');

  async *counted(source: Chunks): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      this.bytes += chunk.length;
      this.hash.update(chunk);
      yield chunk;
    }
  }

  /** Once only. */
  sha256(): string {
    return this.hash.digest('hex');
  }
}

async function collected(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}
