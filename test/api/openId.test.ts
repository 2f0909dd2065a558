/** Logging in to the console by a real identity provider, and what is tried on the way. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startLocalServer, type LocalServer } from './localServer';
import {
  CLIENT_SECRET,
  freePort,
  loginBy,
  startOpenIdProvider,
  type OpenIdProvider,
} from './openIdProvider';
import { Visitor } from './visitor';

const BEGIN = '/v1/session/oidc';
const ATTEMPT = 'zkferry_login';
const SESSION = 'zkferry_session';

let directory: string;
let secret: string;
let provider: OpenIdProvider;
let server: LocalServer;

async function startBoth(clientSecret = CLIENT_SECRET) {
  writeFileSync(secret, clientSecret, { mode: 0o600 });
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const started = await startOpenIdProvider(url);
  return {
    provider: started,
    server: await startLocalServer(
      { root: ['admin:*'] },
      { port, identityProvider: loginBy(started.issuer, url, `file:${secret}`) },
    ),
  };
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'zkferry-openid-'));
  secret = join(directory, 'client-secret');
  ({ provider, server } = await startBoth());
});

afterAll(async () => {
  await server?.close();
  await provider?.end();
  rmSync(directory, { recursive: true });
});

/** From the server to the provider, past its two questions, and back: the address with the code, which is not gone to yet. */
async function comeBack(
  visitor: Visitor,
  who: string,
  change: (authorization: URL) => void = () => undefined,
  { url } = server,
): Promise<string> {
  const authorization = new URL(await visitor.led(`${url}${BEGIN}`));
  change(authorization);
  const answers: Record<string, string>[] = [
    { prompt: 'login', login: who, password: 'any' },
    { prompt: 'consent' },
  ];
  let at = authorization.href;
  for (const form of answers) {
    const question = await visitor.led(at);
    if (question.startsWith(url)) return question;
    at = await visitor.led(question, form);
  }
  return visitor.led(at);
}

const me = async (visitor: Visitor, { url } = server) => {
  const response = await visitor.go(`${url}/v1/me`);
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
};

async function audited(): Promise<Record<string, unknown>[]> {
  const { body } = await server.as('root').get('/v1/audit');
  return body.items as Record<string, unknown>[];
}

async function refusal(visitor: Visitor, url: string, status: number): Promise<string> {
  const response = await visitor.go(url);
  const text = await response.text();
  expect([response.status, text]).toEqual([status, expect.any(String)]);
  expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'none'; style-src/);
  expect(visitor.cookie(SESSION)).toBeUndefined();
  expect((await me(visitor)).status).toBe(401);
  return text;
}

test('anybody may hear that there is a provider, and no more of it', async () => {
  const response = await fetch(`${server.url}/v1/session/providers`);
  expect(await response.json()).toEqual({ items: [{ name: 'Example <Login>' }] });
});

test('who logs in there has a session with what their groups may, until the id token ends at the latest', async () => {
  const visitor = new Visitor();
  const back = await comeBack(visitor, 'grace', (authorization) => {
    expect(Object.fromEntries(authorization.searchParams)).toMatchObject({
      ...{ response_type: 'code', code_challenge_method: 'S256', scope: 'openid email profile' },
    });
    for (const name of ['state', 'nonce', 'code_challenge'])
      expect(authorization.searchParams.get(name)).toMatch(/^[\w-]{43}$/);
  });
  expect(await visitor.led(back)).toBe(`${server.url}/console/`);
  const { status, body } = await me(visitor);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    actor: 'grace@example.org',
    csrf: expect.any(String),
    grants: [{ role: 'approver', ensembles: ['orders'] }],
  });
  // Ten minutes are the id token's, twelve hours the server's own.
  const leftMs = Date.parse(body.expiresAt as string) - Date.now();
  expect(leftMs).toBeGreaterThan(500_000);
  expect(leftMs).toBeLessThan(601_000);
  expect(visitor.cookie(ATTEMPT)).toBeUndefined();
  expect((await audited())[0]).toMatchObject({
    ...{ actor: 'grace@example.org', action: 'login', target: 'console', outcome: 'done' },
  });
  // What lets somebody in is in no log.
  const code = new URL(back).searchParams.get('code')!;
  expect(server.log()).toContain('/v1/session/oidc/callback');
  expect(server.log()).not.toContain(code);
});

