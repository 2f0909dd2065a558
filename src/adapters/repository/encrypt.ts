/**
 * age (age-encryption.org/v1), as `age -d` reads it. The library is an ES module only, so it is imported past the
 * compiler, which would make a `require` of it, and past test runners that replace the module system.
 */
import { ReadableStream } from 'node:stream/web';
import { pathToFileURL } from 'node:url';
import { constants, Script } from 'node:vm';
import type * as Age from 'age-encryption';
import { ZkferryError } from '../../model/errors';

type AgeLibrary = typeof Age;
type AgeStream = Parameters<Age.Encrypter['encrypt']>[0] & globalThis.ReadableStream<Uint8Array>;
type Chunks = Iterable<Buffer> | AsyncIterable<Buffer>;

let loading: Promise<AgeLibrary> | undefined;

async function loadAge(): Promise<AgeLibrary> {
  loading ??= importModule(pathToFileURL(require.resolve('age-encryption')).href);
  return loading;
}

/** Compiled at run time, so that the compiler leaves it an `import`. */
async function importModule(url: string): Promise<AgeLibrary> {
  const load = (0, eval)('(url) => import(url)') as (url: string) => Promise<AgeLibrary>;
  try {
    return await load(url);
  } catch (error) {
    // Within a context of node:vm, as test runners make it, there is no `import` but the main context's.
    const loader = constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER;
    if (loader === undefined) throw error;
    const script = new Script('(url) => import(url)', { importModuleDynamically: loader });
    return (script.runInThisContext() as typeof load)(url);
  }
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Encrypts to all of these. `recipients`: `age1…`; InvalidInput for one that is none. */
export class AgeEncryption {
  private constructor(private readonly encrypter: Age.Encrypter) {}

  static async to(recipients: readonly string[]): Promise<AgeEncryption> {
    const encrypter = new (await loadAge()).Encrypter();
    for (const recipient of recipients) {
      try {
        encrypter.addRecipient(recipient);
      } catch {
        throw new ZkferryError(
          'InvalidInput',
          `${recipient} is no recipient of age: copy the line "public key" that age-keygen writes`,
        );
      }
    }
    return new AgeEncryption(encrypter);
  }

  async encrypt(plain: Buffer): Promise<Buffer> {
    return asBuffer(await this.encrypter.encrypt(plain));
  }

  /** In bounded memory. */
  async *encrypted(source: Chunks): AsyncGenerator<Buffer> {
    const chunks = toAsync(source);
    try {
      yield* chunksOf(await this.encrypter.encrypt(webStream(chunks)));
    } finally {
      await chunks.return(undefined);
    }
  }
}

/** What was encrypted to one of these identities. `AGE-SECRET-KEY-1…`; InvalidInput for one that is none. */
export class AgeDecryption {
  private constructor(private readonly decrypter: Age.Decrypter) {}

  static async with(identities: readonly string[]): Promise<AgeDecryption> {
    const decrypter = new (await loadAge()).Decrypter();
    for (const [index, identity] of identities.entries()) {
      try {
        decrypter.addIdentity(identity.trim());
      } catch {
        // The text is a secret: not even its beginning is shown.
        throw new ZkferryError(
          'InvalidInput',
          `identity ${index + 1} of ${identities.length} is no identity of age: give the line AGE-SECRET-KEY-1… that age-keygen writes`,
        );
      }
    }
    return new AgeDecryption(decrypter);
  }

  /** In bounded memory. NotDecrypted where none of the identities fits, BackupInvalid where something was altered. */
  async *decrypted(source: Chunks): AsyncGenerator<Buffer> {
    const chunks = toAsync(source);
    try {
      yield* chunksOf(await this.decrypter.decrypt(webStream(chunks)));
    } catch (error) {
      throw decryptionError(error);
    } finally {
      // The library leaves its source open where it refuses it.
      await chunks.return(undefined);
    }
  }
}

/** What stands in the way where nobody gave an identity; `why`: or the one that is named cannot be had. */
export const noIdentity = (why?: string): ZkferryError =>
  new ZkferryError(
    'NotDecrypted',
    `is encrypted and no identity is known${why === undefined ? '' : ` (${why})`}: give the AGE-SECRET-KEY-1… of one of the recipients in repository.json`,
  );

function decryptionError(error: unknown): unknown {
  const { name, message } = error as Error;
  if (name === 'ZkferryError') return error;
  if (/no identity matched/.test(message)) {
    return new ZkferryError(
      'NotDecrypted',
      'is encrypted to others than the identities given, or its first bytes were altered: give the AGE-SECRET-KEY-1… of one of the recipients in repository.json',
    );
  }
  return new ZkferryError('BackupInvalid', `cannot be decrypted (${message})`);
}

function webStream(chunks: AsyncGenerator<Buffer>): AgeStream {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await chunks.next();
        if (next.done) controller.close();
        else controller.enqueue(next.value);
      },
      async cancel() {
        await chunks.return(undefined);
      },
    },
    { highWaterMark: 0 },
  );
}

async function* toAsync(source: Chunks): AsyncGenerator<Buffer> {
  yield* source;
}

/** Leaving early cancels the stream, and so what it reads from. */
async function* chunksOf(stream: unknown): AsyncGenerator<Buffer> {
  for await (const chunk of stream as ReadableStream<Uint8Array>) {
    if (chunk.length > 0) yield asBuffer(chunk);
  }
}
