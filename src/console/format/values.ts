/** Numbers and times as people read them. Times are UTC everywhere, as in logs and reports. */

const KIB = 1_024;
const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const;

export function bytesText(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (value >= KIB && unit < UNITS.length - 1) {
    value /= KIB;
    unit += 1;
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

export const countText = (count: number): string => count.toLocaleString('en-US');

export function durationText(ms: number): string {
  if (ms < 10) return `${Number(ms.toFixed(1))} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  const seconds = Math.round(ms / 1_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 1_440) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1_440)} d ${Math.floor((minutes % 1_440) / 60)} h`;
}

/** `2026-11-28 01:21:30`, UTC; text that is no time as it is. */
export function timeText(iso: string): string {
  const at = new Date(iso);
  return Number.isNaN(at.getTime()) ? iso : at.toISOString().slice(0, 19).replace('T', ' ');
}

/** `01:21:30`, for lists whose day is told elsewhere. */
export const clockText = (iso: string): string => timeText(iso).slice(11) || iso;

/** `12 min ago`. */
export function agoText(iso: string, nowMs: number): string {
  const ms = nowMs - Date.parse(iso);
  if (Number.isNaN(ms)) return iso;
  // Clocks differ a little.
  if (ms < -5_000) return `in ${durationText(-ms)}`;
  return ms < 5_000 ? 'just now' : `${durationText(ms)} ago`;
}

/** Zxids do not fit a number; NaN never comes out. */
export const zxidValue = (zxid: string): bigint => {
  try {
    return BigInt(zxid.startsWith('0x') ? zxid : `0x${zxid}`);
  } catch {
    return 0n;
  }
};

/** `rollingUpgrade` → `rolling upgrade`. */
export const wordsOf = (name: string): string =>
  name.replace(
    /([a-z0-9])([A-Z])/g,
    (_, before: string, after: string) => `${before} ${after.toLowerCase()}`,
  );

export const shortHash = (hash: string): string => hash.slice(0, 12);
