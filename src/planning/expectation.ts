/** What a plan is expected to cost, from measurement: shown before the run, compared with it afterwards. */
import type { EnsembleFacts } from '../model/facts';
import type { PlanExpectation, PlanStep } from '../model/plan';
import type { UpgradeReport } from '../model/status';
import { compareVersions } from '../model/version';
import {
  BACKUP_BYTES_PER_SECOND,
  FOLLOWER_GAP_MS,
  LEADER_GAP_MS,
  LOAD_BYTES_PER_SECOND,
  OLD_LEADER_GAP_MS,
  SERVER_TURN_MS,
  STAGE_MS,
} from './measured';
import { measuredTreeBytes } from './preflight/limits';
import type { Waits } from './stepTimes';

export function expectationOf(
  steps: readonly PlanStep[],
  facts: EnsembleFacts,
  waits: Waits,
): PlanExpectation {
  const stops = steps.filter(({ activity }) => activity === 'stopServer');
  const leaders = stops.filter(({ role }) => role === 'leader');
  const old = leaders.some(
    ({ fromVersion }) => compareVersions(fromVersion ?? '0.0.0', '3.6.0') < 0,
  );
  const loadMs = (measuredTreeBytes(facts) / LOAD_BYTES_PER_SECOND) * 1_000;
  const drainMs = steps.some(({ activity }) => activity === 'drainNode') ? waits.drainMs : 0;
  const staged = steps.reduce((sum, { versions }) => sum + (versions?.length ?? 0), 0);
  const bytes = backedUpBytes(steps, facts);
  return {
    serverRestarts: stops.length,
    leaderRestarts: leaders.length,
    longestWriteGapMs:
      stops.length === 0
        ? 0
        : leaders.length === 0
          ? FOLLOWER_GAP_MS
          : old
            ? OLD_LEADER_GAP_MS
            : LEADER_GAP_MS,
    durationMs: Math.round(
      staged * STAGE_MS +
        (2 * bytes * 1_000) / BACKUP_BYTES_PER_SECOND +
        stops.length * (SERVER_TURN_MS + loadMs + drainMs + waits.soakMs),
    ),
  };
}

/** A copy is of a server's whole data directory, a base of the tree alone. */
function backedUpBytes(steps: readonly PlanStep[], facts: EnsembleFacts): number {
  const backup = steps.find(({ activity }) => activity === 'backupData');
  if (backup?.repository !== undefined) return measuredTreeBytes(facts);
  return facts.servers.find(({ server }) => server === backup?.server)?.host?.data?.totalBytes ?? 0;
}

/** Where every server is stopped on purpose nothing is probed. */
export const isWatched = ({ availability }: UpgradeReport): boolean =>
  availability.acknowledgedWrites + availability.failedWrites + availability.unobservedMs > 0;
