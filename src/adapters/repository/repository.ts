/** A repository as the rest of zkferry uses it. */
import type { Readable } from 'node:stream';
import type { z } from 'zod';
import type { ObjectStore } from '../../model/backupPorts';
import type { Encryption, RepositoryDocument, StoredObject } from '../../model/repository';
import type { EnsembleContents } from '../../planning/backup/contents';

export interface Repository {
  readonly store: ObjectStore;
  readonly document: RepositoryDocument;
  /** Whether what lies there can be read: it is not encrypted, or an identity is known. */
  readonly readable: boolean;

  /**
   * Compresses and encrypts; `sha256` of what comes out. At most 64 MiB. `isBackground`: most of the thread is left to
   * others, however long it takes.
   */
  seal(
    plain: Buffer,
    options?: { isBackground?: boolean },
  ): Promise<{ bytes: Buffer; sha256: string }>;
  /** `seal` and `put`. */
  putSealed(key: string, plain: Buffer, signal?: AbortSignal): Promise<StoredObject>;
  /**
   * A file of any size, in bounded memory. `directory`: for the sealed file, until it is stored. `bytesPerSecond`: most
   * that is read of the file.
   */
  putSealedFile(
    key: string,
    file: string,
    directory: string,
    signal?: AbortSignal,
    bytesPerSecond?: number,
  ): Promise<StoredObject>;
  /** The plain bytes; rejects, naming the key: BackupInvalid where the object is missing or altered, NotDecrypted for want of an identity. */
  unseal(
    object: Pick<StoredObject, 'key' | 'sha256' | 'plainBytes'>,
    signal?: AbortSignal,
  ): Promise<Buffer>;
  /**
   * As `unseal`, chunk by chunk, in bounded memory. The checksum is known at the end only: what was read counts once
   * the stream has ended without an error.
   */
  unsealStream(
    object: Pick<StoredObject, 'key' | 'sha256' | 'plainBytes'>,
    signal?: AbortSignal,
  ): Readable;

  /** A JSON document, atomically; its hash and size. */
  putDocument(key: string, document: object, signal?: AbortSignal): Promise<StoredObject>;
  /** ObjectMissing; RepositoryInvalid for one that does not fit the schema, or whose hash is another. */
  getDocument<T>(
    key: string,
    schema: z.ZodType<T>,
    options?: { sha256?: string; signal?: AbortSignal },
  ): Promise<T>;

  /** Names of the ensembles that have an ensemble.json, or a timeline whose ensemble.json is gone. */
  ensembles(signal?: AbortSignal): Promise<string[]>;
  /** Damage is told as findings, and what is damaged is left out. ObjectMissing where nothing is there of that ensemble. */
  contents(ensemble: string, signal?: AbortSignal): Promise<EnsembleContents>;
}

export interface RepositoryOptions {
  /** AGE-SECRET-KEY-1…, for reading an encrypted repository. */
  identities?: readonly string[];
  /** Why there are none, where there were to be: said once something has to be decrypted. */
  noIdentities?: string;
}

/** What `createRepository(store, encryption)` and `openRepository(store, options)` are, in ./openRepository.ts. */
export type CreateRepository = (store: ObjectStore, encryption: Encryption) => Promise<Repository>;
export type OpenRepository = (
  store: ObjectStore,
  options?: RepositoryOptions,
) => Promise<Repository>;
