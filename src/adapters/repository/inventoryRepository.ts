/** A repository by its name in the inventory. */
import { isZkferryError, ZkferryError } from '../../model/errors';
import type { InventoryPort, SecretsPort } from '../../model/ports';
import type { Encryption } from '../../model/repository';
import type { RepositorySpec } from '../../model/repositorySpec';
import { createRepository, openRepository } from './openRepository';
import { openStore } from './openStore';
import type { Repository, RepositoryOptions } from './repository';

export interface RepositorySources {
  inventory: InventoryPort;
  secrets: SecretsPort;
}

/**
 * Ready for reading too, where the inventory has an identity. UnknownRepository, RepositoryMissing (made by
 * `zkferry backup init`, never by the way: an empty place may be a disk that is not mounted), RepositoryInvalid
 * where it is encrypted otherwise than the inventory says. `given`: identities to read with instead of the inventory's.
 */
export async function openNamedRepository(
  { inventory, secrets }: RepositorySources,
  name: string,
  given: readonly string[] = [],
): Promise<Repository> {
  const spec = await inventory.repository(name);
  const identity = spec.encryption === 'none' ? undefined : spec.encryption.identity;
  const options =
    identity === undefined || given.length > 0
      ? { identities: given }
      : await identityOf(identity, secrets);
  const repository = await openRepository(await openStore(spec, secrets), options);
  refuseOther(name, repository, encryptionOf(spec));
  return repository;
}

/** Whoever captures or lists needs none, so that a key which is kept elsewhere stops nothing but reading. */
async function identityOf(reference: string, secrets: SecretsPort): Promise<RepositoryOptions> {
  try {
    return { identities: [await secrets.resolve(reference)] };
  } catch (error) {
    if (!isZkferryError(error) || error.type !== 'SecretMissing') throw error;
    return { noIdentities: error.message };
  }
}

/** Refused where one, or anything else, is there already. */
export async function createNamedRepository(
  { inventory, secrets }: RepositorySources,
  name: string,
): Promise<Repository> {
  const spec = await inventory.repository(name);
  return createRepository(await openStore(spec, secrets), encryptionOf(spec));
}

const encryptionOf = ({ encryption }: RepositorySpec): Encryption =>
  encryption === 'none'
    ? { kind: 'none' }
    : { kind: 'age', recipients: [...encryption.recipients] };

function refuseOther(name: string, { document, store }: Repository, wanted: Encryption): void {
  const shown = (encryption: Encryption): string =>
    encryption.kind === 'none' ? 'none' : `age to ${[...encryption.recipients].sort().join(', ')}`;
  const [there, asked] = [shown(document.encryption), shown(wanted)];
  if (there === asked) return;
  throw new ZkferryError(
    'RepositoryInvalid',
    `repositories.${name}.encryption: the inventory says ${asked}, but ${store.shown} was made with ${there}: correct the inventory, or choose another place`,
  );
}
