/** What somebody sends who means harm: paths, headers, bodies, cookies and tokens that no client of ours would send. */
import { appendFileSync, chmodSync, writeFileSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { dirname, join } from 'node:path';
import { decodeJwt, SignJWT } from 'jose';
import { openRevokedSessions } from '../../src/adapters/identity/revokedSessions';
import { writeTokens } from '../../src/adapters/identity/tokens';
import { sendRaw, startLocalServer, type LocalServer } from './localServer';

let server: LocalServer;

beforeAll(async () => {
  server = await startLocalServer(
    { root: ['admin:*'], vera: ['viewer:orders'], olga: ['operator:orders'] },
    { requestsPerMinute: 100_000 },
  );
});

afterAll(() => server?.close());

const asRoot = () => `authorization: Bearer ${server.as('root').token}\r\n`;

/** One request, path and headers as they are given; status line and all that follows. */
const ask = (path: string, { method = 'GET', headers = '', body = '' } = {}) =>
  sendRaw(
    server.port,
    `${method} ${path} HTTP/1.1\r\nhost: zkferry\r\nconnection: close\r\n${headers}\r\n${body}`,
  );
const statusOf = (answer: string): number => Number(answer.split(' ')[1]);

describe('paths', () => {
  test.each([
    '/console/../beside.txt',
    '/console/..%2fbeside.txt',
    '/console/..%2Fbeside.txt',
    '/console/%2e%2e/beside.txt',
    '/console/%2e%2e%2fbeside.txt',
    '/console/..%5cbeside.txt',
    '/console/..\\beside.txt',
    '/console/....//beside.txt',
    '/console/%252e%252e%252fbeside.txt',
    '/console/index.html%00.txt',
    '/console/%00',
    '/console//etc/passwd',
    '//console/../../etc/passwd',
    '/docs/static/..%2f..%2fpackage.json',
    '/docs/static/%2e%2e/%2e%2e/index.js',
  ])('%s leads to no file', async (path) => {
    const answer = await ask(path);
    expect([400, 403, 404]).toContain(statusOf(answer));
    expect(answer).not.toMatch(/beside the console|root:|"version"|module\.exports/);
  });

  test.each([
    '/v1/ensembles/..%2f..%2fetc',
    '/v1/ensembles/orders%00',
    '/v1/ensembles/%00/health',
    '/v1/ensembles/__proto__/health',
    '/v1/ensembles/constructor/health',
    '/v1/runs/..%2f..',
    '/v1/runs/%0d%0ax:%20y',
    '/v1/runs/%F0%9F%92%A9',
    '/v1/runs/%ff%fe',
    '/v1/runs/%',
    '/v1/repositories/..%2f..%2f/backups',
    '/v1/diffs/..%2f..',
    `/v1/runs/${'a'.repeat(400)}`,
    '/v1/ensembles/orders/tree/node?path=/a%00b',
    '/v1/ensembles/orders/tree/node?path=/a/../b',
    '/v1/ensembles/orders/tree/node?path=%2fa%2f%2e%2e%2fb',
    '/v1/ensembles/orders/tree/node?path=/a&path=/b',
    '/v1/ensembles/orders/tree/node?path[]=/a',
    '/v1/ensembles/orders/tree/node?__proto__[path]=/a',
  ])('%s names nothing', async (path) => {
    const answer = await ask(path, { headers: asRoot() });
    expect([400, 404, 414]).toContain(statusOf(answer));
    expect(answer.toLowerCase()).toContain('content-type: application/problem+json');
  });

  test('a way round the prefix is no way round the token', async () => {
    for (const path of ['/V1/me', '//v1/me', '/v1//me', '/v1/me/', '/./v1/me', '/%761/me'])
      expect([401, 404]).toContain(statusOf(await ask(path)));
    for (const path of ['/v1/me;x', '/v1/me%2f', '/v1/me?x=/healthz', '/v1/me#/healthz'])
      expect([400, 401, 404]).toContain(statusOf(await ask(path)));
  });
});

describe('numbers and cursors', () => {
  test.each([
    '/v1/audit?limit=1e9',
    '/v1/audit?limit=0',
    '/v1/audit?limit=-1',
    '/v1/audit?limit=',
    '/v1/audit?limit=NaN',
    '/v1/audit?limit=0x10',
    '/v1/audit?limit=1.5',
    '/v1/audit?cursor=1.5',
    '/v1/audit?cursor=1e3',
    '/v1/audit?cursor=-1',
    '/v1/audit?cursor=NaN',
    '/v1/audit?cursor=99999999999999999999',
    '/v1/runs?cursor=%00',
    '/v1/runs?strategy=__proto__',
    "/v1/runs?ensemble=x'%20OR%20'1'='1",
    '/v1/ensembles/orders/tree/children?path=/&limit=5001',
    '/v1/ensembles/orders/tree/children?path=/&cursor=..%2f',
    '/v1/ensembles/orders/tree/children?path=/&cursor=zzz',
  ])('%s is refused', async (path) => {
    expect(statusOf(await ask(path, { headers: asRoot() }))).toBe(400);
  });

  test.each(['', 'NaN', '-1', '1e3', 'null', '2147483648', 'Infinity', '0x0'])(
    'a znode is not deleted at version %p',
    async (version) => {
      const path = `/v1/ensembles/orders/tree/node?path=/a&version=${version}`;
      expect(await server.as('root').ask('DELETE', path)).toMatchObject({ status: 400 });
    },
  );

  test.each([null, true, [5], '5', 1.5, -1])('data are not set at version %p', async (version) => {
    const body = { path: '/a', data: '', version };
    expect(
      await server.as('root').ask('PUT', '/v1/ensembles/orders/tree/node', body),
    ).toMatchObject({ status: 400 });
  });

  test('any place in the audit log can be asked for, and only whole lines come back', async () => {
    await server.as('vera').post('/v1/runs/none/pause');
    for (let cursor = 0; cursor < 400; cursor += 7) {
      const { status, body } = await server.as('root').get(`/v1/audit?cursor=${cursor}`);
      expect(status).toBe(200);
      for (const item of body.items as object[]) expect(item).toHaveProperty('actor');
    }
  });
});

describe('bodies', () => {
  const post = (body: string, contentType = 'application/json', more = '') =>
    ask('/v1/runs', {
      method: 'POST',
      headers: `${asRoot()}content-type: ${contentType}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n${more}`,
      body,
    });

  test.each([
    '{"__proto__":{"admin":true}}',
    '{"input":{"__proto__":{"admin":true}}}',
    '{"constructor":{"prototype":{"admin":true}}}',
    '{"ticket":"A","strategy":"upgrade","input":{"ensemble":"orders","target":{"__proto__":{"version":"3.9.6"}}}}',
    '{"\\u005f\\u005fproto\\u005f\\u005f":{"admin":true}}',
  ])('%s pollutes nothing', async (body) => {
    expect(statusOf(await post(body))).toBe(400);
    expect(({} as { admin?: unknown }).admin).toBeUndefined();
  });

  test('only JSON that says so is read', async () => {
    const body = '{"ticket":"A","strategy":"upgrade","input":{}}';
    for (const type of [
      'text/plain',
      'text/plain; application/json',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'application/xml',
      'text/json',
    ])
      expect(statusOf(await post(body, type))).toBe(415);
    expect(statusOf(await post('', 'text/plain'))).toBe(415);
  });

  test.each([
    'A\r\nset-cookie: x=y',
    'A\nB',
    'A B',
    '../A',
    'A/B',
    'A%0d%0aB',
    'Ａ',
    'A\u2028B',
    'zkferry-hold-00000000',
    'ZKFERRY-hold-00000000',
    'zkferry-plan-orders',
    '',
    'A'.repeat(201),
  ])('the ticket %j is refused, and stands in no header', async (ticket) => {
    const input = { ensemble: 'orders', target: { version: '3.9.6' } };
    const answer = await server.as('root').post('/v1/runs', { ticket, strategy: 'upgrade', input });
    expect(answer.status).toBe(400);
    expect(answer.headers.get('location')).toBeNull();
    expect(answer.headers.get('set-cookie')).toBeNull();
  });

  test('a request that two servers would read differently is read by neither', async () => {
    const smuggled = 'GET /v1/me HTTP/1.1\r\nhost: x\r\n\r\n';
    for (const headers of [
      `content-length: 4\r\ntransfer-encoding: chunked\r\n`,
      `content-length: 4\r\ncontent-length: 5\r\n`,
      `transfer-encoding: chunked, identity\r\n`,
      `transfer-encoding: xchunked\r\n`,
      `transfer-encoding : chunked\r\n`,
      `content-length: +4\r\n`,
      `content-length: 4, 4\r\n`,
      `content-length: 0x4\r\n`,
      ` folded: x\r\n`,
    ]) {
      const answer = await sendRaw(
        server.port,
        `POST /v1/runs HTTP/1.1\r\nhost: x\r\n${asRoot()}${headers}\r\n0\r\n\r\n${smuggled}`,
      );
      expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 400']);
    }
    // A bare line feed ends no header.
    const bare = await sendRaw(server.port, `GET /healthz HTTP/1.1\nhost: x\n\n`);
    expect(statusOf(bare)).toBe(400);
  });
});

describe('sizes and methods', () => {
  test('headers and queries have a bound', async () => {
    expect(statusOf(await ask('/healthz', { headers: `x: ${'y'.repeat(64 * 1024)}\r\n` }))).toBe(
      431,
    );
    expect(statusOf(await ask(`/healthz?${'a'.repeat(64 * 1024)}`))).toBe(431);
    const many = Array.from({ length: 2_000 }, (_, index) => `a${index}=1`).join('&');
    const began = Date.now();
    expect(statusOf(await ask(`/v1/audit?${many}`, { headers: asRoot() }))).toBe(200);
    expect(Date.now() - began).toBeLessThan(1_500);
    expect(
      statusOf(await ask('/v1/me', { headers: `authorization: Bearer ${'x'.repeat(10_000)}\r\n` })),
    ).toBe(401);
    expect(statusOf(await ask('/v1/me', { headers: `cookie: ${'a=b;'.repeat(3_000)}\r\n` }))).toBe(
      401,
    );
  });

  test.each(['TRACE', 'CONNECT', 'PROPFIND', 'PATCH', 'OPTIONS', 'FOO'])(
    '%s does nothing and reflects nothing',
    async (method) => {
      const answer = await ask('/v1/me', { method, headers: `${asRoot()}x-canary: tweet\r\n` });
      expect(answer === '' || [400, 404, 405].includes(statusOf(answer))).toBe(true);
      expect(answer).not.toContain('tweet');
    },
  );

  test('a method that another header names does not count', async () => {
    const { token } = server.as('vera');
    const headers = { authorization: `Bearer ${token}`, 'x-http-method-override': 'DELETE' };
    const answer = await fetch(`${server.url}/v1/me`, { headers });
    expect(answer.status).toBe(200);
  });

  test('what is refused still says how it may be shown', async () => {
    for (const path of ['/v1/me', '/nowhere', '/v1/audit?limit=x']) {
      const { headers } = await fetch(`${server.url}${path}`);
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toMatch(/default-src 'none'/);
    }
    expect((await server.as('vera').get('/v1/me')).headers.get('cache-control')).toBe('no-store');
  });
});

describe('sessions', () => {
  const login = async (name: string) => {
    const answer = await fetch(`${server.url}/v1/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-forwarded-proto': 'https' },
      body: JSON.stringify({ token: server.as(name).token }),
    });
    const { csrf } = (await answer.json()) as { csrf: string };
    const given = answer.headers.get('set-cookie')!;
    return { csrf, given, cookie: given.split(';')[0]! };
  };
  const withCookie = (cookie: string, path = '/v1/me', more: RequestInit = {}) =>
    fetch(`${server.url}${path}`, { ...more, headers: { cookie, ...more.headers } });

  test('a cookie of another key, another purpose, of none, or that has ended counts nothing', async () => {
    const signed = (key: Uint8Array, change: (token: SignJWT) => SignJWT = (token) => token) =>
      change(
        new SignJWT({ tokenId: server.records.root!.id })
          .setProtectedHeader({ alg: 'HS256' })
          .setAudience('zkferry-console')
          .setJti(randomUUID())
          .setExpirationTime('5m'),
      ).sign(key);
    const none = (payload: object) =>
      [{ alg: 'none' }, payload]
        .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
        .join('.');
    const key = server.sessionKey;
    const status = async (cookie: string) => (await withCookie(`zkferry_session=${cookie}`)).status;
    expect(await status(await signed(key))).toBe(200);
    expect(await status(await signed(new Uint8Array(32)))).toBe(401);
    expect(await status(await signed(key, (token) => token.setAudience('else')))).toBe(401);
    expect(await status(await signed(key, (token) => token.setExpirationTime(1)))).toBe(401);
    const payload = { tokenId: server.records.root!.id, aud: 'zkferry-console', exp: 4e9 };
    expect(await status(`${none(payload)}.`)).toBe(401);
    expect(await status('x')).toBe(401);
  });

  test('a page of another origin changes nothing by somebody’s cookie', async () => {
    const { cookie, csrf } = await login('root');
    const send = (headers: Record<string, string>, method = 'POST') =>
      withCookie(cookie, '/v1/runs/none/pause', { method, headers, body: '{}' });
    const json = { 'content-type': 'application/json' };
    const origin = { origin: 'https://evil.example' };
    for (const type of ['text/plain', 'application/json', 'application/x-www-form-urlencoded'])
      expect((await send({ ...origin, 'content-type': type })).status).toBe(403);
    expect((await send({ ...json, 'x-csrf-token': '' })).status).toBe(403);
    expect((await send({ ...json, 'x-csrf-token': `${csrf}x` })).status).toBe(403);
    const { csrf: other } = await login('vera');
    expect((await send({ ...json, 'x-csrf-token': other })).status).toBe(403);
    expect((await send({ ...json, 'x-csrf-token': csrf })).status).toBe(503);
    const preflight = await withCookie(cookie, '/v1/runs', {
      method: 'OPTIONS',
      headers: { ...origin, 'access-control-request-method': 'POST' },
    });
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
    const read = await withCookie(cookie, '/v1/me', { headers: origin });
    expect(read.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('a session ends with its token, at once', async () => {
    const { cookie } = await login('olga');
    expect((await withCookie(cookie)).status).toBe(200);
    const { olga, ...rest } = server.records;
    await writeTokens(server.tokensPath, Object.values(rest));
    expect((await withCookie(cookie)).status).toBe(401);
    expect((await server.as('olga').get('/v1/me')).status).toBe(401);
    const ended = { ...olga!, expiresAt: new Date(Date.now() - 1_000).toISOString() };
    await writeTokens(server.tokensPath, [...Object.values(rest), ended]);
    expect((await withCookie(cookie)).status).toBe(401);
    const less = { ...olga!, grants: [{ role: 'viewer' as const, ensembles: ['orders'] }] };
    await writeTokens(server.tokensPath, [...Object.values(rest), less]);
    expect(await (await withCookie(cookie)).json()).toMatchObject({ grants: less.grants });
    await writeTokens(server.tokensPath, Object.values(server.records));
    expect((await withCookie(cookie)).status).toBe(200);
  });

  test('nobody else ends it: to log out shows what only the page knows', async () => {
    const { cookie, csrf } = await login('root');
    const logout = (headers: Record<string, string> = {}) =>
      withCookie(cookie, '/v1/session', { method: 'DELETE', headers });
    const refused = await logout({ origin: 'https://evil.example' });
    expect(refused.status).toBe(403);
    expect(refused.headers.get('set-cookie')).toBeNull();
    expect((await logout({ 'x-csrf-token': `${csrf}x` })).status).toBe(403);
    expect((await withCookie(cookie)).status).toBe(200);
    expect((await logout({ 'x-csrf-token': csrf })).status).toBe(204);
    // One that is over is gone already.
    expect((await logout()).status).toBe(204);
  });

  test('whoever logs out ends the session: a copy of its cookie counts no more, nor a changed one, after a restart either', async () => {
    const { cookie, csrf } = await login('root');
    const other = await login('root');
    const headers = { 'x-csrf-token': csrf };
    expect((await withCookie(cookie)).status).toBe(200);
    expect((await withCookie(cookie, '/v1/session', { method: 'DELETE', headers })).status).toBe(
      204,
    );
    expect((await withCookie(cookie)).status).toBe(401);
    // The last character of a signature has bits to spare: the same signature, written otherwise.
    for (const last of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_')
      expect((await withCookie(`${cookie.slice(0, -1)}${last}`)).status).toBe(401);
    expect((await withCookie(other.cookie)).status).toBe(200);
    const { jti } = decodeJwt(cookie.split('=')[1]!);
    const kept = await openRevokedSessions(
      join(dirname(server.tokensPath), 'revoked-sessions.json'),
    );
    expect(kept.has(jti!)).toBe(true);
    expect(
      (await withCookie('zkferry_session=x', '/v1/session', { method: 'DELETE' })).status,
    ).toBe(204);
  });

  test('headers of a proxy count nothing where there is none', async () => {
    expect((await login('root')).given).not.toMatch(/Secure/);
  });
});

describe('the file of tokens', () => {
  afterEach(() => writeTokens(server.tokensPath, Object.values(server.records)));
  const pasted = 'zkf_0123456789ab_pasted-by-mistake-pasted-by-mistake-pasted-b';

  test.each<[string, () => void]>([
    ['is no YAML', () => writeFileSync(server.tokensPath, `tokens: [{ id: ${pasted}`)],
    ['has an unknown field', () => appendFileSync(server.tokensPath, `${pasted}: 1\n`)],
    [
      'has a value that does not fit',
      () => writeFileSync(server.tokensPath, `tokens: [{ sha256: ${pasted} }]\n`),
    ],
    ['is half written', () => writeFileSync(server.tokensPath, 'tokens:\n  - id: 0123')],
    ['is binary', () => writeFileSync(server.tokensPath, Buffer.from([0, 255, 254, 1, 2]))],
  ])(
    'that %s lets nobody in, says so in the log, and nothing to whoever asks',
    async (_what, damage) => {
      expect((await server.as('root').get('/v1/me')).status).toBe(200);
      damage();
      const answer = await server.as('root').get('/v1/me');
      expect(answer.status).toBe(503);
      expect(JSON.stringify(answer.body)).not.toMatch(/tokens\.yaml|sha256|pasted/);
      expect(server.log()).toMatch(
        /nobody can be let in: the tokens in .*tokens\.yaml are not usable/,
      );
      expect(server.log()).not.toContain('pasted');
      await writeTokens(server.tokensPath, Object.values(server.records));
      expect((await server.as('root').get('/v1/me')).status).toBe(200);
    },
  );

  test('that cannot be read lets nobody in', async () => {
    if (process.getuid?.() === 0) return;
    chmodSync(server.tokensPath, 0);
    expect((await server.as('root').get('/v1/me')).status).toBe(503);
  });
});

test('a token that almost is one is refused as slowly as one that is not at all', async () => {
  const { token } = server.as('root');
  const wrong = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`;
  const unknown = `zkf_000000000000_${'A'.repeat(43)}`;
  const took = async (bearer: string) => {
    const began = process.hrtime.bigint();
    await fetch(`${server.url}/v1/me`, { headers: { authorization: `Bearer ${bearer}` } });
    return Number(process.hrtime.bigint() - began) / 1e6;
  };
  const samples: [number[], number[]] = [[], []];
  for (let round = 0; round < 150; round += 1) {
    samples[0].push(await took(wrong));
    samples[1].push(await took(unknown));
  }
  const [near, far] = samples.map((all) => all.sort((a, b) => a - b)[75]!) as [number, number];
  // A comparison of bytes takes nanoseconds; what could be told apart from outside is more than this.
  expect(Math.abs(near - far)).toBeLessThan(Math.max(1, 0.5 * far));
});

describe('bounds by address', () => {
  const status = async (url: string, headers: Record<string, string>, init: RequestInit = {}) =>
    (await fetch(url, { ...init, headers: { ...headers, ...(init.headers as object) } })).status;

  test('whoever guesses tokens, logs in again and again, or says to be others is held', async () => {
    const bounded = await startLocalServer({ root: ['admin:*'] }, { requestsPerMinute: 30 });
    try {
      const guess = (index: number) =>
        status(`${bounded.url}/v1/me`, {
          authorization: 'Bearer zkf_guess',
          'x-forwarded-for': `10.0.0.${index}`,
          forwarded: `for=10.0.0.${index}`,
          'x-real-ip': `10.0.0.${index}`,
        });
      const seen: number[] = [];
      for (let index = 0; index < 32; index += 1) seen.push(await guess(index));
      expect(seen.slice(0, 30)).toEqual(Array(30).fill(401));
      expect(seen.slice(30)).toEqual([429, 429]);
      const answer = await bounded.as('root').get('/v1/me');
      expect(answer).toMatchObject({
        status: 429,
        body: { type: 'urn:zkferry:error:TooManyRequests' },
      });
      expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      expect((await fetch(`${bounded.url}/healthz`)).status).toBe(200);
    } finally {
      await bounded.close();
    }
  });

  test('logging in has a bound of its own', async () => {
    const login = () =>
      status(
        `${server.url}/v1/session`,
        { 'content-type': 'application/json' },
        { method: 'POST', body: '{"token":"zkf_guess"}' },
      );
    const seen = await Promise.all(Array.from({ length: 25 }, login));
    expect(seen.filter((one) => one === 429).length).toBeGreaterThanOrEqual(5);
  });

  test('behind a proxy only what the proxy has seen counts', async () => {
    const proxied = await startLocalServer(
      { root: ['admin:*'] },
      { behindProxy: true, requestsPerMinute: 5 },
    );
    try {
      const guess = (said: string) => status(`${proxied.url}/v1/me`, { 'x-forwarded-for': said });
      for (let index = 0; index < 5; index += 1)
        expect(await guess(`10.0.0.${index}, 192.0.2.1`)).toBe(401);
      expect(await guess('10.0.0.9, 192.0.2.1')).toBe(429);
      expect(await guess('192.0.2.2')).toBe(401);
      // It ends TLS, whatever it says of that.
      const login = await fetch(`${proxied.url}/v1/session`, {
        ...{ method: 'POST', body: JSON.stringify({ token: proxied.as('root').token }) },
        headers: { 'content-type': 'application/json', 'x-forwarded-for': '192.0.2.3' },
      });
      expect(login.headers.get('set-cookie')).toMatch(/^zkferry_session=.*; Secure/);
    } finally {
      await proxied.close();
    }
  });
});

test('that Temporal is away is said to everybody, and where it is to nobody', async () => {
  const answer = await fetch(`${server.url}/readyz`);
  expect(answer.status).toBe(503);
  const text = await answer.text();
  expect(JSON.parse(text)).toMatchObject({ type: 'urn:zkferry:error:TemporalUnavailable' });
  expect(text).not.toMatch(/127\.0\.0\.1|default/);
  expect(server.log()).toMatch(/not ready: .*nothing listens at 127\.0\.0\.1:1/);
});
