/** JSON of a server that is trusted to say what is so, but not to be quick, small, or where its redirections lead. */

export interface JsonRequest {
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: string;
  /** Until the last byte has come. */
  timeoutMs: number;
  maxBytes: number;
}

export interface JsonAnswer {
  status: number;
  /** Undefined where it is no JSON. */
  document: unknown;
}

/** @throws Error without the URL and what was sent: no answer in time, too large, a redirection */
export async function askJson(
  url: string,
  { method = 'GET', headers = {}, body, timeoutMs, maxBytes }: JsonRequest,
): Promise<JsonAnswer> {
  const signal = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(url, {
      ...{ method, body, signal, redirect: 'error' },
      headers: { accept: 'application/json', 'user-agent': 'zkferry', ...headers },
    });
    return { status: response.status, document: parsed(await textOf(response, maxBytes)) };
  } catch (error) {
    if (signal.aborted) throw new Error(`no answer within ${timeoutMs} ms`, { cause: error });
    const { cause } = error as { cause?: NodeJS.ErrnoException };
    throw new Error(cause?.code ?? cause?.message ?? (error as Error).message, { cause: error });
  }
}

async function textOf(response: Response, maxBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop by an error ends the connection.
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error(`the answer is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
