/** The sessions of an ensemble right before it is closed: whoever has one may believe in it until it has ended. */
import type { ResolvedEnsemble } from '../../src/model/inventory';
import type { OperationContext } from '../../src/model/ports';
import type { LeftSessions } from '../api';
import type { Dependencies } from '../dependencies';
import { membersOf } from '../resolve';

const DEADLINE_MS = 60_000;

/** Undefined where the tree cannot be read: then nothing is known of them. */
export async function sessionsNow(
  { tree }: Dependencies,
  ensemble: ResolvedEnsemble,
  context: OperationContext,
): Promise<LeftSessions | undefined> {
  const look = await tree?.look(
    ensemble,
    membersOf(ensemble),
    { deadlineMs: DEADLINE_MS },
    context,
  );
  if (look === undefined || !('sessions' in look)) return undefined;
  const { count, longestMs = 0 } = look.sessions;
  return { count, longestMs };
}
