/** Whatever changes something is written down before and after. */
import type { FastifyRequest } from 'fastify';
import type { AuditEntry, AuditLog } from '../adapters/audit/auditLog';
import { isZkferryError } from '../model/errors';

const MAX_DETAIL_CHARS = 500;

/** Runs `work` between two lines of the log. */
export async function audited<T>(
  audit: AuditLog,
  request: FastifyRequest,
  what: Pick<AuditEntry, 'action' | 'target' | 'planHash'>,
  work: () => Promise<T>,
  {
    outcomeOfResult = () => 'done',
    mayBeDone = () => true,
  }: {
    /** Of what went well: `unknown` where it is only known to have been sent. */
    outcomeOfResult?: (result: T) => 'done' | 'unknown';
    /** Of what nobody has answered: false where it was not even sent. */
    mayBeDone?: (error: unknown) => boolean;
  } = {},
): Promise<T> {
  const entry = { actor: request.identity.actor, ...what, request: request.id };
  await audit.append({ ...entry, outcome: 'asked' });
  try {
    const result = await work();
    await audit.append({ ...entry, outcome: outcomeOfResult(result) });
    return result;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    await audit.append({
      ...entry,
      outcome: outcomeOf(error, mayBeDone),
      detail: message.slice(0, MAX_DETAIL_CHARS),
    });
    throw error;
  }
}

/** What nobody has answered in time may still have been taken: the run itself says so then. */
function outcomeOf(error: unknown, mayBeDone: (error: unknown) => boolean): AuditEntry['outcome'] {
  if (!isZkferryError(error)) return 'failed';
  if (!error.retryable) return 'refused';
  return mayBeDone(error) ? 'unknown' : 'failed';
}
