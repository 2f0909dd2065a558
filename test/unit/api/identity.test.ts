import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, SignJWT } from 'jose';
import { createIdentityProvider, identityProviderSchema } from '../../../src/adapters/identity/jwt';
import { createSecrets } from '../../../src/adapters/secrets';
import { createTokenStore, mintToken, writeTokens } from '../../../src/adapters/identity/tokens';
import { may, parseGrant, type Identity } from '../../../src/model/identity';

const DAY_MS = 86_400_000;
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zkferry-identity-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('tokens', () => {
  const grants = [parseGrant('operator:orders')!];
  const mint = (now = new Date(), validMs = DAY_MS) =>
    mintToken({ name: 'ada', grants }, { now, validMs });

  test('one that was made counts; altered, unknown, expired and revoked ones do not', async () => {
    const path = join(directory, 'tokens.yaml');
    const store = createTokenStore(path);
    expect(await store.identify(mint().token)).toBeUndefined();
    const { token, record } = mint();
    const old = mint(new Date(Date.now() - 2 * DAY_MS));
    await writeTokens(path, [record, old.record]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await store.identify(token)).toMatchObject({ actor: 'ada', tokenId: record.id, grants });
    expect(await store.byId(record.id)).toMatchObject({ actor: 'ada' });
    expect(await store.identify(old.token)).toBeUndefined();
    expect(
      await store.identify(token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))),
    ).toBeUndefined();
    expect(await store.identify('zkf_')).toBeUndefined();
    await writeTokens(path, []);
    utimesSync(path, 1, 1);
    expect(await store.identify(token)).toBeUndefined();
    expect(await store.byId(record.id)).toBeUndefined();
  });

  test('the file keeps nothing that lets anybody in', () => {
    const { token, record } = mint();
    expect(JSON.stringify(record)).not.toContain(token.split('_')[2]);
  });
});

describe('an identity provider', () => {
  const spec = (file: string) =>
    identityProviderSchema.parse({
      issuer: 'https://login.example.org',
      audience: 'zkferry',
      jwks: { file },
      grants: { board: [{ role: 'approver', ensembles: ['orders'] }] },
    });

  async function provider() {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const file = join(directory, 'jwks.json');
    writeFileSync(
      file,
      JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), alg: 'EdDSA' }] }),
    );
    return {
      privateKey,
      identityProvider: await createIdentityProvider(spec(file), createSecrets()),
    };
  }

  const sign = (key: KeyObject, claims: object = {}, audience = 'zkferry', expires = '1h') =>
    new SignJWT({ email: 'grace@example.org', groups: ['board', 'staff'], ...claims })
      .setProtectedHeader({ alg: 'EdDSA' })
      .setIssuer('https://login.example.org')
      .setAudience(audience)
      .setExpirationTime(expires)
      .sign(key);

  test('its people have what their groups may', async () => {
    const { privateKey, identityProvider } = await provider();
    expect(await identityProvider.identify(await sign(privateKey))).toMatchObject({
      actor: 'grace@example.org',
      grants: [{ role: 'approver', ensembles: ['orders'] }],
    });
    const nobody = await identityProvider.identify(
      await sign(privateKey, { groups: ['__proto__'] }),
    );
    expect(nobody?.grants).toEqual([]);
  });

  test('another key, audience, issuer, no name, and what has expired do not count', async () => {
    const { privateKey, identityProvider } = await provider();
    const other = generateKeyPairSync('ed25519').privateKey;
    for (const token of [
      await sign(other),
      await sign(privateKey, {}, 'another'),
      await sign(privateKey, {}, 'zkferry', '1 hour ago'),
      await sign(privateKey, { email: '' }),
      await sign(privateKey, { email: '  ' }),
      await sign(privateKey, { email: 'grace@example.org ' }),
      await sign(privateKey, { email: 'grace@\u200bexample.org' }),
      await sign(privateKey, { email: 'grace\n@example.org' }),
      `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{}').toString('base64url')}.`,
      'nonsense',
    ])
      expect(await identityProvider.identify(token)).toBeUndefined();
  });
});

test.each<
  [string, string, 'viewer' | 'operator' | 'approver' | 'admin', string | undefined, boolean]
>([
  ['operators look', 'operator:orders', 'viewer', 'orders', true],
  ['operators do not approve', 'operator:*', 'approver', 'orders', false],
  ['approvers do not operate', 'approver:*', 'operator', 'orders', false],
  ['admins do all', 'admin:*', 'approver', 'orders', true],
  ['only where they are', 'admin:billing', 'viewer', 'orders', false],
  ['one ensemble is not all', 'admin:orders', 'admin', undefined, false],
])('%s', (_what, grant, needed, ensemble, expected) => {
  const identity: Identity = { actor: 'ada', grants: [parseGrant(grant)!] };
  expect(may(identity, needed, ensemble)).toBe(expected);
});

test.each(['', 'operator', 'king:*', 'operator:', 'operator:a b', 'operator:a:b'])(
  'a grant %j is none',
  (text) => expect(parseGrant(text)).toBeUndefined(),
);
