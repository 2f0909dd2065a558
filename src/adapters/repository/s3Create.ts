/**
 * Making an object that must not be there yet. S3 decides it by `If-None-Match: *`. Some servers refuse that header, and
 * some ignore it, so the first success is tried once more: a server that knows the header refuses then. Without it, it is
 * HEAD, PUT and, after a while, reading back: of two writers both may see nothing, but the later PUT is what both read
 * back, unless one's PUT comes later than the other's by more than that while.
 */
import { setTimeout as passed } from 'node:timers/promises';
import { isZkferryError } from '../../model/errors';
import type { S3Connection } from './s3Client';
import { isNotFound, nameOf, statusOf } from './s3Errors';

const DEADLINE_MS = 60_000;
/** Far above what one PUT of a small object takes. */
const SETTLE_MS = 2_000;

/** What a server makes of the header: known after the first object that was made. */
export type ConditionalWrites = 'unknown' | 'kept' | 'refused' | 'ignored';

type Answer = 'made' | 'there' | 'notKnown';

export class S3Creator {
  private conditional: ConditionalWrites = 'unknown';

  constructor(
    private readonly s3: S3Connection,
    private readonly read: (key: string, signal?: AbortSignal) => Promise<Buffer>,
  ) {}

  /**
   * False where another's body is there. A request that is sent again after its answer was lost finds its own, so two
   * writers must never send the same body.
   */
  async create(key: string, body: Buffer, signal?: AbortSignal): Promise<boolean> {
    if (await this.isThere(key, signal)) return false;
    if (this.conditional === 'kept' || this.conditional === 'unknown') {
      const answer = await this.put(key, body, true, signal);
      if (answer === 'there') return this.isOurs(key, body, signal);
      if (answer === 'notKnown') {
        this.conditional = 'refused';
        await this.put(key, body, false, signal);
      } else {
        if (this.conditional === 'kept') return true;
        if (await this.keepsCondition(key, body, signal)) return this.isOurs(key, body, signal);
      }
    } else {
      await this.put(key, body, false, signal);
    }
    await passed(SETTLE_MS, undefined, { signal });
    return this.isOurs(key, body, signal);
  }

  private async keepsCondition(key: string, body: Buffer, signal?: AbortSignal): Promise<boolean> {
    this.conditional = (await this.put(key, body, true, signal)) === 'there' ? 'kept' : 'ignored';
    return this.conditional === 'kept';
  }

  private async isThere(key: string, signal?: AbortSignal): Promise<boolean> {
    return this.s3.request(
      `looking for ${key}`,
      DEADLINE_MS,
      signal,
      async ({ sdk, client, abortSignal }) => {
        try {
          const command = new sdk.HeadObjectCommand({
            Bucket: this.s3.bucket,
            Key: this.s3.full(key),
          });
          await client.send(command, { abortSignal });
          return true;
        } catch (error) {
          if (isNotFound(error)) return false;
          throw error;
        }
      },
    );
  }

  private async isOurs(key: string, body: Buffer, signal?: AbortSignal): Promise<boolean> {
    try {
      return (await this.read(key, signal)).equals(body);
    } catch (error) {
      // Another's, and larger; or made by another and removed since.
      if (isZkferryError(error) && error.type === 'RepositoryInvalid') return false;
      if (isZkferryError(error) && error.type === 'ObjectMissing') return false;
      throw error;
    }
  }

  private async put(
    key: string,
    body: Buffer,
    isConditional: boolean,
    signal?: AbortSignal,
  ): Promise<Answer> {
    return this.s3.request(
      `writing ${key}`,
      DEADLINE_MS,
      signal,
      async ({ sdk, client, abortSignal }) => {
        const command = new sdk.PutObjectCommand({
          Bucket: this.s3.bucket,
          Key: this.s3.full(key),
          Body: body,
          IfNoneMatch: isConditional ? '*' : undefined,
        });
        try {
          await client.send(command, { abortSignal });
          return 'made';
        } catch (error) {
          const status = statusOf(error);
          if (!isConditional) throw error;
          // 409: another is writing it at this moment.
          if (status === 412 || status === 409 || status === 304) return 'there';
          if (status === 501 || (status === 400 && /NotImplemented|Invalid/.test(nameOf(error)))) {
            return 'notKnown';
          }
          throw error;
        }
      },
    );
  }
}
