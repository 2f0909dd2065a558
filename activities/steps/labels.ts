/** Names of what a run leaves on hosts. */
import type { RunIdentity } from '../api';

/** The end of a run id is random; its beginning is only the time, the same for all runs of a minute. */
const short = (run: RunIdentity): string => run.runId.replaceAll('-', '').slice(-12);

/** The data copy made before the first server is touched. */
export const dataLabel = (run: RunIdentity): string => `run-${short(run)}`;

/** The configuration as it was before the run touched anything. */
export const originalLabel = (run: RunIdentity): string => `run-${short(run)}-original`;

/** The configuration as it was before the hop to `version`. */
export const beforeHopLabel = (run: RunIdentity, version: string): string =>
  `run-${short(run)}-before-${version}`;

/** The configuration as it was before its list of members was first changed. */
export const beforeMembersLabel = (run: RunIdentity): string => `run-${short(run)}-before-members`;
