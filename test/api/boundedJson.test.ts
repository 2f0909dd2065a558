/** An answer of somebody else's server takes no longer, and no more room, than it may. */
import { createServer, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { askJson } from '../../src/adapters/http/boundedJson';
import { freePort } from './openIdProvider';

const ANSWERS: Record<string, (response: ServerResponse) => void> = {
  '/good': (response) => response.end('{"a":1}'),
  '/page': (response) => response.writeHead(502).end('<p>no</p>'),
  '/elsewhere': (response) => response.writeHead(302, { location: '/good' }).end(),
  '/silent': () => undefined,
  '/slow': (response) => response.write('{"a":'),
  '/endless': (response) => {
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536, 32)));
    };
    response.on('drain', more);
    more();
  },
};

let server: Server;
let url: string;
let closed: Promise<unknown>[] = [];

beforeAll(async () => {
  server = createServer(({ url: path }, response) => {
    closed.push(once(response, 'close'));
    ANSWERS[path!]!(response);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => (closed = []));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const ask = (path: string) => askJson(`${url}${path}`, { timeoutMs: 500, maxBytes: 100_000 });

test('what is JSON is read, and what is none is undefined', async () => {
  expect(await ask('/good')).toEqual({ status: 200, document: { a: 1 } });
  expect(await ask('/page')).toEqual({ status: 502, document: undefined });
});

test.each([
  ['/elsewhere', /redirect/],
  ['/silent', /^no answer within 500 ms$/],
  ['/slow', /^no answer within 500 ms$/],
  ['/endless', /^the answer is larger than 100000 bytes$/],
])('%s is given up, with its connection', async (path, why) => {
  await expect(ask(path)).rejects.toThrow(why);
  await Promise.all(closed);
});

test('nobody there is said by its code, without the address', async () => {
  const nobody = askJson(`http://127.0.0.1:${await freePort()}/`, {
    ...{ timeoutMs: 500, maxBytes: 100 },
  });
  await expect(nobody).rejects.toThrow(/^ECONNREFUSED$/);
});
