/** What the answers of an S3 server mean. Neither its message nor the request is passed on: they may hold credentials. */
import { isZkferryError, ZkferryError } from '../../model/errors';

interface S3Failure {
  name?: string;
  code?: string;
  $metadata?: { httpStatusCode?: number };
}

export const statusOf = (error: unknown): number | undefined =>
  (error as S3Failure | null)?.$metadata?.httpStatusCode;

export const nameOf = (error: unknown): string => {
  const { name, code } = (error ?? {}) as S3Failure;
  const given = name !== undefined && name !== 'Error' ? name : (code ?? 'error');
  return /^[A-Za-z0-9_.-]{1,60}$/.test(given) ? given : 'error';
};

export const isNotFound = (error: unknown): boolean =>
  ['NoSuchKey', 'NotFound'].includes(nameOf(error)) ||
  (statusOf(error) === 404 && nameOf(error) !== 'NoSuchBucket');

const DENIED = /^(AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch|ExpiredToken|InvalidToken)/;
const NO_CREDENTIALS = /^(CredentialsProviderError|TokenProviderError|ProviderError)$/;
const ELSEWHERE = /^(PermanentRedirect|AuthorizationHeaderMalformed|TemporaryRedirect)$/;

/** `doing`: what was done and where, such as `writing a/b in s3://bucket`. */
export function s3Error(error: unknown, doing: string): unknown {
  if (isZkferryError(error)) return error;
  const status = statusOf(error);
  const name = nameOf(error);
  const said = status === undefined ? name : `${status} ${name}`;
  if (name === 'NoSuchBucket') {
    return new ZkferryError(
      'RepositoryMissing',
      `${doing} failed (${said}): create the bucket, or correct its name, endpoint or region`,
    );
  }
  if (NO_CREDENTIALS.test(name)) {
    return denied(`${doing} needs credentials and none were found`);
  }
  if (status === 401 || status === 403 || DENIED.test(name)) {
    return denied(`${doing} is not permitted (${said})`);
  }
  if (status === 301 || ELSEWHERE.test(name)) {
    return new ZkferryError(
      'RepositoryUnavailable',
      `${doing} failed (${said}): the bucket is in another region, or behind another endpoint; correct that`,
    );
  }
  const isRetryable = status === undefined || status >= 500 || status === 408 || status === 429;
  return new ZkferryError(
    'RepositoryUnavailable',
    `${doing} failed (${said}): look whether the endpoint is right and the server well`,
    { retryable: isRetryable },
  );
}

/** Keys are rotated and policies mended while a capture waits. */
const denied = (what: string): ZkferryError =>
  new ZkferryError(
    'RepositoryDenied',
    `${what}: check accessKeyId and secretAccessKey, and that they may list, read, write and delete there`,
    { retryable: true },
  );
