import { isZkferryError } from '../../model/errors';

/**
 * Why something in a repository cannot be used, for a finding. Errors of the place, which say nothing of the object,
 * are thrown on: what could not be looked at is not damaged.
 */
export function damageOf(error: unknown): string {
  if (!isZkferryError(error)) throw error;
  const { type, message } = error;
  if (type === 'RepositoryInvalid' || type === 'BackupInvalid' || type === 'ObjectMissing') {
    return message;
  }
  throw error;
}

/** Whether an object was not there when it was read. */
export const isGone = (error: unknown): boolean =>
  isZkferryError(error) &&
  (error.type === 'ObjectMissing' ||
    (isZkferryError(error.cause) && error.cause.type === 'ObjectMissing'));
