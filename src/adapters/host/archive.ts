/** Release archives in a directory of the worker: found, measured, and held against their checksum. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ZkferryError } from '../../model/errors';
import type { PackageSpec } from '../../model/inventory';

export type TarballSpec = Extract<PackageSpec, { kind: 'tarball' }>;

export interface Archive {
  path: string;
  bytes: number;
  /** Lower-case hex; the file was found to have it. */
  sha512: string;
}

const MAX_CACHED = 256;

/** `archive` with the version filled in; a name, never a path. */
export function archiveName(spec: TarballSpec, version: string): string {
  return basename(spec.archive.replaceAll('{version}', version));
}

/** The checksum the inventory gives for a version, lower case. */
export const sha512Of = (spec: TarballSpec, version: string): string | undefined =>
  spec.sha512[version]?.toLowerCase();

/** Reads each archive once as long as its size and time stay the same. */
export class ArchiveShelf {
  private readonly hashes = new Map<string, string>();

  /** ArtifactMissing; ChecksumMismatch, also where no checksum is known. */
  async find(
    spec: TarballSpec,
    directory: string,
    version: string,
    signal: AbortSignal,
  ): Promise<Archive> {
    const path = join(directory, archiveName(spec, version));
    const expected = await this.expected(spec, path, version);
    const bytes = await sizeOf(path, version);
    const sha512 = await this.hash(path, signal);
    if (sha512 !== expected) {
      throw new ZkferryError(
        'ChecksumMismatch',
        `${path} has SHA-512 ${sha512}, expected ${expected}: fetch the archive again, or correct the checksum if it is the wrong one`,
        { details: { path, expected, seen: sha512 } },
      );
    }
    return { path, bytes, sha512 };
  }

  private async expected(spec: TarballSpec, path: string, version: string): Promise<string> {
    const given = sha512Of(spec, version);
    if (given !== undefined) return given;
    const beside = await readFile(`${path}.sha512`, 'utf8').catch(() => undefined);
    const found = beside === undefined ? undefined : sha512In(beside);
    if (found !== undefined) return found;
    await sizeOf(path, version);
    throw new ZkferryError(
      'ChecksumMismatch',
      `there is no checksum for ${path}: put the release's ${basename(path)}.sha512 beside it, or add package.sha512.${version} to the inventory; an archive is never used unchecked`,
    );
  }

  private async hash(path: string, signal: AbortSignal): Promise<string> {
    const found = await stat(path);
    const key = `${path} ${found.ino} ${found.size} ${found.mtimeMs}`;
    const known = this.hashes.get(key);
    if (known !== undefined) return known;
    const hash = createHash('sha512');
    for await (const chunk of createReadStream(path, { signal })) hash.update(chunk as Buffer);
    const sha512 = hash.digest('hex');
    if (this.hashes.size >= MAX_CACHED) this.hashes.clear();
    this.hashes.set(key, sha512);
    return sha512;
  }
}

/** The digest in a `.sha512` file, whether one line of `sha512sum` or gpg's groups of eight. */
export function sha512In(text: string): string | undefined {
  const plain = /\b[0-9a-f]{128}\b/i.exec(text)?.[0];
  if (plain) return plain.toLowerCase();
  const grouped = text.replace(/^[^:]*:/, '').replace(/\s+/g, '');
  return /^[0-9a-f]{128}$/i.test(grouped) ? grouped.toLowerCase() : undefined;
}

async function sizeOf(path: string, version: string): Promise<number> {
  try {
    const found = await stat(path);
    if (found.isFile()) return found.size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw missing(path, version, error);
  }
  throw missing(path, version);
}

const missing = (path: string, version: string, cause?: unknown): ZkferryError =>
  new ZkferryError(
    'ArtifactMissing',
    `the worker has no archive of ${version} at ${path}: put it there, or correct package.source and package.archive in the inventory`,
    { cause },
  );
