/**
 * Logins that were begun at the identity provider, kept by the browser that began them: a cookie that only this server can read or
 * make. Nothing is kept here, so nobody can fill it up or push out somebody else's.
 */
import { hkdfSync, timingSafeEqual } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import { EncryptJWT, jwtDecrypt } from 'jose';
import { z } from 'zod';
import type { LoginAttempt } from '../adapters/identity/openIdLogin';

export const ATTEMPTS_COOKIE = 'zkferry_login';
/** As long as somebody may take to show the provider who they are. */
export const ATTEMPT_MS = 10 * 60_000;
/** Of one browser: tabs that log in at the same time. The oldest goes. */
const MOST = 3;
const AUDIENCE = 'zkferry-login';
const SEALED = { alg: 'dir', enc: 'A256GCM' } as const;

const kept = z.array(
  z.object({ state: z.string(), nonce: z.string(), verifier: z.string(), endsAt: z.number() }),
);
export type KeptAttempt = LoginAttempt & { endsAt: number };

const keyOf = (sessionKey: Uint8Array): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', sessionKey, '', 'zkferry login attempts', 32));

/** Those that have not ended; none where the cookie is missing, altered or old. */
export async function openAttempts(
  sessionKey: Uint8Array,
  cookie: string | undefined,
): Promise<KeptAttempt[]> {
  if (cookie === undefined) return [];
  try {
    const { payload } = await jwtDecrypt(cookie, keyOf(sessionKey), {
      audience: AUDIENCE,
      keyManagementAlgorithms: [SEALED.alg],
      contentEncryptionAlgorithms: [SEALED.enc],
    });
    return kept.parse(payload.attempts).filter(({ endsAt }) => endsAt > Date.now());
  } catch {
    return [];
  }
}

export const withAttempt = (
  attempts: readonly KeptAttempt[],
  attempt: LoginAttempt,
): KeptAttempt[] => [...attempts, { ...attempt, endsAt: Date.now() + ATTEMPT_MS }].slice(-MOST);

/** The one that an answer is to, and the rest. */
export function takeAttempt(
  attempts: readonly KeptAttempt[],
  state: string,
): { attempt?: KeptAttempt; rest: KeptAttempt[] } {
  const shown = Buffer.from(state);
  const attempt = attempts.find((one) => {
    const expected = Buffer.from(one.state);
    return expected.length === shown.length && timingSafeEqual(expected, shown);
  });
  return {
    ...(attempt && { attempt }),
    rest: attempts.filter((one) => one !== attempt),
  };
}

/** Lax: the provider sends the browser back from another site, and it has to show this cookie then. */
export async function setAttempts(
  reply: FastifyReply,
  attempts: readonly KeptAttempt[],
  { sessionKey, path, secure }: { sessionKey: Uint8Array; path: string; secure: boolean },
): Promise<void> {
  const options = { path, secure, httpOnly: true, sameSite: 'lax' } as const;
  if (attempts.length === 0) {
    void reply.clearCookie(ATTEMPTS_COOKIE, options);
    return;
  }
  const ends = Math.max(...attempts.map(({ endsAt }) => endsAt));
  const cookie = await new EncryptJWT({ attempts })
    .setProtectedHeader(SEALED)
    .setAudience(AUDIENCE)
    .setExpirationTime(Math.floor(ends / 1_000))
    .encrypt(keyOf(sessionKey));
  void reply.setCookie(ATTEMPTS_COOKIE, cookie, { ...options, expires: new Date(ends) });
}