test('both cookies are closed to scripts; that of the attempt goes along from another site, to its own path only', async () => {
  const visitor = new Visitor();
  const begun = await visitor.go(`${server.url}${BEGIN}`);
  expect(begun.headers.getSetCookie()).toEqual([
    expect.stringMatching(
      /^zkferry_login=[^;]+; Path=\/v1\/session\/oidc; Expires=[^;]+; HttpOnly; SameSite=Lax$/,
    ),
  ]);
  // Nobody reads of it what the provider must not learn.
  expect(visitor.cookie(ATTEMPT)!.split('.')).toHaveLength(5);
  const ended = await visitor.go(await comeBack(visitor, 'grace'));
  expect(ended.headers.getSetCookie()).toContainEqual(
    expect.stringMatching(
      /^zkferry_session=[^;]+; Path=\/; Expires=[^;]+; HttpOnly; SameSite=Strict$/,
    ),
  );
});

test('where one is led to is the console, whatever is asked for', async () => {
  const visitor = new Visitor();
  const begun = `${server.url}${BEGIN}?redirect=https://evil.example&next=//evil.example`;
  expect(new URL(await visitor.led(begun)).origin).toBe(provider.issuer);
  const back = new URL(await comeBack(visitor, 'grace'));
  for (const name of ['redirect', 'next', 'url', 'return_to'])
    back.searchParams.set(name, 'https://evil.example');
  expect(await visitor.led(back.href)).toBe(`${server.url}/console/`);
});

test('an answer to another state, or in a browser that asked for nothing, lets nobody in', async () => {
  const visitor = new Visitor();
  const back = new URL(await comeBack(visitor, 'grace'));
  const stranger = new Visitor();
  expect(await refusal(stranger, back.href, 401)).toContain('was not begun in this browser');
  const other = new URL(back);
  other.searchParams.set('state', 'A'.repeat(43));
  expect(await refusal(visitor, other.href, 401)).toContain('was not begun in this browser');
  other.searchParams.delete('state');
  await refusal(visitor, other.href, 401);
  expect((await audited())[0]).toMatchObject({
    ...{ actor: '(not logged in)', action: 'login', outcome: 'refused' },
  });
  // Neither attempt has cost the one who did ask theirs.
  expect(await visitor.led(back.href)).toBe(`${server.url}/console/`);
});

test('a cookie of an attempt that was altered, or is a session, counts nothing', async () => {
  const visitor = new Visitor();
  const back = await comeBack(visitor, 'grace');
  const sealed = visitor.cookie(ATTEMPT)!;
  const session = new Visitor();
  await session.go(await comeBack(session, 'grace'));
  for (const cookie of [
    sealed.replace(/[^.](?=[^.]*$)/, (first) => (first === 'A' ? 'B' : 'A')),
    session.cookie(SESSION)!,
    'nonsense',
  ]) {
    const response = await fetch(back, { headers: { cookie: `${ATTEMPT}=${cookie}` } });
    expect(response.status).toBe(401);
    expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  }
  const asSession = await fetch(`${server.url}/v1/me`, {
    headers: { cookie: `${SESSION}=${sealed}` },
  });
  expect(asSession.status).toBe(401);
});

test('a code counts once: neither the browser nor whoever copied all of it gets in by it again', async () => {
  const visitor = new Visitor();
  const back = await comeBack(visitor, 'grace');
  const copied = `${ATTEMPT}=${visitor.cookie(ATTEMPT)}`;
  await visitor.led(back);
  visitor.forget(SESSION);
  expect(await refusal(visitor, back, 401)).toContain('was not begun in this browser');
  const again = await fetch(back, { redirect: 'manual', headers: { cookie: copied } });
  expect([again.status, await again.json()]).toEqual([
    401,
    expect.objectContaining({ detail: expect.stringContaining('counts no more') }),
  ]);
  expect(again.headers.getSetCookie().join()).not.toContain(SESSION);
});

test('a code with another verifier, or an id token with another nonce, lets nobody in', async () => {
  const visitor = new Visitor();
  const other = (name: string) => (authorization: URL) =>
    authorization.searchParams.set(name, 'B'.repeat(43));
  expect(
    await refusal(visitor, await comeBack(visitor, 'grace', other('code_challenge')), 401),
  ).toContain('counts no more');
  expect(await refusal(visitor, await comeBack(visitor, 'grace', other('nonce')), 401)).toContain(
    'of another login',
  );
});

test('an answer in the name of another provider lets nobody in', async () => {
  const visitor = new Visitor();
  const back = new URL(await comeBack(visitor, 'grace'));
  back.searchParams.set('iss', 'https://evil.example');
  expect(await refusal(visitor, back.href, 401)).toContain('of another identity provider');
});

test('who has no role is told who they are and what is missing, as text', async () => {
  const visitor = new Visitor();
  const page = await refusal(visitor, await comeBack(visitor, 'nora'), 403);
  expect(page).toContain('You are nora@example.org, as Example &lt;Login&gt; says');
  expect(page).toContain('&lt;img src=x&gt;, staff');
  expect(page).not.toContain('<img');
  expect((await audited())[0]).toMatchObject({
    ...{ actor: 'nora@example.org', action: 'login', outcome: 'refused' },
  });
});

