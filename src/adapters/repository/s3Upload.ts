/** Files into S3: in parts where they are large, so that at most two parts are in memory. */
import { open, type FileHandle } from 'node:fs/promises';
import type { S3Connection } from './s3Client';

const LEAST_PART_BYTES = 8 << 20;
/** S3 takes 10,000. */
const MAX_PARTS = 9_000;
const AT_ONCE = 2;
const REQUEST_DEADLINE_MS = 60_000;
/** Of a part: 8 MiB at 64 kB a second. */
const PART_DEADLINE_MS = 130_000;

/** `key`: the repository's. Parts already there are removed again where it fails. Node's own errors for the file. */
export async function uploadFile(
  s3: S3Connection,
  key: string,
  path: string,
  signal?: AbortSignal,
): Promise<void> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size <= LEAST_PART_BYTES) await uploadWhole(s3, key, await file.readFile(), signal);
    else await uploadParts(s3, key, file, size, signal);
  } finally {
    await file.close();
  }
}

export async function uploadWhole(
  s3: S3Connection,
  key: string,
  body: Buffer,
  signal?: AbortSignal,
): Promise<void> {
  const deadlineMs = body.length > LEAST_PART_BYTES ? 8 * PART_DEADLINE_MS : PART_DEADLINE_MS;
  await s3.request(`writing ${key}`, deadlineMs, signal, ({ sdk, client, abortSignal }) =>
    client.send(new sdk.PutObjectCommand({ Bucket: s3.bucket, Key: s3.full(key), Body: body }), {
      abortSignal,
    }),
  );
}

interface Upload {
  s3: S3Connection;
  key: string;
  file: FileHandle;
  size: number;
  partBytes: number;
  uploadId: string;
}

async function uploadParts(
  s3: S3Connection,
  key: string,
  file: FileHandle,
  size: number,
  signal?: AbortSignal,
): Promise<void> {
  const target = { Bucket: s3.bucket, Key: s3.full(key) };
  const doing = `writing ${key}`;
  const { UploadId: uploadId = '' } = await s3.request(
    doing,
    REQUEST_DEADLINE_MS,
    signal,
    ({ sdk, client, abortSignal }) =>
      client.send(new sdk.CreateMultipartUploadCommand(target), { abortSignal }),
  );
  const partBytes = Math.max(LEAST_PART_BYTES, Math.ceil(size / MAX_PARTS));
  try {
    const parts = await sendParts({ s3, key, file, size, partBytes, uploadId }, signal);
    // Putting the parts together takes a server a while.
    await s3.request(doing, 5 * REQUEST_DEADLINE_MS, signal, ({ sdk, client, abortSignal }) =>
      client.send(
        new sdk.CompleteMultipartUploadCommand({
          ...target,
          UploadId: uploadId,
          MultipartUpload: {
            Parts: parts.map((ETag, index) => ({ ETag, PartNumber: index + 1 })),
          },
        }),
        { abortSignal },
      ),
    );
  } catch (error) {
    // Not under the caller's signal: it may be what ended the upload.
    await s3
      .request(doing, REQUEST_DEADLINE_MS, undefined, ({ sdk, client, abortSignal }) =>
        client.send(new sdk.AbortMultipartUploadCommand({ ...target, UploadId: uploadId }), {
          abortSignal,
        }),
      )
      .catch(() => undefined);
    throw error;
  }
}

/** ETags, in the order of the parts. */
async function sendParts(upload: Upload, signal?: AbortSignal): Promise<string[]> {
  const count = Math.ceil(upload.size / upload.partBytes);
  const etags: string[] = [];
  const failed = new AbortController();
  const both = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const index = next++;
      etags[index] = await sendPart(upload, index, both);
    }
  };
  const workers = Array.from({ length: AT_ONCE }, () =>
    worker().catch((error: unknown) => {
      failed.abort(error);
      throw error;
    }),
  );
  const ends = await Promise.allSettled(workers);
  const first = ends.find((end) => end.status === 'rejected');
  if (first !== undefined) throw failed.signal.reason;
  return etags;
}

async function sendPart(
  { s3, key, file, size, partBytes, uploadId }: Upload,
  index: number,
  signal: AbortSignal,
): Promise<string> {
  const at = index * partBytes;
  const body = Buffer.allocUnsafe(Math.min(partBytes, size - at));
  let filled = 0;
  while (filled < body.length) {
    const { bytesRead } = await file.read(body, filled, body.length - filled, at + filled);
    if (bytesRead === 0) throw new Error('the file became shorter while it was read');
    filled += bytesRead;
  }
  const { ETag } = await s3.request(
    `writing ${key}`,
    PART_DEADLINE_MS * Math.ceil(partBytes / LEAST_PART_BYTES),
    signal,
    ({ sdk, client, abortSignal }) =>
      client.send(
        new sdk.UploadPartCommand({
          Bucket: s3.bucket,
          Key: s3.full(key),
          UploadId: uploadId,
          PartNumber: index + 1,
          Body: body,
        }),
        { abortSignal },
      ),
  );
  return ETag ?? '';
}
