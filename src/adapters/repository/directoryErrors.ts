/** What the errors of a file system mean to those who keep backups in it. */
import { isZkferryError, ZkferryError } from '../../model/errors';

export const codeOf = (error: unknown): string =>
  (error as NodeJS.ErrnoException | null)?.code ?? 'error';

const SAYS: Record<string, string> = {
  ENOSPC: 'the disk is full: make room, or move the repository',
  EDQUOT: 'its quota is used up: make room, or raise the quota',
  EROFS: 'the file system is read-only: remount it for writing',
  ENOENT:
    'a part of its path is not there and cannot be made: look whether the file system is mounted, and not read-only',
  EIO: 'the disk reports an error: look at the logs of the kernel',
  ESTALE: 'the network file system lost it: mount it again',
};

/**
 * Permissions can be given back while a capture waits, so even RepositoryDenied is worth another attempt. An object or
 * directory that is not there is for the caller to tell.
 */
export function directoryError(error: unknown, doing: string): unknown {
  if (isZkferryError(error) || (error as Error | null)?.name === 'AbortError') return error;
  const code = codeOf(error);
  if (code === 'EACCES' || code === 'EPERM') {
    return new ZkferryError(
      'RepositoryDenied',
      `${doing} is not permitted (${code}): give the user of this process the right to read and write there`,
      { retryable: true, cause: error },
    );
  }
  if (code === 'ENOTDIR' || code === 'EISDIR' || code === 'ELOOP' || code === 'EEXIST') {
    return new ZkferryError(
      'RepositoryInvalid',
      `${doing} failed (${code}): something other than an object of zkferry is in its place; look at what lies there`,
      { cause: error },
    );
  }
  const why = SAYS[code] ?? 'look whether the file system is there and sound';
  return new ZkferryError('RepositoryUnavailable', `${doing} failed (${code}): ${why}`, {
    retryable: true,
    cause: error,
  });
}

/** A file operation that hangs (a network file system, a dying disk) is given up after `deadlineMs`; it may still end later. */
export async function bounded<T>(
  doing: string,
  deadlineMs: number,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  let stop: () => void = () => undefined;
  const given = new Promise<never>((_, reject) => {
    const timer = setTimeout(() => reject(hung(doing, deadlineMs)), deadlineMs);
    const aborted = (): void => reject(signal?.reason as Error);
    signal?.addEventListener('abort', aborted, { once: true });
    stop = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', aborted);
    };
  });
  try {
    return await Promise.race([work(), given]);
  } catch (error) {
    if (signal?.aborted && error === signal.reason) throw error;
    throw directoryError(error, doing);
  } finally {
    stop();
  }
}

const hung = (doing: string, deadlineMs: number): ZkferryError =>
  new ZkferryError(
    'RepositoryUnavailable',
    `${doing} did not end within ${deadlineMs / 1000} s: look whether the file system hangs`,
    { retryable: true },
  );
