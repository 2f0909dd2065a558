/** What the server is told of an identity provider by which people log in to the console. */
import { z } from 'zod';
import { secretReference } from '../../model/fields';

const LOOPBACK = /^(127(\.\d{1,3}){3}|\[::1\]|localhost)$/;

/** What is secret travels there: in the clear only within this machine. */
export function isProtected(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === 'https:' || (protocol === 'http:' && LOOPBACK.test(hostname));
}

function withoutEndSlashes(text: string): string {
  let end = text.length;
  while (text[end - 1] === '/') end -= 1;
  return text.slice(0, end);
}

export const protectedUrl = z
  .string()
  .max(2_048)
  .refine(isProtected, { error: 'expected an https:// URL; http:// only for a loopback address' });

export const loginSchema = z.strictObject({
  clientId: z.string().min(1).max(500).describe('of this server at the provider'),
  clientSecret: secretReference.optional().describe('absent: a public client, by PKCE alone'),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/, { error: 'expected a scope' }))
    .max(20)
    .default(['openid', 'email', 'profile'])
    .refine((scopes) => scopes.includes('openid'), { error: 'expected openid among them' }),
  url: protectedUrl
    .refine((text) => !/[?#]/.test(text), { error: 'expected a URL without a query' })
    .transform(withoutEndSlashes)
    .describe('where people reach this server; the provider sends them back to a place below it'),
  name: z
    .string()
    .min(1)
    .max(60)
    .optional()
    .describe('what the page of the login calls the provider; else its host'),
});
export type LoginSpec = z.output<typeof loginSchema>;
