import { sizeInMulti } from '../../codec/clientRequests';
import { ZkferryError } from '../../model/errors';
import type { Broken } from './breaker';
import type { Request } from './requests';
import type { WriterOptions } from './writerOptions';

/**
 * `isDown`: whether it answers nothing at all. A server whose disk is full ends itself, and says so in its log only; one
 * that still answers reads ends the connection because of a request.
 */
export const stalledTarget = (
  { type, message, options }: ZkferryError,
  { shown, forMs, isDown }: { shown: string; forMs: number; isDown: boolean },
): ZkferryError =>
  new ZkferryError(
    type,
    `${shown} has acknowledged nothing for ${Math.round(forMs / 1_000)} s: ${message}; ${isDown ? DOWN : CUT_OFF}, and give the same command again: it goes on where it was`,
    { ...options, details: { ...(options.details ?? {}), isDown } },
  );

const DOWN =
  'see whether its servers run and have disk space left (one whose disk is full ends itself), start them';
const CUT_OFF =
  'it answers, but the connection breaks over and over: see its log whether a request is larger than its jute.maxbuffer, raise that';

/** `details.code` of a request that the target does not read: it is not ZooKeeper's own. */
export const BREAKS_CONNECTION = 'BreaksConnection';

/** A server that can't read a request says so in its log only. */
export function breaksConnection<P>(
  request: Request<P>,
  { times, forMs }: Broken,
  shown: string,
): ZkferryError {
  const { path, bytes, more } = largestOf(request);
  const smaller =
    more === 0
      ? ''
      : `, or say with --max-request-bytes how large requests may be (this one holds ${more} other operation(s))`;
  return new ZkferryError(
    'Refused',
    `${shown} answers, but breaks the connection each time it is sent ${path} (a request of ${bytes} bytes; ${times} times in ${Math.round(forMs / 1_000)} s): most likely that is more than its jute.maxbuffer, as its log says then; raise jute.maxbuffer on its servers${smaller}, and give the same command again`,
    { details: { code: BREAKS_CONNECTION, path, bytes } },
  );
}

function largestOf<P>(request: Request<P>): { path: string; bytes: number; more: number } {
  if (request.kind === 'acl') {
    const bytes = request.acl.reduce((sum, { scheme, id }) => sum + scheme.length + id.length, 0);
    return { path: request.path, bytes, more: 0 };
  }
  const [first, ...others] = [...request.ops].sort((a, b) => sizeInMulti(b) - sizeInMulti(a));
  return { path: first?.path ?? 'its marker', bytes: request.bytes, more: others.length };
}

export const anotherWriter = <P>(
  { marker, shown }: WriterOptions<P>,
  seen?: string,
): ZkferryError =>
  new ZkferryError(
    'EnsembleHeld',
    `somebody else writes with the marker ${marker.path} at ${shown}${seen === undefined ? '' : ` (${seen})`}: let one of the two end`,
  );
