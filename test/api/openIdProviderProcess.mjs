/**
 * `node openIdProviderProcess.mjs CLIENTS`: a real OpenID Connect provider, of npm's oidc-provider, on loopback. Anybody logs in under any
 * name; ACCOUNTS says what it tells of them. Prints its issuer.
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

const ACCOUNTS = {
  grace: { email: 'grace@example.org', email_verified: true, groups: ['board', 'staff'] },
  nora: { email: 'nora@example.org', email_verified: true, groups: ['<img src=x>', 'staff'] },
  mallory: { email: 'grace@example.org', email_verified: false, groups: ['board'] },
};

const server = createServer();
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
// By name, and the server by address: two sites to a browser, as in life.
const issuer = `http://localhost:${server.address().port}`;
const { privateKey } = await generateKeyPair('RS256', { extractable: true });
const provider = new Provider(issuer, {
  clients: JSON.parse(process.argv[2]),
  jwks: { keys: [{ ...(await exportJWK(privateKey)), use: 'sig', alg: 'RS256', kid: 'one' }] },
  cookies: { keys: [randomBytes(16).toString('hex')] },
  // As most providers do: who they are stands in the id token.
  conformIdTokenClaims: false,
  claims: { openid: ['sub', 'groups'], email: ['email', 'email_verified'], profile: ['name'] },
  findAccount: (_context, sub) => ({
    accountId: sub,
    claims: () => ({ sub, ...ACCOUNTS[sub] }),
  }),
  ttl: {
    ...{ IdToken: 600, AccessToken: 600, AuthorizationCode: 60, Grant: 600 },
    ...{ Interaction: 600, Session: 600 },
  },
});
server.on('request', provider.callback());
process.stdout.write(`${JSON.stringify({ issuer })}\n`);
