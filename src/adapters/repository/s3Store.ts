/** Objects in a bucket of S3, or of a server that speaks its protocol. An object of S3 is there whole or not at all. */
import { Readable } from 'node:stream';
import type { ObjectStore, StoredEntry } from '../../model/backupPorts';
import { ZkferryError } from '../../model/errors';
import { codeOf } from './directoryErrors';
import { checkKey, checkPrefix, isSafeKey, isSafePart } from './objectKeys';
import { S3Connection, type S3Place, type S3Request } from './s3Client';
import { S3Creator } from './s3Create';
import { isNotFound, s3Error, statusOf } from './s3Errors';
import { uploadFile, uploadWhole } from './s3Upload';
import { missing, tooLarge } from './storeErrors';

const DEADLINE_MS = 60_000;
/** Slower than that a server counts as out of reach. */
const LEAST_BYTES_PER_MS = 64;
const DELETED_AT_ONCE = 1000;
const DELETES_AT_ONCE = 8;

export class S3Store implements ObjectStore {
  readonly leastFlushMs = 1000;
  readonly shown: string;
  private readonly s3: S3Connection;
  private readonly creator: S3Creator;
  private deletesOneByOne = false;

  constructor(place: S3Place) {
    this.s3 = new S3Connection(place);
    this.shown = this.s3.shown;
    this.creator = new S3Creator(this.s3, (key, signal) =>
      this.get(key, { maxBytes: 1 << 20, signal }),
    );
  }

  async put(key: string, body: Buffer, signal?: AbortSignal): Promise<void> {
    checkKey(key);
    await uploadWhole(this.s3, key, body, signal);
  }

  async putFile(key: string, file: string, signal?: AbortSignal): Promise<void> {
    checkKey(key);
    try {
      await uploadFile(this.s3, key, file, signal);
    } catch (error) {
      if (!codeOf(error).startsWith('E')) throw error;
      throw new ZkferryError(
        'RepositoryUnavailable',
        `${file} cannot be read (${codeOf(error)}), so ${key} was not written: look at that disk`,
        { retryable: true, cause: error },
      );
    }
  }

  /** At most 1 MiB. */
  async putNew(key: string, body: Buffer, signal?: AbortSignal): Promise<boolean> {
    checkKey(key);
    return this.creator.create(key, body, signal);
  }

  async get(
    key: string,
    { maxBytes = Infinity, signal }: { maxBytes?: number; signal?: AbortSignal } = {},
  ): Promise<Buffer> {
    checkKey(key);
    const expected = Number.isFinite(maxBytes) ? maxBytes : 1 << 30;
    const deadlineMs = DEADLINE_MS + expected / LEAST_BYTES_PER_MS;
    return this.s3.request(`reading ${key}`, deadlineMs, signal, async (request) => {
      const { body, length } = await this.body(key, request);
      const parts: Buffer[] = [];
      let read = 0;
      for await (const chunk of body as AsyncIterable<Buffer>) {
        read += chunk.length;
        if (read > maxBytes || (length ?? 0) > maxBytes) {
          throw tooLarge(this.shown, key, length ?? read, maxBytes);
        }
        parts.push(chunk);
      }
      if (length !== undefined && read !== length) throw cutOff(this.shown, key);
      return Buffer.concat(parts, read);
    });
  }

