/** Where a run would find its ensemble held, it would end at once, and its ticket with it: so it is not even started. */
import type { Temporal } from '../adapters/temporal/connect';
import { holdsOf } from '../adapters/temporal/holds';
import { isOver } from '../adapters/temporal/over';
import { describeRun, withOutcome } from '../adapters/temporal/describeRun';
import type { RunSummary } from '../adapters/temporal/runSummary';
import { isZkferryError, ZkferryError } from '../model/errors';
import type { Openings } from './openings';

/** Most that is waited for the hold of a run that has ended by its own word: it has last words, and Temporal lists late. */
const LETS_GO_WITHIN_MS = 4_000;
const LOOK_EVERY_MS = 250;

/** Who has an ensemble now, or its capture. */
export interface Held {
  held: string;
  by: string;
  detail: string;
}

type Seen = { temporal: Temporal; openings: Pick<Openings, 'newestOn'> };

/**
 * As far as it can be seen from here: what another server opens in the same moment is not.
 * @throws EnsembleHeld, unless `ticket` is that of a run that exists already
 */
export async function refuseHeld(
  { temporal, openings }: Seen,
  wanted: readonly string[],
  ticket: string,
): Promise<void> {
  if (wanted.length === 0) return;
  const look = async (): Promise<Held | undefined> =>
    (await heldNow(temporal, wanted)) ?? (await openedHere({ temporal, openings }, wanted));
  const first = await look();
  // Asked again, a ticket answers with its own run.
  if (first === undefined || first.by === ticket) return;
  if ((await runOf(temporal, ticket)) !== undefined) return;
  const held = await heldStill(first, look, (by) => hasEnded(temporal, by));
  if (held === undefined) return;
  throw new ZkferryError(
    'EnsembleHeld',
    `${held.held} is held by ${held.by} (${held.detail}): wait until that has ended, or end it first. Nothing was started: the ticket ${ticket} is free`,
  );
}

/** Whoever has ended lets go in a moment, which is waited for. @returns who holds it even so */
export async function heldStill(
  first: Held,
  look: () => Promise<Held | undefined>,
  ended: (workflowId: string) => Promise<boolean>,
  withinMs = LETS_GO_WITHIN_MS,
): Promise<Held | undefined> {
  const deadline = Date.now() + withinMs;
  let held: Held | undefined = first;
  while (held !== undefined && Date.now() < deadline && (await ended(held.by))) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    held = await look();
  }
  return held;
}

/** By Temporal's word, or by its own. */
async function hasEnded(temporal: Temporal, workflowId: string): Promise<boolean> {
  const run = await runOf(temporal, workflowId);
  if (run?.status !== 'RUNNING') return true;
  const { state } = await withOutcome(temporal, run);
  return state !== undefined && isOver(state);
}

async function heldNow(temporal: Temporal, wanted: readonly string[]): Promise<Held | undefined> {
  const [hold] = await holdsOf(temporal, wanted);
  if (hold === undefined) return undefined;
  const { held, workflowId, strategy, since } = hold;
  return { held, by: workflowId, detail: `${strategy}, since ${since}` };
}

/** A run takes its hold once it has planned; until then only who has started it knows of it. */
async function openedHere(
  { temporal, openings }: Seen,
  wanted: readonly string[],
): Promise<Held | undefined> {
  for (const held of wanted) {
    const by = openings.newestOn(held);
    const run = by === undefined ? undefined : await runOf(temporal, by);
    if (run?.status === 'RUNNING')
      return { held, by: run.workflowId, detail: `${run.strategy}, since ${run.startedAt}` };
  }
  return undefined;
}

const runOf = (temporal: Temporal, workflowId: string): Promise<RunSummary | undefined> =>
  describeRun(temporal, workflowId).catch((error: unknown) => {
    if (isZkferryError(error) && error.type === 'RunNotFound') return undefined;
    throw error;
  });
