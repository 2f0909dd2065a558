/**
 * API tokens: `zkf_ID_SECRET`. The file keeps the SHA-256 of the secret, which is 256 bits of randomness: nothing to guess, so
 * nothing that a slow hash would protect. It is read again when it changes: a token that is taken out counts no more at once.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { parseDocument, stringify } from 'yaml';
import { z } from 'zod';
import { ZkferryError } from '../../model/errors';
import { grantSchema, type Identity } from '../../model/identity';
import { person } from '../../model/inputs';
import { writeSecretFile } from './secretFile';

const TOKEN = /^zkf_([0-9a-f]{12})_([A-Za-z0-9_-]{43})$/;
const ID_BYTES = 6;
const SECRET_BYTES = 32;
const MAX_FILE_BYTES = 4 << 20;

const tokenSchema = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{12}$/, { error: 'expected 12 hex digits' }),
  name: person.describe('whose it is: what approvals and the audit log say'),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, { error: 'expected a SHA-256, 64 hex digits' }),
  grants: z.array(grantSchema).min(1).max(100),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
});
export type TokenRecord = z.output<typeof tokenSchema>;
const fileSchema = z.strictObject({ tokens: z.array(tokenSchema).max(10_000).default([]) });

const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();

/** Nobody has a token yet where there is no file. InvalidInput names the file and where it is wrong. */
export async function readTokens(path: string): Promise<TokenRecord[]> {
  let text: string;
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES)
      throw new ZkferryError('SecretMissing', `${path} is larger than ${MAX_FILE_BYTES} bytes`);
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return parsed(path, text);
}

/** Errors say where it is wrong, never what stands there: it may be a token that somebody has pasted. */
function parsed(path: string, text: string): TokenRecord[] {
  const invalid = (lines: string[]): ZkferryError =>
    new ZkferryError('InvalidInput', `the tokens in ${path} are not usable:\n${lines.join('\n')}`);
  const document = parseDocument(text, { prettyErrors: false });
  const [problem] = document.errors;
  if (problem) throw invalid([`${problem.code} at character ${problem.pos[0]}`]);
  const result = fileSchema.safeParse(document.toJS({ maxAliasCount: 100 }) ?? {});
  if (result.success) return result.data.tokens;
  throw invalid(
    result.error.issues.map(
      ({ path: at, code }) => `${at.map(String).join('.') || '(whole)'}: ${code}`,
    ),
  );
}

/** Writes the file anew, whole and at once, readable by its owner only. */
export const writeTokens = (path: string, tokens: readonly TokenRecord[]): Promise<void> =>
  writeSecretFile(path, stringify({ tokens }));

/** @returns the token itself, which is nowhere kept, and what is kept of it */
export function mintToken(
  who: Pick<TokenRecord, 'name' | 'grants'>,
  { now, validMs }: { now: Date; validMs: number },
): { token: string; record: TokenRecord } {
  const id = randomBytes(ID_BYTES).toString('hex');
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  return {
    token: `zkf_${id}_${secret}`,
    record: {
      id,
      ...who,
      sha256: sha256(secret).toString('hex'),
      createdAt: now.toISOString(),
      expiresAt: new Date(now.getTime() + validMs).toISOString(),
    },
  };
}

export interface TokenStore {
  /** Whose token it is; undefined for one that is unknown, altered or expired. */
  identify(token: string): Promise<(Identity & { tokenId: string }) | undefined>;
  /** As `identify`, of a token that was shown before. */
  byId(id: string): Promise<(Identity & { tokenId: string }) | undefined>;
}

export function createTokenStore(path: string): TokenStore {
  let known: { stamp: string; tokens: TokenRecord[] } | undefined;
  const current = async (): Promise<TokenRecord[]> => {
    const stamp = await stat(path).then(
      ({ mtimeMs, size, ino }) => `${mtimeMs} ${size} ${ino}`,
      () => 'none',
    );
    if (known?.stamp !== stamp) known = { stamp, tokens: await readTokens(path) };
    return known.tokens;
  };
  const identityOf = (record: TokenRecord | undefined) =>
    record === undefined || Date.parse(record.expiresAt) <= Date.now()
      ? undefined
      : {
          tokenId: record.id,
          actor: record.name,
          grants: record.grants,
          expiresAt: record.expiresAt,
        };
  return {
    async identify(token) {
      const [, id, secret] = TOKEN.exec(token) ?? [];
      if (id === undefined || secret === undefined) return undefined;
      const record = (await current()).find((candidate) => candidate.id === id);
      // Of an unknown id as much is reckoned as of a known one.
      const kept = Buffer.from(record?.sha256 ?? '0'.repeat(64), 'hex');
      return timingSafeEqual(sha256(secret), kept) ? identityOf(record) : undefined;
    },
    byId: async (id) => identityOf((await current()).find((candidate) => candidate.id === id)),
  };
}
