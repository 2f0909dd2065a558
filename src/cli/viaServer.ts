/** Controls sent by zkferry server instead of straight to Temporal: where workers count signed ones only, there is no other way. */
import type { ControlName } from '../model/contract';
import { ZkferryError, type ErrorType } from '../model/errors';
import type { StatusDocument } from '../model/status';
import type { CommandContext } from './context';

export const SERVER_VARIABLE = 'ZKFERRY_SERVER';
export const TOKEN_VARIABLE = 'ZKFERRY_TOKEN';

const DEADLINE_MS = 30_000;

type Input = Record<string, unknown> & { gate?: string };

/** As a header can carry it: what zkferry makes, and what identity providers do. */
const TOKEN = /^[\x21-\x7e]+$/;

/** Errors never say what was given: it may be, or hold, a secret. Undefined where no server is named. @throws BadUsage */
export function serverOf({ io }: CommandContext): { url: string; token: string } | undefined {
  const url = io.env[SERVER_VARIABLE];
  const token = io.env[TOKEN_VARIABLE]?.trim();
  if (!url) return undefined;
  if (!/^https?:\/\//.test(url) || !URL.canParse(url))
    throw new ZkferryError(
      'BadUsage',
      `${SERVER_VARIABLE} is no URL: expected that of zkferry server, such as http://127.0.0.1:8420`,
    );
  const { username, password } = new URL(url);
  if (username !== '' || password !== '')
    throw new ZkferryError(
      'BadUsage',
      `${SERVER_VARIABLE} names a user or a password: take them out of the URL; who asks is told by ${TOKEN_VARIABLE}`,
    );
  if (!token)
    throw new ZkferryError(
      'BadUsage',
      `${SERVER_VARIABLE} is set, and ${TOKEN_VARIABLE} is not: expected a token of zkferry token create`,
    );
  if (!TOKEN.test(token))
    throw new ZkferryError(
      'BadUsage',
      `${TOKEN_VARIABLE} is not a token: expected one word of plain ASCII, as zkferry token create prints it (zkf_ID_SECRET)`,
    );
  return { url: url.replace(/\/$/, ''), token };
}

/**
 * Who asks is whose token it is: names that were given are left out.
 * `accepted`: it takes effect later; where nobody has answered yet there is nothing else.
 * @throws what the server refuses with, by its type; TemporalUnavailable where it is not there
 */
export async function sendByServer(
  { url, token }: { url: string; token: string },
  workflowId: string,
  control: ControlName,
  input: Record<string, unknown>,
): Promise<StatusDocument & { accepted?: string }> {
  const { gate, approver: _approver, by: _by, ...body } = input as Input;
  const run = `${url}/v1/runs/${encodeURIComponent(workflowId)}`;
  const place = gate === undefined ? control : `gates/${gate}/${control}`;
  let response: Response;
  try {
    response = await fetch(`${run}/${place}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      redirect: 'error',
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
  } catch (error) {
    throw new ZkferryError(
      'TemporalUnavailable',
      `zkferry server does not answer at ${url} (${SERVER_VARIABLE}): ${(error as Error).message}`,
      { cause: error },
    );
  }
  const answer = (await response.json().catch(() => ({}))) as { type?: string; detail?: string };
  if (response.ok) return answer as unknown as StatusDocument & { accepted?: string };
  const type = answer.type?.replace(/^urn:zkferry:error:/, '') ?? 'Refused';
  throw new ZkferryError(
    type as ErrorType,
    answer.detail ?? `the server answered ${response.status}`,
  );
}
