import { ZkferryError } from '../../model/errors';
import type { WriterOptions } from './writerOptions';

/** `isDown`: whether it answers nothing at all. A server whose disk is full ends itself, and says so in its log only. */
export const stalledTarget = (
  { type, message, options }: ZkferryError,
  { shown, forMs, isDown }: { shown: string; forMs: number; isDown: boolean },
): ZkferryError =>
  new ZkferryError(
    type,
    `${shown} has acknowledged nothing for ${Math.round(forMs / 1_000)} s: ${message}; see whether its servers run and have disk space left (one whose disk is full ends itself), start them, and give the same command again: it goes on where it was`,
    { ...options, details: { ...(options.details ?? {}), isDown } },
  );

export const anotherWriter = <P>(
  { marker, shown }: WriterOptions<P>,
  seen?: string,
): ZkferryError =>
  new ZkferryError(
    'EnsembleHeld',
    `somebody else writes with the marker ${marker.path} at ${shown}${seen === undefined ? '' : ` (${seen})`}: let one of the two end`,
  );
