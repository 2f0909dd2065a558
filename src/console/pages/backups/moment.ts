/** A moment of the past: whether it can be restored, and the address of the form that does it. */
import type { BackupTimeline } from '../../api/types';
import { zxidValue } from '../../format/values';

export interface Moment {
  by: 'latest' | 'time' | 'zxid';
  value: string;
  /** Whose history led to it. */
  path?: string;
}

export const LATEST: Moment = { by: 'latest', value: '' };

/** Why it cannot be restored, as far as is known here; the plan of the restore knows more. */
export function refusalOf(
  { by, value }: Moment,
  { restorable }: Pick<BackupTimeline, 'restorable'>,
): string | undefined {
  if (restorable.length === 0) return 'nothing can be restored yet';
  if (by === 'latest') return undefined;
  if (by === 'time') {
    const ms = Date.parse(value);
    if (Number.isNaN(ms) || !/(Z|[+-]\d\d:?\d\d)$/i.test(value.trim()))
      return 'expected a time with its zone such as 2026-01-02T03:04:05Z';
    const first = Math.min(...restorable.map(({ fromMs }) => fromMs));
    return ms < first ? 'that is before the first moment that can be restored' : undefined;
  }
  if (!/^0x[0-9a-f]{1,16}$/i.test(value)) return 'expected a zxid such as 0x1f00000a2';
  const wanted = zxidValue(value);
  const isHeld = restorable.some(
    ({ from, to }) => zxidValue(from) <= wanted && wanted <= zxidValue(to),
  );
  return isHeld ? undefined : 'no range holds that zxid';
}

/** @param chosen.timeline absent: the newest; `path`: that subtree alone */
export function restoreAddress(chosen: {
  repository: string;
  ensemble: string;
  moment: Moment;
  timeline?: number;
  path?: string;
}): string {
  const { repository, ensemble, moment, timeline, path } = chosen;
  const search = new URLSearchParams({ strategy: 'restore', repository, ensemble, from: ensemble });
  if (moment.by === 'time') search.set('time', new Date(moment.value).toISOString());
  if (moment.by === 'zxid') search.set('zxid', moment.value);
  if (timeline !== undefined) search.set('timeline', String(timeline));
  if (path !== undefined) search.set('path', path);
  return `/start?${search.toString()}`;
}
