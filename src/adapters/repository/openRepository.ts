/** Repositories are made and opened here: repository.json says that it is one, of which format, and to whom it is encrypted. */
import { randomBytes } from 'node:crypto';
import type { ObjectStore } from '../../model/backupPorts';
import { isZkferryError, ZkferryError } from '../../model/errors';
import {
  REPOSITORY_FORMAT,
  repositoryDocumentSchema,
  type Encryption,
  type RepositoryDocument,
} from '../../model/repository';
import { REPOSITORY_KEY } from '../../planning/backup/keys';
import {
  checkSelf,
  encodeDocument,
  invalid,
  MAX_DOCUMENT_BYTES,
  parseJson,
  proven,
} from './documents';
import { AgeDecryption, AgeEncryption } from './encrypt';
import type { Repository, RepositoryOptions } from './repository';
import type { SealingKeys } from './sealing';
import { SealedRepository } from './sealedRepository';

/** Refused where a repository, or anything else, is there already. InvalidInput for recipients that are none. */
export async function createRepository(
  store: ObjectStore,
  encryption: Encryption,
): Promise<Repository> {
  const keys = await keysOf(encryption);
  if ((await readOwnDocument(store)) !== undefined) throw alreadyThere(store);
  await store.prepare?.();
  for await (const [first] of store.list('')) {
    if (first === undefined) continue;
    throw new ZkferryError(
      'Refused',
      `${store.shown} is not empty (${first.key} is in it) and no repository: choose an empty place`,
    );
  }
  const document: RepositoryDocument = proven({
    kind: 'zkferry-repository' as const,
    format: REPOSITORY_FORMAT,
    id: randomBytes(16).toString('hex'),
    createdAt: new Date().toISOString(),
    encryption,
  });
  if (!(await store.putNew(REPOSITORY_KEY, encodeDocument(document)))) throw alreadyThere(store);
  return new SealedRepository(store, document, keys);
}

/**
 * RepositoryMissing, RepositoryInvalid (something else, a newer format, damage); InvalidInput for identities that are
 * none. Whether an identity fits is told by what it is to decrypt.
 */
export async function openRepository(
  store: ObjectStore,
  { identities = [], noIdentities }: RepositoryOptions = {},
): Promise<Repository> {
  const bytes = await readOwnDocument(store);
  if (bytes === undefined) throw await notThere(store);
  const document = parseRepository(store, bytes);
  return new SealedRepository(store, document, {
    ...(await keysOf(document.encryption, identities)),
    ...(noIdentities !== undefined && { undecryptable: noIdentities }),
  });
}

async function keysOf(
  encryption: Encryption,
  identities: readonly string[] = [],
): Promise<SealingKeys> {
  if (encryption.kind === 'none') return {};
  return {
    encryption: await AgeEncryption.to(encryption.recipients),
    decryption: identities.length === 0 ? undefined : await AgeDecryption.with(identities),
  };
}

async function readOwnDocument(store: ObjectStore): Promise<Buffer | undefined> {
  try {
    return await store.get(REPOSITORY_KEY, { maxBytes: MAX_DOCUMENT_BYTES });
  } catch (error) {
    if (isZkferryError(error) && (error.type === 'ObjectMissing' || isRootMissing(error))) {
      return undefined;
    }
    throw error;
  }
}

/** Before anything was there it is not a disk that is gone, but a wrong or a new place. */
const isRootMissing = (error: ZkferryError): boolean =>
  (error.options.details as { code?: string } | undefined)?.code === 'RootMissing';

function parseRepository(store: ObjectStore, bytes: Buffer): RepositoryDocument {
  const raw = parseJson(store, REPOSITORY_KEY, bytes) as Partial<RepositoryDocument>;
  if (raw.kind !== 'zkferry-repository') {
    throw new ZkferryError(
      'RepositoryInvalid',
      `${REPOSITORY_KEY} in ${store.shown} is not zkferry's: choose another place`,
    );
  }
  if (typeof raw.format === 'number' && raw.format > REPOSITORY_FORMAT) {
    throw new ZkferryError(
      'RepositoryInvalid',
      `the repository in ${store.shown} is of format ${raw.format}, and this zkferry knows formats up to ${REPOSITORY_FORMAT}: use a newer zkferry`,
    );
  }
  const parsed = repositoryDocumentSchema.safeParse(raw);
  if (parsed.success) {
    checkSelf(store, REPOSITORY_KEY, raw);
    return parsed.data;
  }
  const [issue] = parsed.error.issues;
  throw invalid(store, REPOSITORY_KEY, `${issue!.path.join('.') || 'it'}: ${issue!.message}`);
}

async function notThere(store: ObjectStore): Promise<ZkferryError> {
  if (await holdsSomething(store)) {
    return new ZkferryError(
      'RepositoryInvalid',
      `${store.shown} holds something, but no ${REPOSITORY_KEY}: it is no repository, or that file was deleted; look at what lies there`,
    );
  }
  return new ZkferryError(
    'RepositoryMissing',
    `no repository is in ${store.shown}: make one with "zkferry backup init", or correct the place`,
  );
}

async function holdsSomething(store: ObjectStore): Promise<boolean> {
  try {
    for await (const entries of store.list('')) if (entries.length > 0) return true;
    return false;
  } catch (error) {
    if (isZkferryError(error) && isRootMissing(error)) return false;
    throw error;
  }
}

const alreadyThere = (store: ObjectStore): ZkferryError =>
  new ZkferryError(
    'Refused',
    `a repository is in ${store.shown} already: use it as it is, or choose another place`,
  );
