/** Where a migration stands, for people. */
import type { MigrationStatus } from '../../src/model/status';
import { rulesOf } from './rules';
import { writesNow } from './rules/outages';
import { migrationInput, type RunState } from './state';

export function migrationStatus(state: RunState): MigrationStatus | undefined {
  const { forwardPlan, outages, beside = {} } = state;
  const input = migrationInput(state);
  if (input === undefined || forwardPlan?.migration === undefined) return undefined;
  const { mode, source, target } = forwardPlan.migration;
  const verified = verifiedIn(state);
  const { closed = [], leftOut = [] } = state.sideServers ?? {};
  return {
    ...{ mode, source, target },
    serving: servesTarget(state) ? 'target' : 'source',
    writes: writesNow(state),
    ...fenceNow(state),
    ...(outages !== undefined && { outages }),
    expectedOutageMs: forwardPlan.expectation.longestWriteGapMs,
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

function verifiedIn({ plan, forwardPlan, steps }: RunState): MigrationStatus['verified'] {
  const compared = [...(forwardPlan?.steps ?? []), ...(plan?.steps ?? [])]
    .filter(({ activity }) => activity === 'compareTrees' || activity === 'verifyRestored')
    .flatMap(({ id }) => {
      const { state, finishedAt, detail = '' } = steps[id] ?? {};
      return state === 'done' && finishedAt !== undefined ? [{ at: finishedAt, detail }] : [];
    });
  return compared.sort((one, other) => one.at.localeCompare(other.at)).at(-1);
}
