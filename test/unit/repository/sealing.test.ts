/** What is sealed comes back as it was, by zkferry and by plain tools, in bounded memory; what is altered never does. */
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { openSync, readFileSync, rmSync, writeFileSync, writeSync, closeSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import {
  compressed,
  decompressed,
  FRAME_PLAIN_BYTES,
} from '../../../src/adapters/repository/compress';
import { createRepository, openRepository } from '../../../src/adapters/repository/openRepository';
import type { Repository } from '../../../src/adapters/repository/repository';
import type { StoredObject } from '../../../src/model/repository';
import { ageKey, OTHER_KEY } from '../../support/ageKeys';
import { directoryPlace, temporaryDirectory } from '../../support/stores';

const { recipient, identity } = ageKey;
const ROOT = join(__dirname, '../../..');

async function collect(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

/** As data is: partly repeated, partly random. */
const plainOf = (length: number, seed: number): Buffer => {
  const bytes = Buffer.alloc(length, `/app/node-${seed}/`);
  randomBytes(Math.floor(length / 3)).copy(bytes, Math.floor(length / 3));
  return bytes;
};

describe.each(['none', 'age'] as const)('objects of a repository with encryption %s', (kind) => {
  const place = directoryPlace();
  const scratch = temporaryDirectory();
  let repository: Repository;
  beforeAll(async () => {
    await createRepository(
      place.store,
      kind === 'none' ? { kind } : { kind, recipients: [recipient, OTHER_KEY.recipient] },
    );
    repository = await openRepository(place.store, { identities: [identity] });
  });
  afterAll(async () => {
    rmSync(scratch, { recursive: true });
    await place.close();
  });

  it('come back as they were, whatever their size, from memory and from files', async () => {
    const length = fc.oneof(
      fc.integer({ min: 0, max: 3 << 20 }),
      fc.constantFrom(0, 1, 65_535, 65_536, 65_537, FRAME_PLAIN_BYTES - 1, FRAME_PLAIN_BYTES),
      fc.constantFrom(FRAME_PLAIN_BYTES + 1, 2 * FRAME_PLAIN_BYTES, 3 * FRAME_PLAIN_BYTES),
    );
    await fc.assert(
      fc.asyncProperty(length, fc.nat(), async (bytes, seed) => {
        const plain = plainOf(bytes, seed);
        const file = join(scratch, 'plain');
        writeFileSync(file, plain);
        const ofMemory = await repository.putSealed('of/memory', plain);
        const ofFile = await repository.putSealedFile('of/file', file, scratch);
        const { bytes: quiet, sha256 } = await repository.seal(plain, { isBackground: true });
        await place.store.put('of/background', quiet);
        const inBackground = { ...ofMemory, key: 'of/background', bytes: quiet.length, sha256 };
        for (const sealed of [ofMemory, ofFile, inBackground]) {
          const stored = await place.store.get(sealed.key);
          expect(sealed.bytes).toBe(stored.length);
          expect(sealed.plainBytes).toBe(bytes);
          expect(sealed.sha256).toBe(createHash('sha256').update(stored).digest('hex'));
          expect((await repository.unseal(sealed)).equals(plain)).toBe(true);
          expect((await collect(repository.unsealStream(sealed))).equals(plain)).toBe(true);
        }
      }),
      { numRuns: 6 },
    );
  });

  describe('that were altered', () => {
    const plain = plainOf(1_500_000, 7);
    let sealed: StoredObject;
    let stored: Buffer;
    beforeAll(async () => {
      sealed = await repository.putSealed('a/segment', plain);
      stored = await place.store.get('a/segment');
    });

    /** In a recipient's line of age: it finds nobody it knows, before all that the checksum is of has been read. */
    const RECIPIENT = 60;

    const mustBeRefused = async (streamed = 'BackupInvalid'): Promise<void> => {
      const invalid = { type: 'BackupInvalid', message: expect.stringContaining('a/segment') };
      await expect(repository.unseal(sealed)).rejects.toMatchObject(invalid);
      await expect(collect(repository.unsealStream(sealed))).rejects.toMatchObject({
        ...invalid,
        type: streamed,
      });
    };

    it('in any one byte are refused', async () => {
      const places = [0, 5, RECIPIENT, stored.length >> 1, stored.length - 17, stored.length - 1];
      for (const at of places) {
        const flipped = Buffer.from(stored);
        // There the header has base64, of which a flipped bit may make something else: that is another refusal.
        if (at === RECIPIENT) flipped.write(stored[at] === 0x41 ? 'B' : 'A', at);
        else flipped[at]! ^= 1;
        await place.store.put('a/segment', flipped);
        const isForeign = kind === 'age' && at === RECIPIENT;
        await mustBeRefused(isForeign ? 'NotDecrypted' : 'BackupInvalid');
      }
    });

    it('in their length are refused', async () => {
      for (const length of [0, 1, 100, stored.length >> 1, stored.length - 1]) {
        await place.store.put('a/segment', stored.subarray(0, length));
        await mustBeRefused();
      }
      await place.store.put('a/segment', Buffer.concat([stored, Buffer.from('more')]));
      await mustBeRefused();
      await place.store.put('a/segment', Buffer.concat([stored, stored]));
      await mustBeRefused();
    });

    it('by another sound object in their place are refused', async () => {
      await repository.putSealed('a/segment', plainOf(1_500_000, 8));
      await mustBeRefused();
    });

    it('by being deleted are refused', async () => {
      await place.store.delete(['a/segment']);
      await mustBeRefused();
    });
  });

  it('of more than 64 MiB are not sealed in memory', async () => {
    await expect(repository.seal(Buffer.alloc((64 << 20) + 1))).rejects.toMatchObject({
      type: 'InvalidInput',
    });
  });

  it('of 100 MiB take less than 64 MiB of memory', () => {
    const file = join(scratch, 'large');
    const output = openSync(file, 'w');
    for (let n = 0; n < 100; n += 1) writeSync(output, plainOf(1 << 20, n));
    closeSync(output);
    const args = kind === 'none' ? [] : [recipient, identity];
    const said = execFileSync(
      process.execPath,
      [
        '-r',
        join(ROOT, 'test/support/typescript.js'),
        join(ROOT, 'test/support/sealedMemory.ts'),
        file,
        scratch,
        ...args,
      ],
      { cwd: ROOT },
    );
    const { grownBytes, plainBytes } = JSON.parse(String(said)) as Record<string, number>;
    expect(plainBytes).toBe(100 << 20);
    expect(grownBytes).toBeLessThan(64 << 20);
  });
});

describe('objects that are not encrypted', () => {
  it('are read by zstd', async () => {
    const place = directoryPlace();
    const repository = await createRepository(place.store, { kind: 'none' });
    for (const length of [0, 1, 2_500_000]) {
      const plain = plainOf(length, 1);
      await repository.putSealed('object.zst', plain);
      const read = execFileSync('zstd', ['-dc', join(place.root, 'object.zst')], {
        maxBuffer: 1 << 28,
      });
      expect(read.equals(plain)).toBe(true);
    }
    await place.close();
  });

  it('that would fill the memory are refused before they do', async () => {
    const gigabyte = execFileSync(
      'sh',
      ['-c', 'head -c 1073741824 /dev/zero | zstd -c --content-size --stream-size=1073741824'],
      { maxBuffer: 1 << 28 },
    );
    expect(gigabyte.length).toBeLessThan(200_000);
    const before = process.memoryUsage().rss;
    await expect(collect(decompressed([gigabyte], 1 << 30))).rejects.toMatchObject({
      type: 'BackupInvalid',
    });
    const twoFrames = await collect(compressed([Buffer.alloc(2 * FRAME_PLAIN_BYTES)]));
    await expect(collect(decompressed([twoFrames], FRAME_PLAIN_BYTES))).rejects.toMatchObject({
      message: expect.stringContaining('more than'),
    });
    await expect(collect(decompressed([twoFrames], 3 * FRAME_PLAIN_BYTES))).rejects.toMatchObject({
      message: expect.stringContaining('where it should hold'),
    });
    expect(process.memoryUsage().rss - before).toBeLessThan(100 << 20);
  });

  it('whose frame lies about its size are refused', async () => {
    const frame = await collect(compressed([Buffer.alloc(100_000, 'x')]));
    // Of a frame without a window the size follows the descriptor: 4 bytes at this length.
    const lying = Buffer.from(frame);
    lying.writeUInt32LE(90_000, 5);
    await expect(collect(decompressed([lying], 90_000))).rejects.toMatchObject({
      type: 'BackupInvalid',
    });
  });
});

describe('an encrypted repository', () => {
  const place = directoryPlace();
  let sealed: StoredObject;
  beforeAll(async () => {
    const made = await createRepository(place.store, { kind: 'age', recipients: [recipient] });
    sealed = await made.putSealed('a/b', Buffer.from('secret data'));
  });
  afterAll(() => place.close());

  it('shows nothing of what was put', () => {
    expect(readFileSync(join(place.root, 'a/b')).includes('secret')).toBe(false);
  });

  it('is read with an identity of one recipient, and says what is needed without', async () => {
    const none = await openRepository(place.store);
    expect(none.readable).toBe(false);
    const noIdentity = {
      type: 'NotDecrypted',
      message: expect.stringMatching(/a\/b .*no identity is known/),
    };
    await expect(none.unseal(sealed)).rejects.toMatchObject(noIdentity);
    await expect(collect(none.unsealStream(sealed))).rejects.toMatchObject(noIdentity);
    const wrong = await openRepository(place.store, { identities: [OTHER_KEY.identity] });
    const others = { type: 'NotDecrypted', message: expect.stringMatching(/a\/b .*to others/) };
    await expect(wrong.unseal(sealed)).rejects.toMatchObject(others);
    await expect(collect(wrong.unsealStream(sealed))).rejects.toMatchObject(others);
    const right = await openRepository(place.store, {
      identities: [OTHER_KEY.identity, `${identity}\n`],
    });
    expect(right.readable).toBe(true);
    expect((await right.unseal(sealed)).toString()).toBe('secret data');
  });

  it('does not show an identity that is none', async () => {
    const broken = `${identity.slice(0, -1)}X`;
    const error = await openRepository(place.store, { identities: [broken] }).catch(
      (caught: Error) => caught,
    );
    expect(error).toMatchObject({ type: 'InvalidInput' });
    expect((error as Error).message).not.toContain(broken.slice(20));
  });

  it('is not made for recipients that are none', async () => {
    const other = directoryPlace();
    const broken = `${recipient.slice(0, -1)}${recipient.endsWith('q') ? 'p' : 'q'}`;
    await expect(
      createRepository(other.store, { kind: 'age', recipients: [broken] }),
    ).rejects.toMatchObject({ type: 'InvalidInput', message: expect.stringContaining(broken) });
    await other.close();
  });
});
