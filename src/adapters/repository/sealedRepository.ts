/** A repository in a store: what is put is sealed, what is read is checked. */
import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { z } from 'zod';
import type { ObjectStore } from '../../model/backupPorts';
import { isZkferryError } from '../../model/errors';
import type { RepositoryDocument, StoredObject } from '../../model/repository';
import type { EnsembleContents } from '../../planning/backup/contents';
import { isEnsembleName, keys, prefixes } from '../../planning/backup/keys';
import { codeOf, directoryError } from './directoryErrors';
import { invalid, MAX_DOCUMENT_BYTES, putDocument, readDocument } from './documents';
import { readContents } from './readContents';
import type { Repository } from './repository';
import {
  invalidObject,
  sealBuffer,
  sealedBound,
  sealFile,
  unsealBuffer,
  unsealed,
  type SealingKeys,
  type SealOptions,
} from './sealing';

type SealedObject = Pick<StoredObject, 'key' | 'sha256' | 'plainBytes'>;

export class SealedRepository implements Repository {
  constructor(
    readonly store: ObjectStore,
    readonly document: RepositoryDocument,
    private readonly sealing: SealingKeys,
  ) {}

  get readable(): boolean {
    return !this.isEncrypted || this.sealing.decryption !== undefined;
  }

  private get isEncrypted(): boolean {
    return this.document.encryption.kind !== 'none';
  }

  seal(plain: Buffer, options?: SealOptions): Promise<{ bytes: Buffer; sha256: string }> {
    return sealBuffer(plain, this.sealing, options);
  }

  async putSealed(key: string, plain: Buffer, signal?: AbortSignal): Promise<StoredObject> {
    const { bytes, sha256 } = await this.seal(plain);
    await this.store.put(key, bytes, signal);
    return { key, sha256, bytes: bytes.length, plainBytes: plain.length };
  }

  async putSealedFile(
    key: string,
    file: string,
    directory: string,
    signal?: AbortSignal,
    bytesPerSecond?: number,
  ): Promise<StoredObject> {
    const sealedFile = join(directory, `sealed-${randomBytes(8).toString('hex')}`);
    try {
      const sealed = await sealFile(file, sealedFile, this.sealing, signal, bytesPerSecond).catch(
        (error: unknown) => {
          signal?.throwIfAborted();
          throw codeOf(error).startsWith('E')
            ? directoryError(error, `sealing ${file} into ${directory}`)
            : error;
        },
      );
      await this.store.putFile(key, sealedFile, signal);
      return { key, ...sealed };
    } finally {
      await rm(sealedFile, { force: true });
    }
  }

  async unseal(object: SealedObject, signal?: AbortSignal): Promise<Buffer> {
    const maxBytes = sealedBound(object.plainBytes);
    let stored: Buffer;
    try {
      stored = await this.store.get(object.key, { maxBytes, signal });
    } catch (error) {
      throw invalidObject(object.key, error);
    }
    return unsealBuffer(stored, this.described(object), this.sealing);
  }

  unsealStream(object: SealedObject, signal?: AbortSignal): Readable {
    const { store } = this;
    async function* stored(): AsyncGenerator<Buffer> {
      yield* (await store.open(object.key, signal)) as AsyncIterable<Buffer>;
    }
    const plain = unsealed(stored(), this.described(object), this.sealing);
    return Readable.from(plain, { objectMode: false, signal });
  }

  putDocument(key: string, document: object, signal?: AbortSignal): Promise<StoredObject> {
    return putDocument(this.store, key, document, signal);
  }

  async getDocument<T>(
    key: string,
    schema: z.ZodType<T>,
    { sha256, signal }: { sha256?: string; signal?: AbortSignal } = {},
  ): Promise<T> {
    const read = await readDocument(this.store, key, schema, signal);
    if (sha256 === undefined || read.sha256 === sha256) return read.document;
    throw invalid(this.store, key, `its SHA-256 is ${read.sha256} where ${sha256} is expected`);
  }

  async ensembles(signal?: AbortSignal): Promise<string[]> {
    const names: string[] = [];
    for (const name of await this.store.folders('', signal)) {
      if (!isEnsembleName(name)) continue;
      if ((await this.hasDocument(name, signal)) || (await this.hasTimeline(name, signal)))
        names.push(name);
    }
    return names;
  }

  contents(ensemble: string, signal?: AbortSignal): Promise<EnsembleContents> {
    return readContents(this.store, ensemble, this.document, signal);
  }

  private async hasDocument(ensemble: string, signal?: AbortSignal): Promise<boolean> {
    try {
      await this.store.get(keys.ensemble(ensemble), { maxBytes: MAX_DOCUMENT_BYTES, signal });
      return true;
    } catch (error) {
      if (isZkferryError(error) && error.type === 'ObjectMissing') return false;
      // It is there, whatever it is: `contents` tells.
      if (isZkferryError(error) && error.type === 'RepositoryInvalid') return true;
      throw error;
    }
  }

  private async hasTimeline(name: string, signal?: AbortSignal): Promise<boolean> {
    const folders = await this.store.folders(prefixes.ensemble(name), signal);
    return folders.some((folder) => /^\d{4}$/.test(folder));
  }

  private described(object: SealedObject) {
    return { ...object, isEncrypted: this.isEncrypted };
  }
}