test('an address that the provider has not verified is nobody’s, and an account without one is nobody', async () => {
  for (const who of ['mallory', 'otto']) {
    const visitor = new Visitor();
    const page = await refusal(visitor, await comeBack(visitor, who), 403);
    expect(page).toContain('does not say who you are');
  }
});

test('what the provider says of a refusal is not repeated', async () => {
  const visitor = new Visitor();
  const state = async () =>
    new URL(await visitor.led(`${server.url}${BEGIN}`)).searchParams.get('state')!;
  const answer = async (error: string) => {
    const url = new URL(`${server.url}${BEGIN}/callback`);
    url.searchParams.set('state', await state());
    url.searchParams.set('iss', provider.issuer);
    url.searchParams.set('error', error);
    url.searchParams.set('error_description', 'call 555-0100 <script>alert(1)</script>');
    return refusal(visitor, url.href, 401);
  };
  expect(await answer('access_denied')).toContain('told not to let you in');
  for (const error of ['<script>alert(1)</script>', 'x\r\nset-cookie: a=b', '__proto__']) {
    const page = await answer(error);
    expect(page).toContain('the identity provider refused the login');
    expect(page).not.toMatch(/<script|555-0100|__proto__|a=b/);
  }
  expect(JSON.stringify(await audited())).not.toMatch(/script|555-0100|set-cookie/);
});

test('a browser keeps three attempts, and no more', async () => {
  const visitor = new Visitor();
  const states: string[] = [];
  const lengths: number[] = [];
  for (let count = 0; count < 6; count += 1) {
    const location = new URL(await visitor.led(`${server.url}${BEGIN}`));
    states.push(location.searchParams.get('state')!);
    lengths.push(visitor.cookie(ATTEMPT)!.length);
  }
  expect(lengths[5]).toBe(lengths[2]);
  const begun = async (state: string) => {
    const url = `${server.url}${BEGIN}/callback?state=${state}&error=access_denied&iss=${provider.issuer}`;
    return (await (await visitor.go(url)).text()).includes('told not to let you in');
  };
  expect(await begun(states[2]!)).toBe(false);
  expect(await begun(states[3]!)).toBe(true);
  expect(await begun(states[5]!)).toBe(true);
});

test('a provider that is away, before it is asked or in the middle, is said to be; tokens still let in', async () => {
  const away = await startBoth();
  try {
    const visitor = new Visitor();
    const back = await comeBack(visitor, 'grace', undefined, away.server);
    await away.provider.end();
    const callback = await visitor.go(back);
    expect([callback.status, await callback.text()]).toEqual([
      504,
      expect.stringContaining('can&#39;t be asked now'),
    ]);
    expect(visitor.cookie(SESSION)).toBeUndefined();
    const response = await fetch(`${away.server.url}/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token: away.server.as('root').token }),
    });
    expect(response.status).toBe(200);
    const items = (await away.server.as('root').get('/v1/audit')).body.items as object[];
    expect(items[0]).toMatchObject({ action: 'login', outcome: 'failed' });
  } finally {
    await away.server.close();
  }
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const never = await startLocalServer(
    {},
    { port, identityProvider: loginBy(away.provider.issuer, url, `file:${secret}`) },
  );
  try {
    const begun = await fetch(`${url}${BEGIN}`, { redirect: 'manual' });
    expect(begun.status).toBe(504);
    expect(await begun.json()).toMatchObject({ detail: expect.stringContaining('ECONNREFUSED') });
  } finally {
    await never.close();
  }
});

test('a secret that the provider does not know is the administrator’s to mend, and stays unsaid', async () => {
  const unknown = 'a-secret-of-somebody-else';
  const wrong = await startBoth(unknown);
  try {
    const visitor = new Visitor();
    const callback = await visitor.go(await comeBack(visitor, 'grace', undefined, wrong.server));
    expect(callback.status).toBe(401);
    expect(await callback.text()).toContain('an administrator must look at');
    expect(wrong.server.log()).not.toContain(unknown);
  } finally {
    await wrong.server.close();
    await wrong.provider.end();
  }
});

test('without a provider there is nothing of it', async () => {
  const plain = await startLocalServer({});
  try {
    const providers = await fetch(`${plain.url}/v1/session/providers`);
    expect(await providers.json()).toEqual({ items: [] });
    for (const path of [BEGIN, `${BEGIN}/callback?code=x&state=y`])
      expect((await fetch(`${plain.url}${path}`, { redirect: 'manual' })).status).toBe(404);
  } finally {
    await plain.close();
  }
});
