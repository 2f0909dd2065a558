/** Keys that payloads are encrypted with: one line each, `id: base64 of 32 bytes`. The first encrypts, all decrypt. */
import { ZkferryError } from '../../model/errors';
import type { SecretsPort } from '../../model/ports';
import { createSecrets } from '../secrets';

/** A reference to the keys, as secrets are named in the inventory: `env:NAME` or `file:/absolute/path`. */
export const CODEC_KEYS_VARIABLE = 'ZKFERRY_CODEC_KEYS';

const KEY_BYTES = 32;
const MAX_KEYS = 64;

export interface CodecKey {
  id: string;
  key: Buffer;
}

/**
 * Empty where none are configured.
 * @throws SecretMissing for a reference that leads nowhere, and for text that is no list of keys
 */
export async function readCodecKeys(
  environment: NodeJS.ProcessEnv,
  secrets: SecretsPort = createSecrets({ environment }),
): Promise<CodecKey[]> {
  const reference = environment[CODEC_KEYS_VARIABLE];
  if (!reference) return [];
  return parseCodecKeys(await secrets.resolve(reference));
}

/** Nothing of the text is quoted in errors: it holds keys. */
export function parseCodecKeys(text: string): CodecKey[] {
  const keys = text
    .split(/\r?\n/)
    .map((line, index) => ({ line: line.trim(), number: index + 1 }))
    .filter(({ line }) => line !== '' && !line.startsWith('#'))
    .map(({ line, number }) => keyOf(line, number));
  if (keys.length === 0) throw refused('has no key; expected lines of id: base64');
  if (keys.length > MAX_KEYS) throw refused(`has more than ${MAX_KEYS} keys`);
  const twice = keys.find(({ id }, index) => keys.findIndex((one) => one.id === id) !== index);
  if (twice !== undefined) throw refused(`has the id ${twice.id} twice`);
  return keys;
}

function keyOf(line: string, number: number): CodecKey {
  const [, id, base64] = /^([A-Za-z0-9][\w.-]{0,63}):\s*([A-Za-z0-9+/]+={0,2})$/.exec(line) ?? [];
  if (id === undefined || base64 === undefined)
    throw refused(`line ${number}: expected id: base64, the id of letters, digits, ., _ and -`);
  const key = Buffer.from(base64, 'base64');
  if (key.length !== KEY_BYTES)
    throw refused(
      `line ${number}: key ${id} has ${key.length} bytes; expected ${KEY_BYTES}, as openssl rand -base64 32 makes them`,
    );
  return { id, key };
}

const refused = (why: string): ZkferryError =>
  new ZkferryError('SecretMissing', `what ${CODEC_KEYS_VARIABLE} refers to ${why}`);
