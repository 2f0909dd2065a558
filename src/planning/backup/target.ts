/** To when a backup is restored, as people write it. */
import { z } from 'zod';
import { ZkferryError } from '../../model/errors';
import { zxidText } from '../../model/zxid';

/** `timeMs`: ms since 1970. */
export type Target =
  { kind: 'latest' } | { kind: 'zxid'; zxid: string } | { kind: 'time'; timeMs: number };

const ACCEPTED =
  'use "latest", a zxid such as 0x1f00000a2, or a time with its zone such as 2026-01-02T03:04:05Z or 2026-01-02T03:04:05.250+02:00';

const withZone = z.iso.datetime({ offset: true });
const anyTime = z.iso.datetime({ offset: true, local: true });

/**
 * A time's fraction of a millisecond is cut off: transactions have whole ones.
 *
 * @throws ZkferryError InvalidInput that says what is accepted
 */
export function parseTarget(text: string): Target {
  if (text === 'latest') return { kind: 'latest' };
  if (/^0x[0-9a-fA-F]{1,16}$/.test(text)) return { kind: 'zxid', zxid: zxidText(BigInt(text)) };
  const shown = JSON.stringify(text.slice(0, 100));
  if (withZone.safeParse(text).success) return { kind: 'time', timeMs: Date.parse(text) };
  if (anyTime.safeParse(text).success || /^\d{4}-\d\d-\d\d$/.test(text)) {
    throw new ZkferryError(
      'InvalidInput',
      `${shown} has no time zone, so that it is a different moment on each machine: add Z for UTC, or an offset such as +02:00, to a whole time such as 2026-01-02T03:04:05Z`,
    );
  }
  throw new ZkferryError('InvalidInput', `${shown} is no point to restore to: ${ACCEPTED}`);
}

/** As messages write it. */
export function showTarget(target: Target): string {
  switch (target.kind) {
    case 'latest':
      return 'latest';
    case 'zxid':
      return target.zxid;
    case 'time':
      return isoTime(target.timeMs);
  }
}

/** ISO 8601 in UTC; what no calendar holds stays a number. */
export const isoTime = (timeMs: number): string =>
  Math.abs(timeMs) <= 8.64e15 ? new Date(timeMs).toISOString() : `${timeMs} ms`;
