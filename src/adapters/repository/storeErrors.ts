/** What all stores say alike. `shown`: the store's; never credentials. */
import { ZkferryError } from '../../model/errors';

export const missing = (shown: string, key: string): ZkferryError =>
  new ZkferryError('ObjectMissing', `${key} is not in ${shown}`, { details: { key } });

export const tooLarge = (
  shown: string,
  key: string,
  bytes: number,
  maxBytes: number,
): ZkferryError =>
  new ZkferryError(
    'RepositoryInvalid',
    `${key} in ${shown} has ${bytes} bytes where at most ${maxBytes} are expected: something else lies in its place`,
    { details: { key } },
  );
