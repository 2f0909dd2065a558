/** One client of a batch, led to the other side or back. What goes wrong with it is its outcome, not an error. */
import { createHash } from 'node:crypto';
import type { Client } from '../../src/model/client';
import { isZkferryError, ZkferryError } from '../../src/model/errors';
import type { FenceToken, OperationContext } from '../../src/model/ports';
import type { ClientOutcome, RedirectArgs, RedirectOrder } from '../../src/model/redirect';
import type { Dependencies } from '../dependencies';
import { pause } from '../operation';
import { awaitProof, proofOf, type ProofPlace } from './clientProof';

const MAX_LABEL_CHARS = 80;
const RETRY_MS = 1_000;

export interface ClientPlace extends ProofPlace {
  inventory: Dependencies['inventory'];
  token: FenceToken;
}

/** A run's old copies: any workflow id becomes a directory's name, and no two the same. */
export function redirectLabel(run: string): string {
  const plain = run.replace(/[^A-Za-z0-9._-]/g, '-').slice(0, MAX_LABEL_CHARS);
  return `run-${plain}-${createHash('sha256').update(run).digest('hex').slice(0, 8)}`;
}

export const redirectOne = (
  name: string,
  args: RedirectArgs,
  place: ClientPlace,
): Promise<ClientOutcome> =>
  outcomeOf(name, place, async (client) => {
    const { redirect, context, token } = place;
    const order = orderOf(name, args);
    const sources = client.proof === 'session' ? await redirect.sourcesOf(client) : [];
    const { files, begun } = await redirect.look(client, order, context);
    const isNew = files.length > 0 && files.every(({ standing }) => standing === 'new');
    if (isNew && !begun && client.proof !== 'none') {
      const already = await proofOf(client, sources, place);
      if ('value' in already) return { state: 'alreadyThere', ...already.value };
    }
    const { edited } = await persistently(args, context, () =>
      redirect.lead(client, order, token, context),
    );
    const { detail, sessions } = await awaitProof(client, sources, args.proofTimeoutMs, place);
    return { state: 'redirected', detail: inWords('edited', edited, detail), sessions };
  });

/** Of a client that this run has not touched nothing is done, and nothing proven. */
export const returnOne = (
  name: string,
  args: RedirectArgs,
  place: ClientPlace,
): Promise<ClientOutcome> =>
  outcomeOf(name, place, async (client) => {
    const { redirect, context, token } = place;
    const sources = client.proof === 'session' ? await redirect.sourcesOf(client) : [];
    const done = await persistently(args, context, () =>
      redirect.leadBack(client, orderOf(name, args), token, context),
    );
    if (!done.begun) return { state: 'untouched', detail: 'this run has not led it anywhere' };
    const { detail, sessions } = await awaitProof(client, sources, args.proofTimeoutMs, place);
    return { state: 'returned', detail: inWords('put back', done.restored, detail), sessions };
  });

async function outcomeOf(
  name: string,
  { inventory, context }: ClientPlace,
  work: (client: Client) => Promise<Omit<ClientOutcome, 'client'>>,
): Promise<ClientOutcome> {
  try {
    const client = await inventory.client(name);
    const outcome = await work(client);
    context.heartbeat({ client: name, state: outcome.state });
    return { client: name, ...outcome };
  } catch (error) {
    context.signal.throwIfAborted();
    // Not this client's failure: this attempt must not go on with any.
    if (!isZkferryError(error) || error.type === 'StaleFence') throw error;
    return { client: name, state: 'failed', detail: error.message, error: error.type };
  }
}

/** A lost connection, or the command of an attempt that died and still holds the lock, need not hold the run. */
async function persistently<T>(
  { proofTimeoutMs }: RedirectArgs,
  { signal }: OperationContext,
  work: () => Promise<T>,
): Promise<T> {
  const deadline = Date.now() + proofTimeoutMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      if (!isZkferryError(error) || !error.retryable || Date.now() >= deadline) throw error;
      await pause(RETRY_MS, signal);
    }
  }
}

const orderOf = (
  name: string,
  { from, to, run, ensemble, planned }: RedirectArgs,
): RedirectOrder => ({
  from,
  to,
  run,
  ensemble,
  label: redirectLabel(run),
  ...(planned?.[name] !== undefined && { planned: planned[name] }),
});

const inWords = (what: string, paths: readonly string[], proof: string): string =>
  paths.length === 0 ? proof : `${what} ${paths.join(', ')}; ${proof}`;

/** @throws ZkferryError Unsupported on a worker without it */
export function redirectPortOf({ redirect }: Dependencies): ClientPlace['redirect'] {
  if (redirect !== undefined) return redirect;
  throw new ZkferryError('Unsupported', 'this worker is not set up to redirect clients');
}
