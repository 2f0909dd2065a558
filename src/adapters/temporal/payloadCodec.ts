/**
 * Encrypts what workflows, activities and people hand to Temporal, so that neither its database nor whoever may read
 * its histories learns of ensembles, servers or plans. AES-256-GCM with a fresh nonce each; the key's id is beside it.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { temporal } from '@temporalio/proto';
import { ZkferryError } from '../../model/errors';
import { CODEC_KEYS_VARIABLE, type CodecKey } from './codecKeys';

/** Names that Temporal's own samples and tools use. */
const ENCODING = 'encoding';
const KEY_ID = 'encryption-key-id';
const ENCRYPTED = 'binary/encrypted';

const ALGORITHM = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const { Payload: PayloadMessage } = temporal.api.common.v1;

/**
 * Without keys nothing is encrypted, and what is encrypted is refused by name. What is not encrypted is decoded as it
 * is: runs that began before there were keys go on.
 */
export function createPayloadCodec(keys: readonly CodecKey[]): PayloadCodec {
  const known = new Map(keys.map((each) => [each.id, each.key]));
  const [first] = keys;
  return {
    encode: (payloads) =>
      Promise.resolve(first === undefined ? payloads : payloads.map((each) => seal(each, first))),
    decode: (payloads) =>
      // In a promise: what can't be opened rejects it.
      Promise.resolve().then(() =>
        payloads.map((each) => (isSealed(each) ? open(each, known) : each)),
      ),
  };
}

const textOf = (bytes: Uint8Array | null | undefined): string =>
  Buffer.from(bytes ?? []).toString('utf8');

export const isSealed = ({ metadata }: Payload): boolean =>
  textOf(metadata?.[ENCODING]) === ENCRYPTED;

function seal(payload: Payload, { id, key }: CodecKey): Payload {
  if (isSealed(payload)) return payload;
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(Buffer.from(id));
  const plain = PayloadMessage.encode(payload).finish();
  return {
    metadata: { [ENCODING]: Buffer.from(ENCRYPTED), [KEY_ID]: Buffer.from(id) },
    data: Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]),
  };
}

function open({ metadata, data }: Payload, keys: ReadonlyMap<string, Buffer>): Payload {
  const id = textOf(metadata?.[KEY_ID]);
  const key = keys.get(id);
  if (key === undefined) throw unknownKey(id, [...keys.keys()]);
  const sealed = Buffer.from(data ?? []);
  if (sealed.length < NONCE_BYTES + TAG_BYTES) throw damaged(id);
  const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAAD(Buffer.from(id));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    return PayloadMessage.decode(
      Buffer.concat([decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]),
    );
  } catch (error) {
    throw damaged(id, error);
  }
}

/** The id comes from outside: only what an id may look like is shown of it. */
const shown = (id: string): string => JSON.stringify(id.replace(/[^\w.-]/g, '?').slice(0, 64));

function unknownKey(id: string, known: string[]): ZkferryError {
  const there =
    known.length === 0
      ? `no keys are configured: set ${CODEC_KEYS_VARIABLE}`
      : `${CODEC_KEYS_VARIABLE} has ${known.join(', ')}: add that one, too`;
  return new ZkferryError(
    'NotDecrypted',
    `what Temporal holds is encrypted with key ${shown(id)}, and ${there}`,
  );
}

const damaged = (id: string, cause?: unknown): ZkferryError =>
  new ZkferryError(
    'NotDecrypted',
    `what Temporal holds can't be decrypted with key ${shown(id)}: it was changed, or the key of that id in ${CODEC_KEYS_VARIABLE} is another one than the one it was encrypted with`,
    { cause },
  );
