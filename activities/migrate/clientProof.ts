/** Whether a client is where it was led to: by its sessions, by its own health, or taken on trust. */
import type { Client } from '../../src/model/client';
import { isZkferryError } from '../../src/model/errors';
import type { OperationContext } from '../../src/model/ports';
import type { RedirectPort } from '../../src/model/redirect';
import { waitFor } from '../operation';
import { sessionsFrom, type SideSessions } from './sideSessions';

const MAX_SESSIONS = 20;
/** Of the output of a health command, for reasons. */
const MAX_OUTPUT_CHARS = 300;

export interface ClientProof {
  detail: string;
  sessions?: string[];
}

export interface ProofPlace {
  redirect: RedirectPort;
  look: () => Promise<SideSessions>;
  context: OperationContext;
}

/** Once, without waiting: the proof, or what is missing. */
export async function proofOf(
  client: Client,
  sources: readonly string[],
  { redirect, look, context }: ProofPlace,
): Promise<{ value: ClientProof } | { reasons: string[] }> {
  const details: string[] = [];
  const reasons: string[] = [];
  let sessions: string[] | undefined;
  if (client.proof === 'session') {
    const { arrived, left } = await look();
    const here = sessionsFrom(arrived, sources);
    const there = sessionsFrom(left, sources);
    if (here.length === 0)
      reasons.push(`no session from ${sources.join(', ')} is on the servers it was led to`);
    if (there.length > 0)
      reasons.push(
        `${named(there)} from ${sources.join(', ')} on the servers it is to leave${here.length > 0 ? `, though ${named(here)} on the others` : ''}`,
      );
    sessions = here.slice(0, MAX_SESSIONS).map(({ session }) => session);
    details.push(`${named(here)} there, none on the servers it left`);
  }
  // A client that is still elsewhere says nothing of this side by its health.
  if (reasons.length === 0 && client.health !== undefined && client.proof !== 'none') {
    const why = await whyUnhealthy(client, redirect, context);
    if (why === undefined) details.push('it says that it is healthy');
    else reasons.push(why);
  }
  if (reasons.length > 0) return { reasons };
  if (details.length === 0) details.push('not proven: the inventory says proof: none');
  return { value: { detail: details.join('; '), ...(sessions && { sessions }) } };
}

/** @throws ZkferryError WaitTimedOut naming what is missing */
export const awaitProof = (
  client: Client,
  sources: readonly string[],
  timeoutMs: number,
  place: ProofPlace,
): Promise<ClientProof> =>
  waitFor(`client ${client.name} is where it was led to`, { timeoutMs, ...place }, () =>
    proofOf(client, sources, place),
  );

async function whyUnhealthy(
  client: Client,
  redirect: RedirectPort,
  context: OperationContext,
): Promise<string | undefined> {
  try {
    const { healthy, output } = await redirect.health(client, context);
    if (healthy) return undefined;
    return `its health command says no: ${output.trim().slice(-MAX_OUTPUT_CHARS) || '(nothing)'}`;
  } catch (error) {
    context.signal.throwIfAborted();
    if (!isZkferryError(error)) throw error;
    return error.message;
  }
}

const named = (sessions: readonly { session: string }[]): string =>
  sessions.length === 1 ? `session ${sessions[0]!.session}` : `${sessions.length} sessions`;
