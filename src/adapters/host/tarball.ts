/** Tarballs: uploaded by the worker or fetched by the host, checked there, unpacked beside, renamed into place. */
import { createReadStream } from 'node:fs';
import { Transform } from 'node:stream';
import { ZkferryError } from '../../model/errors';
import type { ResolvedServer } from '../../model/inventory';
import type { FenceToken, OperationContext } from '../../model/ports';
import {
  archiveName,
  sha512Of,
  type Archive,
  type ArchiveShelf,
  type TarballSpec,
} from './archive';
import { tokenText } from './program';
import type { HostRunner } from './runner';
import { PACKAGE_FACTS } from './scripts/observe';
import {
  FETCH_MAIN,
  TARBALL,
  TARBALL_PREPARE_MAIN,
  TARBALL_UNPACK_MAIN,
  UPLOAD_MAIN,
} from './scripts/package';

const STEP_TIMEOUT_MS = 120_000;
const TRANSFER_TIMEOUT_MS = 30 * 60_000;
const HEARTBEAT_BYTES = 1024 * 1024;
/** An unpacked release is up to about twice its archive; the archive lies beside it meanwhile. */
const SPACE_PER_ARCHIVE = 3;
/** Assumed where the host fetches an archive whose size it does not know. */
const UNKNOWN_ARCHIVE_BYTES = 32 * 1024 * 1024;

const PARTS = [PACKAGE_FACTS, TARBALL];

export const urlOf = (template: string, version: string): string =>
  template.replaceAll('{version}', encodeURIComponent(version));

export async function stageTarball(
  runner: HostRunner,
  shelf: ArchiveShelf,
  server: ResolvedServer,
  spec: TarballSpec,
  version: string,
  token: FenceToken,
  context: OperationContext,
): Promise<{ alreadyStaged: boolean }> {
  const prepared = await runner.run(
    server,
    {
      what: `prepare staging ${version}`,
      parts: PARTS,
      main: TARBALL_PREPARE_MAIN,
      values: { version, need_bytes: String(SPACE_PER_ARCHIVE * UNKNOWN_ARCHIVE_BYTES) },
      token,
      timeoutMs: STEP_TIMEOUT_MS,
    },
    context,
  );
  if (prepared.get('staged') === 'yes') return { alreadyStaged: true };
  // Named for this attempt: a newer attempt clears it, and this one's next fenced step is then refused.
  const upload = `${spec.root}/.zkferry-upload-${tokenText(token)}`;
  let sha512: string;
  if ('directory' in spec.source) {
    const archive = await shelf.find(spec, spec.source.directory, version, context.signal);
    await sendArchive(runner, server, archive, upload, context);
    sha512 = archive.sha512;
  } else {
    sha512 = await fetchOnHost(runner, server, spec, spec.source.url, version, upload, context);
  }
  const unpacked = await runner.run(
    server,
    {
      what: `unpack ${version}`,
      parts: PARTS,
      main: TARBALL_UNPACK_MAIN,
      values: { version, upload, sha512 },
      token,
      timeoutMs: TRANSFER_TIMEOUT_MS,
    },
    context,
  );
  return { alreadyStaged: unpacked.get('staged') === 'yes' };
}

async function sendArchive(
  runner: HostRunner,
  server: ResolvedServer,
  archive: Archive,
  upload: string,
  context: OperationContext,
): Promise<void> {
  const file = createReadStream(archive.path, { highWaterMark: 256 * 1024 });
  const counted = file.pipe(progressOf(archive.bytes, context));
  file.on('error', (error) => counted.destroy(error));
  await runner.run(
    server,
    {
      what: 'upload the archive',
      parts: [],
      main: UPLOAD_MAIN,
      values: { upload, expected_bytes: String(archive.bytes) },
      timeoutMs: TRANSFER_TIMEOUT_MS,
      stdin: counted,
    },
    context,
  );
}

function progressOf(totalBytes: number, context: OperationContext): Transform {
  let sentBytes = 0;
  let reportedBytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      sentBytes += chunk.length;
      if (sentBytes - reportedBytes >= HEARTBEAT_BYTES) {
        reportedBytes = sentBytes;
        context.heartbeat({ what: 'upload the archive', sentBytes, totalBytes });
      }
      done(null, chunk);
    },
  });
}

async function fetchOnHost(
  runner: HostRunner,
  server: ResolvedServer,
  spec: TarballSpec,
  template: string,
  version: string,
  upload: string,
  context: OperationContext,
): Promise<string> {
  const url = urlOf(template, version);
  const result = await runner.run(
    server,
    {
      what: `fetch ${version}`,
      parts: [],
      main: FETCH_MAIN,
      values: { url, upload, sha512: sha512Of(spec, version) ?? '' },
      timeoutMs: TRANSFER_TIMEOUT_MS,
    },
    context,
  );
  const sha512 = result.get('sha512') ?? '';
  if (/^[0-9a-f]{128}$/.test(sha512)) return sha512;
  throw new ZkferryError(
    'ChecksumMismatch',
    `${url}.sha512 holds no SHA-512: add package.sha512.${version} to the inventory (archive ${archiveName(spec, version)})`,
  );
}
