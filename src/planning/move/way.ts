/** In which form a target gets the source's data, by their releases. */
import { epochOf } from '../../codec/quorum/packet';
import type { RestorePoint } from '../../model/plan';
import { atLeast, compareVersions } from '../../model/version';
import { zxidText, zxidValue } from '../../model/zxid';

/** The first release whose logs have create2, containers, nodes with a time to live and reconfig in their final form. */
const EXTENDED_TYPES_SINCE = '3.5.3';

/** Whether it neither starts on newer releases' logs nor keeps their kinds of nodes. */
export const holdsOldTypesOnly = (version: string | undefined): boolean =>
  version !== undefined && !atLeast(version, EXTENDED_TYPES_SINCE);

/** Of several servers what the oldest reads, all read. */
export const oldestOf = (versions: readonly (string | undefined)[]): string | undefined =>
  versions.filter((version) => version !== undefined).sort(compareVersions)[0];

export type MoveWay = Pick<RestorePoint, 'way' | 'sessions' | 'startZxid' | 'above'>;

/**
 * Base and log as they are, so that the target goes on from that very transaction; for a release that cannot read such a
 * log one snapshot of the tree, which has no log. `epoch`: the last that the source had begun. Its servers have told
 * clients of it before anything was written, and the target's first epoch is the one after that of its data: where that
 * would be an earlier one such clients would be refused, so there a snapshot is named for a higher epoch.
 *
 * `unread`: whether a voter's log was not read. It may hold what it had proposed in `epoch` and nobody else has; were the
 * target's first epoch that very one, it would give the same zxids to other transactions, and the voter, back among those
 * that have them, would be taken to hold these.
 */
export function wayOf(
  zxid: string,
  targetVersion: string | undefined,
  epoch: number | undefined,
  unread = false,
): MoveWay {
  const above = BigInt(epoch ?? 0);
  const next = epochOf(zxidValue(zxid)) + 1n;
  if (above > next || (unread && above === next))
    return {
      ...{ way: 'clean', sessions: 'keep' },
      startZxid: zxidText((above + 1n) << 32n),
      above: zxidText(above << 32n),
    };
  const way = holdsOldTypesOnly(targetVersion) ? 'clean' : 'exact';
  return { way, sessions: 'keep', startZxid: zxid };
}
