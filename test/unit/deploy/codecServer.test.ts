/** The codec server decodes for one origin and one token, and for nobody else. */
import { randomBytes } from 'node:crypto';
import { defaultPayloadConverter } from '@temporalio/common';
import {
  MAX_BODY_BYTES,
  startCodecServer,
  type RunningCodecServer,
} from '../../../src/adapters/temporal/codecServer';
import { createPayloadCodec } from '../../../src/adapters/temporal/payloadCodec';
import { ran } from '../cli/testIo';

const ORIGIN = 'http://127.0.0.1:8233';
const TOKEN = 'a-token';
const codec = createPayloadCodec([{ id: 'a', key: randomBytes(32) }]);

let server: RunningCodecServer;
beforeAll(async () => {
  server = await startCodecServer({
    ...{ host: '127.0.0.1', port: 0, codec, origin: ORIGIN, token: TOKEN },
  });
});
afterAll(() => server.close());

interface Request {
  headers?: Record<string, string>;
  body?: unknown;
  method?: string;
}
const ask = (path: string, { headers, body, method = 'POST' }: Request = {}) =>
  fetch(`${server.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, ...headers },
    body: method !== 'POST' ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
  });

const { metadata, data } = defaultPayloadConverter.toPayload({ ensemble: 'orders' });
const plain = {
  metadata: { encoding: Buffer.from(metadata!.encoding!).toString('base64') },
  data: Buffer.from(data!).toString('base64'),
};

test('encodes and decodes what protobuf writes in JSON', async () => {
  const encoded = await ask('/encode', { body: { payloads: [plain, plain] } });
  expect(encoded.status).toBe(200);
  const sealed = (await encoded.json()) as { payloads: { data: string }[] };
  expect(sealed.payloads).toHaveLength(2);
  expect(Buffer.from(sealed.payloads[0]!.data, 'base64').toString()).not.toContain('orders');
  const decoded = await ask('/decode', { body: sealed });
  expect(await decoded.json()).toEqual({ payloads: [plain, plain] });
});

test('lets pages of its one origin ask, with a preflight', async () => {
  const preflight = await ask('/decode', { method: 'OPTIONS', headers: { origin: ORIGIN } });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get('access-control-allow-origin')).toBe(ORIGIN);
  expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
  const answer = await ask('/decode', { headers: { origin: ORIGIN }, body: { payloads: [] } });
  expect(answer.status).toBe(200);
});

test.each([
  ['a page of another origin', '/decode', { headers: { origin: 'http://evil.example' } }, 403],
  [
    'a preflight of another origin',
    '/decode',
    { method: 'OPTIONS', headers: { origin: 'null' } },
    403,
  ],
  ['a caller without the token', '/decode', { headers: { authorization: '' } }, 401],
  ['a caller with another token', '/encode', { headers: { authorization: 'Bearer b' } }, 401],
  ['another path', '/other', {}, 404],
  ['another method', '/decode', { method: 'GET' }, 405],
  ['what is no JSON', '/decode', { body: '{' }, 400],
  ['what are no payloads', '/decode', { body: { payloads: [{ data: 'not base64!' }] } }, 400],
  ['too much', '/decode', { body: ' '.repeat(MAX_BODY_BYTES + 1) }, 413],
] as [string, string, Request, number][])('refuses %s', async (_, path, request, status) => {
  const answer = await ask(path, request);
  expect(answer.status).toBe(status);
  expect(answer.headers.get('access-control-allow-origin')).not.toBe('http://evil.example');
});

test('says which key is missing', async () => {
  const other = createPayloadCodec([{ id: 'lost', key: randomBytes(32) }]);
  const [sealed] = await other.encode([defaultPayloadConverter.toPayload('x')]);
  const body = {
    payloads: [
      {
        metadata: Object.fromEntries(
          Object.entries(sealed!.metadata!).map(([name, value]) => [
            name,
            Buffer.from(value).toString('base64'),
          ]),
        ),
        data: Buffer.from(sealed!.data!).toString('base64'),
      },
    ],
  };
  const answer = await ask('/decode', { body });
  expect(answer.status).toBe(400);
  expect(await answer.text()).toContain('lost');
});

describe('the command', () => {
  const keys = { ZKFERRY_CODEC_KEYS: 'env:KEYS', KEYS: `a: ${randomBytes(32).toString('base64')}` };

  test('serves until it is interrupted', async () => {
    const { code, out } = await ran(['codec-server', '--listen', '127.0.0.1:0'], {
      env: keys,
      interrupted: true,
    });
    expect(code).toBe(0);
    expect(out).toContain('decoding at http://127.0.0.1:');
  });

  test.each([
    ['without keys', ['--listen', '127.0.0.1:0'], {}, 'ZKFERRY_CODEC_KEYS'],
    ['beyond loopback without a token', ['--listen', '0.0.0.0:8421'], keys, '--token'],
    ['with an origin that is none', ['--origin', '*'], keys, '--origin'],
  ])('refuses to run %s', async (_, words, env, names) => {
    const { code, err } = await ran(['codec-server', ...words], { env, interrupted: true });
    expect(code).toBe(2);
    expect(err).toContain(names);
  });
});
