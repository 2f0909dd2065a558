/** One S3 bucket and prefix, as the store talks to it: the SDK is loaded at the first request. */
import type * as S3Sdk from '@aws-sdk/client-s3';
import { s3Error } from './s3Errors';

const CONNECT_TIMEOUT_MS = 5_000;
/** Until an answer begins, and between two parts of one. */
const REQUEST_TIMEOUT_MS = 30_000;
const IDLE_TIMEOUT_MS = 120_000;
const ATTEMPTS = 3;

/** As S3Spec, its secrets resolved; without credentials the SDK looks where it does. */
export interface S3Place {
  bucket: string;
  prefix?: string;
  endpoint?: string;
  region: string;
  pathStyle: boolean;
  credentials?: { accessKeyId: string; secretAccessKey: string };
}

export type Sdk = typeof S3Sdk;

export interface S3Request {
  sdk: Sdk;
  client: S3Sdk.S3Client;
  /** Of this request: aborted by the caller, and at the deadline. */
  abortSignal: AbortSignal;
}

export class S3Connection {
  readonly shown: string;
  private opening: Promise<{ sdk: Sdk; client: S3Sdk.S3Client }> | undefined;

  constructor(private readonly place: S3Place) {
    const prefix = place.prefix === undefined ? '' : `/${place.prefix}`;
    this.shown = `s3://${place.bucket}${prefix}`;
  }

  get bucket(): string {
    return this.place.bucket;
  }

  /** The bucket's key of a repository's. */
  full(key: string): string {
    return this.place.prefix === undefined ? key : `${this.place.prefix}/${key}`;
  }

  /** The way back. */
  short(full: string): string {
    return this.place.prefix === undefined ? full : full.slice(this.place.prefix.length + 1);
  }

  /** `doing`: for messages. The caller's abort is thrown as it is, everything else as ZkferryError. */
  async request<T>(
    doing: string,
    deadlineMs: number,
    signal: AbortSignal | undefined,
    send: (request: S3Request) => Promise<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    const deadline = AbortSignal.timeout(Math.ceil(deadlineMs));
    const abortSignal = signal === undefined ? deadline : AbortSignal.any([signal, deadline]);
    try {
      return await send({ ...(await this.opened()), abortSignal });
    } catch (error) {
      signal?.throwIfAborted();
      throw s3Error(error, `${doing} in ${this.shown}`);
    }
  }

  private opened(): Promise<{ sdk: Sdk; client: S3Sdk.S3Client }> {
    // Which Node the SDK will want one day is nothing for those who run a command.
    process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';
    this.opening ??= import('@aws-sdk/client-s3').then((sdk) => ({
      sdk,
      client: new sdk.S3Client(settingsOf(this.place)),
    }));
    return this.opening;
  }
}

function settingsOf(place: S3Place): ConstructorParameters<typeof S3Sdk.S3Client>[0] & object {
  return {
    region: place.region,
    endpoint: place.endpoint,
    forcePathStyle: place.pathStyle,
    credentials: place.credentials,
    maxAttempts: ATTEMPTS,
    // Servers other than AWS's know neither the checksums the SDK adds nor those it expects.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
      socketTimeout: IDLE_TIMEOUT_MS,
    },
  };
}
