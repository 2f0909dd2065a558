/** `GET /commands/snapshot` of a server's AdminServer (3.9 and later): it writes a snapshot and streams it out. */
import { get, type IncomingMessage } from 'node:http';
import { ZkferryError } from '../../model/errors';
import { hostPort } from '../../model/hostPort';

export interface AdminRequest {
  host: string;
  port: number;
  /** `user:password`. */
  credential: string;
  /** The server writes the whole snapshot before it answers. Default 10 min. */
  answerWithinMs?: number;
  /** Most time the body may stand still. Default 60 s. */
  stallMs?: number;
  signal: AbortSignal;
}

export interface AdminSnapshot {
  /** The last transaction the server had applied when it began. Some of what came meanwhile may be in it. */
  zxid: bigint;
  body: IncomingMessage;
}

const ANSWER_WITHIN_MS = 600_000;
const STALL_MS = 60_000;
/** Of an answer that is no snapshot. */
const MAX_TEXT_BYTES = 4_096;

/**
 * The body is the caller's to read or destroy; it fails with ZooKeeperUnavailable where it stands still. ZooKeeperAuthFailed,
 * Unsupported; ZooKeeperUnavailable (retryable) for all that may pass.
 */
export async function requestSnapshot(request: AdminRequest): Promise<AdminSnapshot> {
  const { host, port, stallMs = STALL_MS } = request;
  const where = `the AdminServer at ${hostPort(host, port)}`;
  const body = await answer(request, where);
  const zxid = headerOf(body, 'last_zxid');
  if (body.statusCode === 200 && zxid !== undefined && /^0x[0-9a-f]{1,16}$/.test(zxid)) {
    body.setTimeout(stallMs, () =>
      body.destroy(unavailable(`${where} sent nothing for ${stallMs / 1_000} s in mid-snapshot`)),
    );
    return { zxid: BigInt(zxid), body };
  }
  throw refusal(where, body.statusCode ?? 0, await textOf(body));
}

function answer(
  { host, port, credential, answerWithinMs = ANSWER_WITHIN_MS, signal }: AdminRequest,
  where: string,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const asked = get({
      ...{ host, port, signal, path: '/commands/snapshot?streaming=true' },
      headers: { authorization: `digest ${credential}` },
      // Of its own, so that none is left when it is done.
      agent: false,
    });
    const timer = setTimeout(
      () => asked.destroy(unavailable(`${where} did not answer within ${answerWithinMs} ms`)),
      answerWithinMs,
    );
    asked.on('response', (body) => {
      clearTimeout(timer);
      resolve(body);
    });
    asked.on('error', (error: NodeJS.ErrnoException) => {
      clearTimeout(timer);
      const isOurs = error instanceof ZkferryError || signal.aborted;
      reject(
        isOurs
          ? error
          : unavailable(
              `${where} cannot be asked (${error.code ?? error.message}): see that it is switched on there (admin.enableServer), speaks plain HTTP, and lets the worker in`,
            ),
      );
    });
  });
}

function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}

async function textOf(body: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of body) {
    text += (chunk as Buffer).toString('utf8');
    if (text.length >= MAX_TEXT_BYTES) break;
  }
  body.destroy();
  return text;
}

/** What the server says of itself, in JSON: `error`. */
function errorOf(text: string): string {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === 'string' ? error.slice(0, 300) : '';
  } catch {
    return '';
  }
}

function refusal(where: string, status: number, text: string): ZkferryError {
  const error = errorOf(text);
  const said = `${status}${error === '' ? '' : `, ${error}`}`;
  if (status === 401 || status === 403)
    return new ZkferryError(
      'ZooKeeperAuthFailed',
      `${where} gives no snapshot to the credential of the inventory's "adminServer" (${said}): it takes one that has all permissions on the root znode`,
    );
  if (status === 429) return unavailable(`${where} gives no other snapshot so soon (${said})`);
  if (/not currently serving/i.test(error)) return unavailable(`${where}: ${error}`);
  if (status === 500)
    return unavailable(
      `${where} could not take a snapshot (${said}): see its server's log; serializeLastProcessedZxid.enabled must not be false there`,
    );
  return new ZkferryError(
    'Unsupported',
    `${where} gives no snapshots (${said}): it takes 3.9 or later, and admin.snapshot.enabled`,
  );
}

const unavailable = (message: string): ZkferryError =>
  new ZkferryError('ZooKeeperUnavailable', message, { retryable: true });
