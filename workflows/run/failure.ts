/** What an activity, or the run itself, failed of. */
import { ActivityFailure, ApplicationFailure } from '@temporalio/workflow';

export function describeFailure(error: unknown): { type: string; message: string } {
  const cause = error instanceof ActivityFailure ? (error.cause ?? error) : error;
  if (cause instanceof ApplicationFailure)
    return { type: cause.type ?? 'Internal', message: cause.message };
  return {
    type: cause instanceof Error ? cause.name : 'Internal',
    message: cause instanceof Error ? cause.message : String(cause),
  };
}
