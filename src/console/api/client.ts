/** One way to the HTTP API: same origin, the session's cookie, the CSRF token on whatever changes something. */
import type { Problem } from './types';
import { reached, setProbe, unreached } from './connection';

const REQUEST_DEADLINE_MS = 60_000;
/** What a proxy answers for a server that is gone. */
const GATEWAY_STATUSES = new Set([502, 503, 504]);

/** The answer of the API that something is refused or failed, or that none came (`status` 0). */
export class ApiError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail ?? problem.title);
    this.name = 'ApiError';
  }
  get status(): number {
    return this.problem.status;
  }
}

let csrf: string | undefined;
let onSignedOut: () => void = () => undefined;

export const setCsrf = (token: string | undefined): void => {
  csrf = token;
};
export const setOnSignedOut = (listener: () => void): void => {
  onSignedOut = listener;
};

export interface RequestOptions {
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  signal?: AbortSignal;
}

/** The console lies at `/console/` of whatever prefix the server is behind. */
export function apiUrl(path: string, query: RequestOptions['query'] = {}): string {
  const url = new URL(`../v1${path}`, document.baseURI);
  for (const [name, value] of Object.entries(query))
    if (value !== undefined && value !== '') url.searchParams.set(name, String(value));
  return url.href;
}

/** @throws ApiError */
export async function request<T>(
  method: 'GET' | 'POST' | 'PUT' | 'DELETE',
  path: string,
  { query, body, signal }: RequestOptions = {},
): Promise<T> {
  const deadline = AbortSignal.timeout(REQUEST_DEADLINE_MS);
  const response = await fetch(apiUrl(path, query), {
    method,
    credentials: 'same-origin',
    cache: 'no-store',
    headers: {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(method === 'GET' || csrf === undefined ? {} : { 'x-csrf-token': csrf }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    unreached();
    throw new ApiError({
      status: 0,
      title: 'No answer from the server',
      detail:
        method === 'GET'
          ? 'It is asked again until it answers.'
          : 'Nobody knows whether it was done: look before you do it again.',
    });
  });
  const text = await response.text().catch(() => '');
  const isProblem = (response.headers.get('content-type') ?? '').includes('json');
  if (GATEWAY_STATUSES.has(response.status) && !isProblem) unreached();
  else reached();
  if (!response.ok) {
    const error = new ApiError(problemOf(response, text));
    if (response.status === 401 && path !== '/session') onSignedOut();
    // The token may be of before the server was started anew: the next try takes the one of now.
    if (response.status === 403 && method !== 'GET') void renewCsrf();
    throw error;
  }
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

const renewCsrf = () =>
  request<{ csrf?: string }>('GET', '/me').then(
    (me) => {
      csrf = me.csrf ?? csrf;
    },
    () => undefined,
  );

function problemOf(response: Response, text: string): Problem {
  const plain = {
    status: response.status,
    title: response.statusText || `HTTP ${response.status}`,
  };
  try {
    return { ...plain, ...(JSON.parse(text) as Partial<Problem>), status: response.status };
  } catch {
    return { ...plain, detail: text.slice(0, 2_000) || undefined };
  }
}

setProbe(() =>
  request('GET', '/me').then(
    () => undefined,
    () => undefined,
  ),
);
