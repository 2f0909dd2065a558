/** When a capture that was begun for a base alone has done what it was begun for. */
import type { CaptureProgress } from './options';

/** A base of its own is stored, and the log reaches as far as it needs it. `startedAt`: ISO, of the capture. */
export const hasOwnBase = (
  { lastBase, durableUpTo, storingBase }: CaptureProgress,
  startedAt: string,
): boolean =>
  lastBase !== undefined &&
  storingBase !== true &&
  lastBase.takenAt >= startedAt &&
  durableUpTo !== undefined &&
  BigInt(durableUpTo) >= BigInt(lastBase.usableFrom);
