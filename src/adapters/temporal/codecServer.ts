/**
 * Encodes and decodes payloads for the Temporal UI and Temporal's command: POST /encode and /decode with
 * `{payloads: […]}` as protobuf writes it in JSON. Browsers are served for one origin only.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { z } from 'zod';
import { ZkferryError } from '../../model/errors';

export interface CodecServerOptions {
  host: string;
  /** 0 takes a free one. */
  port: number;
  codec: PayloadCodec;
  /** Of the Temporal UI, such as `http://127.0.0.1:8233`; without it no browser is served. */
  origin?: string;
  /** What callers must send as bearer token; without it everybody who reaches the port is served. */
  token?: string;
}

export interface RunningCodecServer {
  url: string;
  close(): Promise<void>;
}

/** Temporal takes 2 MiB a payload; base64 and JSON make a third more of it, and a page has several. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;
const MAX_PAYLOADS = 2_000;
const REQUEST_DEADLINE_MS = 30_000;
const PREFLIGHT_SECONDS = 600;

const base64 = z.string().regex(/^[A-Za-z0-9+/\-_]*={0,2}$/, { error: 'expected base64' });
const bodySchema = z.object({
  payloads: z
    .array(
      z.object({
        metadata: z.record(z.string(), base64).nullish(),
        data: base64.nullish(),
      }),
    )
    .max(MAX_PAYLOADS),
});

/** @throws BadUsage where the address can't be listened on */
export async function startCodecServer(options: CodecServerOptions): Promise<RunningCodecServer> {
  const { host, port } = options;
  const server = createServer((request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      const status = error instanceof Refusal ? error.status : 500;
      const reason = error instanceof Refusal ? error.message : 'internal error';
      send(response, status, { message: reason });
    });
  });
  server.requestTimeout = REQUEST_DEADLINE_MS;
  server.headersTimeout = REQUEST_DEADLINE_MS;
  await listening(server, host, port);
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listening(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        new ZkferryError(
          'BadUsage',
          `can't listen on ${host}:${port} (${error.code ?? 'error'}): choose another address`,
          { cause: error },
        ),
      ),
    );
    server.listen(port, host, resolve);
  });
}

/** What a caller did wrong. */
class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

async function answer(
  { codec, origin, token }: CodecServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method, url = '', headers } = request;
  // A page of another origin must not even have work done for it.
  if (headers.origin !== undefined && headers.origin !== origin)
    throw new Refusal(403, 'this origin is not served');
  if (headers.origin !== undefined) allow(response, headers.origin);
  if (method === 'OPTIONS') return void response.writeHead(204).end();
  const path = url.split('?', 1)[0]!.replace(/\/+$/, '');
  if (path === '/healthz' && method === 'GET') return send(response, 200, { ok: true });
  const direction = path === '/encode' ? 'encode' : path === '/decode' ? 'decode' : undefined;
  if (direction === undefined) throw new Refusal(404, 'expected /encode or /decode');
  if (method !== 'POST') throw new Refusal(405, 'expected POST');
  if (token !== undefined && !isSame(headers.authorization ?? '', `Bearer ${token}`))
    throw new Refusal(401, 'a bearer token is needed');
  const payloads = payloadsIn(await bodyOf(request));
  let turned: Payload[];
  try {
    turned = await codec[direction](payloads);
  } catch (error) {
    throw new Refusal(400, error instanceof Error ? error.message : 'not decoded');
  }
  send(response, 200, { payloads: turned.map(asJson) });
}

function allow(response: ServerResponse, origin: string): void {
  response.setHeader('access-control-allow-origin', origin);
  response.setHeader('access-control-allow-methods', 'POST, OPTIONS');
  response.setHeader('access-control-allow-headers', 'content-type, authorization, x-namespace');
  response.setHeader('access-control-allow-credentials', 'true');
  response.setHeader('access-control-max-age', String(PREFLIGHT_SECONDS));
  response.setHeader('vary', 'origin');
}

/** Takes as long whatever was given. */
function isSame(given: string, wanted: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(given), hash(wanted));
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw new Refusal(413, `more than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function payloadsIn(body: Buffer): Payload[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch {
    throw new Refusal(400, 'expected JSON');
  }
  const result = bodySchema.safeParse(parsed);
  if (!result.success)
    throw new Refusal(400, `expected {payloads: […]}: ${result.error.issues[0]?.message}`);
  return result.data.payloads.map(({ metadata, data }) => ({
    metadata: Object.fromEntries(
      Object.entries(metadata ?? {}).map(([name, value]) => [name, Buffer.from(value, 'base64')]),
    ),
    data: Buffer.from(data ?? '', 'base64'),
  }));
}

const asJson = ({ metadata, data }: Payload) => ({
  metadata: Object.fromEntries(
    Object.entries(metadata ?? {}).map(([name, value]) => [
      name,
      Buffer.from(value).toString('base64'),
    ]),
  ),
  data: Buffer.from(data ?? []).toString('base64'),
});

function send(response: ServerResponse, status: number, document: object): void {
  // A body that was refused half-way is not read to its end.
  if (status >= 400) response.setHeader('connection', 'close');
  response.writeHead(status, {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(JSON.stringify(document));
}
