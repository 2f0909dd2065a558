/** Where a migration stands, for people. */
import type { MigrationStatus } from '../../src/model/status';
import { isDifference } from './comparison';
import { leadingOf } from './leading';
import { rulesOf } from './rules';
import { writesNow } from './rules/outages';
import { isEnded, migrationInput, type RunState } from './state';

/** Undefined too of a run that ended before it touched anything: who serves is nothing it knows. */
export function migrationStatus(state: RunState): MigrationStatus | undefined {
  const { forwardPlan, outages, beside = {} } = state;
  const input = migrationInput(state);
  if (input === undefined || forwardPlan?.migration === undefined) return undefined;
  const { mode, source, target } = forwardPlan.migration;
  const verified = verifiedIn(state);
  const { closed = [], leftOut = [] } = state.sideServers ?? {};
  const isUntouched = state.touched.length === 0 && closed.length + leftOut.length === 0;
  if (isEnded(state) && isUntouched && !state.finalized) return undefined;
  const serving = servesTarget(state) ? 'target' : 'source';
  const leading = leadingOf(state, serving);
  return {
    ...{ mode, source, target },
    serving,
    writes: writesNow(state),
    ...fenceNow(state),
    ...(outages !== undefined && { outages }),
    expectedOutageMs: forwardPlan.expectation.longestWriteGapMs,
    ...(leading && { leading }),
    ...(verified && { verified }),
    ...(closed.length > 0 && { closed }),
    ...(leftOut.length > 0 && { leftOut: leftOut.map(({ by: _, ...one }) => one) }),
    beside,
  };
}

/** The fence that stands now: none once the side that it closed is open again. */
function fenceNow({
  outages,
  fencedAt,
  openedAt,
}: RunState): Pick<MigrationStatus, 'fencedAt' | 'openedAt'> {
  // Carried over from a run that did not keep outages.
  if (outages === undefined)
    return { ...(fencedAt && { fencedAt }), ...(openedAt && { openedAt }) };
  const last = outages.at(-1);
  if (last === undefined || last.opened === last.closed || last.opened === 'source') return {};
  return { fencedAt: last.closedAt, ...(last.openedAt && { openedAt: last.openedAt }) };
}

/** Of a stretch there is one ensemble, which has moved once the old servers may be retired. */
function servesTarget(state: RunState): boolean {
  const probed = rulesOf(state).probed?.(state);
  if (probed === undefined) return state.finalized && state.state !== 'rolledBack';
  return probed.ensemble === migrationInput(state)?.target;
}

/** What the last comparison found. One that failed of something else says nothing, and what held before it may not now. */
function verifiedIn({ plan, forwardPlan, steps }: RunState): MigrationStatus['verified'] {
  const compared = [...(forwardPlan?.steps ?? []), ...(plan?.steps ?? [])]
    .filter(({ activity }) => activity === 'compareTrees' || activity === 'verifyRestored')
    .flatMap(({ id }) => {
      const { state, startedAt = '', finishedAt = startedAt, detail = '' } = steps[id] ?? {};
      const isOver = state === 'done' || state === 'failed';
      // One that found differences and is tried again.
      if (!isOver && !isDifference(detail)) return [];
      const says = state === 'done' || (isOver && isDifference(detail));
      return [{ at: finishedAt, detail: says ? detail : '' }];
    });
  const last = compared.sort((one, other) => one.at.localeCompare(other.at)).at(-1);
  return last?.detail === '' ? undefined : last;
}