  async open(key: string, signal?: AbortSignal): Promise<Readable> {
    checkKey(key);
    const { shown } = this;
    // Only until the answer begins: how long the body may take is the reader's to say, silence has its own limit.
    const { body, length } = await this.s3.request(
      `reading ${key}`,
      DEADLINE_MS,
      undefined,
      ({ sdk, client }) =>
        this.body(key, { sdk, client, abortSignal: signal ?? new AbortController().signal }),
    );
    async function* chunks(): AsyncGenerator<Buffer> {
      let read = 0;
      try {
        for await (const chunk of body as AsyncIterable<Buffer>) {
          read += chunk.length;
          yield chunk;
        }
      } catch (error) {
        signal?.throwIfAborted();
        throw s3Error(error, `reading ${key} in ${shown}`);
      }
      if (length !== undefined && read !== length) throw cutOff(shown, key);
    }
    const stream = Readable.from(chunks(), { objectMode: false });
    stream.once('close', () => body.destroy());
    return stream;
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<StoredEntry[]> {
    checkPrefix(prefix);
    let token: string | undefined;
    do {
      const page = await this.page(prefix, token, undefined, signal);
      const entries = (page.Contents ?? [])
        .map(({ Key = '', Size = 0 }) => ({ key: this.s3.short(Key), bytes: Size }))
        .filter(({ key }) => isSafeKey(key));
      if (entries.length > 0) yield entries;
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
  }

  async folders(prefix: string, signal?: AbortSignal): Promise<string[]> {
    checkPrefix(prefix);
    const names: string[] = [];
    let token: string | undefined;
    do {
      const page = await this.page(prefix, token, '/', signal);
      for (const { Prefix = '' } of page.CommonPrefixes ?? []) {
        const name = this.s3.short(Prefix).slice(prefix.length, -1);
        if (isSafePart(name)) names.push(name);
      }
      token = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (token !== undefined);
    return names;
  }

  /** At most 5 GiB, as S3 copies in one request. */
  async copy(from: string, to: string, signal?: AbortSignal): Promise<void> {
    checkKey(from);
    checkKey(to);
    const command = {
      Bucket: this.s3.bucket,
      Key: this.s3.full(to),
      CopySource: `${this.s3.bucket}/${this.s3.full(from)}`,
    };
    await this.s3.request(
      `copying ${from}`,
      5 * DEADLINE_MS,
      signal,
      async ({ sdk, client, abortSignal }) => {
        try {
          await client.send(new sdk.CopyObjectCommand(command), { abortSignal });
        } catch (error) {
          throw isNotFound(error) ? missing(this.shown, from) : error;
        }
      },
    );
  }

  async delete(keys: readonly string[], signal?: AbortSignal): Promise<void> {
    keys.forEach(checkKey);
    for (let at = 0; at < keys.length; at += DELETED_AT_ONCE) {
      const some = keys.slice(at, at + DELETED_AT_ONCE);
      if (this.deletesOneByOne || !(await this.deleteTogether(some, signal))) {
        await this.deleteEach(some, signal);
      }
    }
  }

  /** False where the server does not take what the SDK sends for it (a checksum of a newer kind, say). */
  private async deleteTogether(keys: readonly string[], signal?: AbortSignal): Promise<boolean> {
    const Objects = keys.map((key) => ({ Key: this.s3.full(key) }));
    return this.s3.request(
      `deleting ${keys.length} objects`,
      DEADLINE_MS,
      signal,
      async ({ sdk, client, abortSignal }) => {
        try {
          const { Errors = [] } = await client.send(
            new sdk.DeleteObjectsCommand({
              Bucket: this.s3.bucket,
              Delete: { Objects, Quiet: true },
            }),
            { abortSignal },
          );
          const real = Errors.find(({ Code }) => Code !== 'NoSuchKey');
          if (real !== undefined) {
            throw { name: real.Code, $metadata: {} } as unknown as Error;
          }
          return true;
        } catch (error) {
          if (![400, 405, 411, 501].includes(statusOf(error) ?? 0)) throw error;
          this.deletesOneByOne = true;
          return false;
        }
      },
    );
  }

  private async deleteEach(keys: readonly string[], signal?: AbortSignal): Promise<void> {
    for (let at = 0; at < keys.length; at += DELETES_AT_ONCE) {
      await Promise.all(
        keys.slice(at, at + DELETES_AT_ONCE).map((key) =>
          this.s3.request(
            `deleting ${key}`,
            DEADLINE_MS,
            signal,
            async ({ sdk, client, abortSignal }) => {
              const target = { Bucket: this.s3.bucket, Key: this.s3.full(key) };
              await client
                .send(new sdk.DeleteObjectCommand(target), { abortSignal })
                .catch((error: unknown) => {
                  if (!isNotFound(error)) throw error;
                });
            },
          ),
        ),
      );
    }
  }

  private async body(
    key: string,
    { sdk, client, abortSignal }: S3Request,
  ): Promise<{ body: Readable; length: number | undefined }> {
    try {
      const answer = await client.send(
        new sdk.GetObjectCommand({ Bucket: this.s3.bucket, Key: this.s3.full(key) }),
        { abortSignal },
      );
      return { body: answer.Body as Readable, length: answer.ContentLength };
    } catch (error) {
      throw isNotFound(error) ? missing(this.shown, key) : error;
    }
  }

  private page(
    prefix: string,
    token: string | undefined,
    Delimiter: string | undefined,
    signal?: AbortSignal,
  ) {
    return this.s3.request(
      `listing ${prefix === '' ? 'objects' : prefix}`,
      DEADLINE_MS,
      signal,
      ({ sdk, client, abortSignal }) =>
        client.send(
          new sdk.ListObjectsV2Command({
            Bucket: this.s3.bucket,
            Prefix: this.s3.full(prefix),
            ContinuationToken: token,
            Delimiter,
          }),
          { abortSignal },
        ),
    );
  }
}

const cutOff = (shown: string, key: string): ZkferryError =>
  new ZkferryError(
    'RepositoryUnavailable',
    `reading ${key} in ${shown} ended before its end: look whether the network is well`,
    { retryable: true },
  );
