/** What is handed to Temporal is encrypted, opens with any key that is kept, and with no other. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultPayloadConverter, type Payload } from '@temporalio/common';
import fc from 'fast-check';
import {
  parseCodecKeys,
  readCodecKeys,
  type CodecKey,
} from '../../../src/adapters/temporal/codecKeys';
import { createPayloadCodec } from '../../../src/adapters/temporal/payloadCodec';

const keyOf = (id: string): CodecKey => ({ id, key: randomBytes(32) });
const march = keyOf('2026-03');
const april = keyOf('2026-04');

const payloadOf = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
const sealedBy = async (key: CodecKey, value: unknown): Promise<Payload> =>
  (await createPayloadCodec([key]).encode([payloadOf(value)]))[0]!;
const opened = async (keys: CodecKey[], payload: Payload): Promise<unknown> =>
  defaultPayloadConverter.fromPayload((await createPayloadCodec(keys).decode([payload]))[0]!);

describe('a payload', () => {
  test('comes back as it was, whatever it holds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        expect(await opened([march], await sealedBy(march, value))).toEqual(
          JSON.parse(JSON.stringify(value)),
        );
      }),
      { numRuns: 100 },
    );
    const bytes = new Uint8Array([0, 255, 10]);
    expect(await opened([march], await sealedBy(march, bytes))).toEqual(bytes);
  });

  test('shows nothing but the id of its key, and is never twice the same', async () => {
    const [one, two] = [await sealedBy(march, 'orders'), await sealedBy(march, 'orders')];
    expect(Buffer.from(one.data!).toString('latin1')).not.toContain('orders');
    expect(Buffer.from(one.data!)).not.toEqual(Buffer.from(two.data!));
    const metadata = Object.entries(one.metadata!).map(([name, value]) => [
      name,
      Buffer.from(value).toString(),
    ]);
    expect(Object.fromEntries(metadata)).toEqual({
      encoding: 'binary/encrypted',
      'encryption-key-id': '2026-03',
    });
  });

  test('of an older key opens while that key is kept, and new ones take the first', async () => {
    const old = await sealedBy(march, 'orders');
    expect(await opened([april, march], old)).toBe('orders');
    const [fresh] = await createPayloadCodec([april, march]).encode([payloadOf('orders')]);
    expect(await opened([april], fresh!)).toBe('orders');
  });

  test('that was not encrypted is read as it is; one that was is not encrypted again', async () => {
    expect(await opened([march], payloadOf('from before'))).toBe('from before');
    const once = await sealedBy(march, 'orders');
    const [twice] = await createPayloadCodec([april]).encode([once]);
    expect(twice).toEqual(once);
  });
});

describe('a payload is refused', () => {
  test('without the key, naming its id and those that are there', async () => {
    const sealed = await sealedBy(march, 'orders');
    await expect(opened([april], sealed)).rejects.toMatchObject({
      type: 'NotDecrypted',
      message: expect.stringMatching(/key "2026-03", and ZKFERRY_CODEC_KEYS has 2026-04/) as string,
    });
    await expect(opened([], sealed)).rejects.toMatchObject({
      type: 'NotDecrypted',
      message: expect.stringContaining('set ZKFERRY_CODEC_KEYS') as string,
    });
  });

  test('with another key of the same id', async () => {
    const sealed = await sealedBy(march, 'orders');
    await expect(opened([{ ...april, id: march.id }], sealed)).rejects.toMatchObject({
      type: 'NotDecrypted',
    });
  });

  test('wherever one bit of it was changed', async () => {
    const { metadata, data } = await sealedBy(march, 'orders');
    for (let at = 0; at < data!.length; at += 1) {
      const changed = Buffer.from(data!);
      changed[at]! ^= 1;
      await expect(opened([march], { metadata, data: changed })).rejects.toMatchObject({
        type: 'NotDecrypted',
      });
    }
    for (const length of [0, 5, 27, data!.length - 1])
      await expect(
        opened([march], { metadata, data: data!.subarray(0, length) }),
      ).rejects.toMatchObject({ type: 'NotDecrypted' });
  });

  test('under the id of another key that is kept', async () => {
    const { data, metadata } = await sealedBy(march, 'orders');
    const relabelled = { data, metadata: { ...metadata, 'encryption-key-id': Buffer.from('b') } };
    const keys = [march, { id: 'b', key: march.key }];
    await expect(opened(keys, relabelled)).rejects.toMatchObject({ type: 'NotDecrypted' });
  });
});

describe('keys', () => {
  const base64 = randomBytes(32).toString('base64');

  test('are lines of id and base64, comments and empty lines aside', () => {
    expect(parseCodecKeys(`# first encrypts\nb: ${base64}\n\n a:${base64}\r\n`)).toEqual([
      { id: 'b', key: Buffer.from(base64, 'base64') },
      { id: 'a', key: Buffer.from(base64, 'base64') },
    ]);
  });

  test.each([
    ['nothing', '# none\n', /has no key/],
    ['a key of another length', `a: ${randomBytes(16).toString('base64')}`, /has 16 bytes/],
    ['no id', base64, /line 1: expected id: base64/],
    ['an id twice', `a: ${base64}\na: ${base64}`, /has the id a twice/],
  ])('that are %s are refused without showing them', (_, text, why) => {
    const attempt = () => parseCodecKeys(text);
    expect(attempt).toThrow(why);
    try {
      attempt();
    } catch (error) {
      expect((error as Error).message).not.toContain(base64);
    }
  });

  test('come from a variable or a file that nobody else may read', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'zkferry-keys-'));
    try {
      const file = join(directory, 'keys');
      writeFileSync(file, `a: ${base64}\n`, { mode: 0o644 });
      const environment = { ZKFERRY_CODEC_KEYS: `file:${file}`, KEYS: `b: ${base64}` };
      await expect(readCodecKeys(environment)).rejects.toThrow('chmod 600');
      expect(await readCodecKeys({ ...environment, ZKFERRY_CODEC_KEYS: 'env:KEYS' })).toHaveLength(
        1,
      );
      expect(await readCodecKeys({})).toEqual([]);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
