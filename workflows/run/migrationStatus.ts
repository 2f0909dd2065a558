/** Where a migration stands, for people. */
import type { MigrationStatus } from '../../src/model/status';
import { rulesOf } from './rules';
import { migrationInput, type RunState } from './state';

export function migrationStatus(state: RunState): MigrationStatus | undefined {
  const { forwardPlan, fencedAt, openedAt, beside = {} } = state;
  const input = migrationInput(state);
  if (input === undefined || forwardPlan?.migration === undefined) return undefined;
  const { mode, source, target } = forwardPlan.migration;
  const verified = verifiedIn(state);
  const { closed = [], leftOut = [] } = state.sideServers ?? {};
  return {
    ...{ mode, source, target },
    serving: servesTarget(state) ? 'target' : 'source',
    ...(fencedAt !== undefined && { fencedAt }),
    ...(openedAt !== undefined && { openedAt }),
    expectedOutageMs: forwardPlan.expectation.longestWriteGapMs,
    ...(verified && { verified }),
    ...(closed.length > 0 && { closed }),
    ...(leftOut.length > 0 && { leftOut: leftOut.map(({ by: _, ...one }) => one) }),
    beside,
  };
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
