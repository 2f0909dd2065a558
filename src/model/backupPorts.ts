/**
 * What backups need from the outside: places that keep objects, and what is done with a repository in them. One real
 * implementation each, in src/adapters. All methods reject with ZkferryError.
 */
import type { Readable } from 'node:stream';

export interface StoredEntry {
  key: string;
  bytes: number;
}

/**
 * Keeps immutable objects by key (`a/b/c`, of safe characters). Errors: RepositoryUnavailable (retryable: out of reach,
 * full, not writable now), RepositoryDenied (credentials, permissions), ObjectMissing.
 */
export interface ObjectStore {
  /** For messages: `/backups/zk`, `s3://bucket/prefix`. Never credentials. */
  readonly shown: string;
  /** Least time between two writes of captured transactions, in ms: more where a write costs more. */
  readonly leastFlushMs: number;
  /** Makes the place ready for a new repository where that needs doing. Refused where something else is there. */
  prepare?(signal?: AbortSignal): Promise<void>;
  /** Resolves once it is durable. An object of that key is replaced as a whole, never seen half. */
  put(key: string, body: Buffer, signal?: AbortSignal): Promise<void>;
  /** As `put`, of any size, from a file on this machine. */
  putFile(key: string, file: string, signal?: AbortSignal): Promise<void>;
  /** False where an object of that key is there already: nothing is changed then. Of two at once one wins. */
  putNew(key: string, body: Buffer, signal?: AbortSignal): Promise<boolean>;
  /** `maxBytes`: larger ones are refused (RepositoryInvalid) before they fill the memory. ObjectMissing. */
  get(key: string, options?: { maxBytes?: number; signal?: AbortSignal }): Promise<Buffer>;
  /** ObjectMissing. */
  open(key: string, signal?: AbortSignal): Promise<Readable>;
  /** Below a prefix that ends in `/`, in the order of the keys; nothing where there is none. */
  list(prefix: string, signal?: AbortSignal): AsyncGenerator<StoredEntry[]>;
  /** Names directly below the prefix that have more below them. */
  folders(prefix: string, signal?: AbortSignal): Promise<string[]>;
  copy(from: string, to: string, signal?: AbortSignal): Promise<void>;
  /** Those that are not there count as deleted. */
  delete(keys: readonly string[], signal?: AbortSignal): Promise<void>;
}
