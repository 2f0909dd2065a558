/** Steps that lead clients to the new servers, batch by batch, and back. */
import type { Plan, PlanStep } from '../../model/plan';
import type { Redirection } from '../../model/migrationInputs';
import type { FileConnections } from '../../model/redirect';
import { batchesOf } from '../redirect/batches';

const MINUTE_MS = 60_000;
/** Files, reload and proof of one client, beyond what the proof itself may take; they run together. */
const CLIENT_MS = 5 * MINUTE_MS;

export interface RedirectFrame {
  /** Names in the inventory, in their order. */
  clients: readonly string[];
  redirect: Redirection;
  /** Whether gate `nextBatch` asks before every batch but the first. */
  asks: boolean;
  /** What their files say now, by client. */
  connections?: Readonly<Record<string, FileConnections>>;
  /** Where clients are led, for people. */
  to: string;
  /** Where they are now, for people. */
  from: string;
}

export function redirectSteps({
  clients,
  redirect,
  asks,
  connections,
  to,
  from,
}: RedirectFrame): PlanStep[] {
  const batches = batchesOf(clients, redirect.batch);
  return batches.map((batch, index) => ({
    id: `redirect/${index + 1}`,
    phase: 'redirect',
    activity: 'redirectClients',
    clients: batch,
    ...(connections && { connections: ofClients(connections, batch) }),
    title: `lead ${batch.join(', ')} to ${to} (batch ${index + 1} of ${batches.length})`,
    why: 'each file is edited where its connection string stands, and its old copy is kept; each client is proven by its session',
    guard: { kind: 'none' },
    undo: `${batch.join(', ')} get their files back, byte for byte, and are led to ${from}`,
    waitsFor: `every one of them is seen on ${to} and is healthy${redirect.pauseMs > 0 ? `, then ${redirect.pauseMs} ms` : ''}`,
    timeoutMs: redirect.proofTimeoutMs + redirect.pauseMs + CLIENT_MS,
    ...(asks &&
      index > 0 && {
        gate: 'nextBatch' as const,
        gateReason: `passing leads ${batch.length} more of ${clients.length} clients to ${to}`,
      }),
  }));
}

const ofClients = (
  all: NonNullable<RedirectFrame['connections']>,
  clients: readonly string[],
): Record<string, FileConnections> =>
  Object.fromEntries(clients.flatMap((name) => (all[name] ? [[name, all[name]]] : [])));

/** What the plan knows its clients' files to say. */
export const connectionsOf = ({ steps }: Pick<Plan, 'steps'>): Record<string, FileConnections> =>
  Object.assign({}, ...steps.map(({ connections }) => connections)) as Record<
    string,
    FileConnections
  >;

/** All that may have been led away, together: the way back is no time for batches. */
export function returnStep(
  clients: readonly string[],
  { redirect, from }: Pick<RedirectFrame, 'redirect' | 'from'>,
): PlanStep {
  return {
    id: 'rollback/returnClients',
    phase: 'rollback',
    activity: 'returnClients',
    clients: [...clients],
    title: `lead ${clients.join(', ')} back to ${from}`,
    why: `${from} serves what they are led to`,
    guard: { kind: 'none' },
    undo: 'nothing to undo',
    waitsFor: `their files say what they said, and every one is seen on ${from}`,
    timeoutMs: redirect.proofTimeoutMs + CLIENT_MS,
  };
}
