/** 0 done; 1 refused, failed or different; 2 bad usage or input; 130 interrupted by Ctrl-C. */
import { isZkferryError, type ErrorType } from '../model/errors';

export const EXIT = { done: 0, failed: 1, badUsage: 2, interrupted: 130 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const BAD_INPUT: readonly ErrorType[] = [
  'BadUsage',
  'InvalidInput',
  'InvalidInventory',
  'UnknownEnsemble',
  'UnknownServer',
  'UnknownRepository',
  'NotDecrypted',
  'InlineEnsembleRefused',
  'Unsupported',
];

/** Of a stable error type, wherever it arose: here or in a run. */
export const exitCodeOfType = (type: string | undefined): ExitCode =>
  type === 'Interrupted'
    ? EXIT.interrupted
    : (BAD_INPUT as readonly (string | undefined)[]).includes(type)
      ? EXIT.badUsage
      : EXIT.failed;

export const exitCodeOf = (error: unknown): ExitCode =>
  exitCodeOfType(isZkferryError(error) ? error.type : undefined);

/** What `--json` prints of an error. */
export function errorDocument(error: unknown): { error: { type: string; message: string } } {
  if (isZkferryError(error)) return { error: { type: error.type, message: error.message } };
  const known = error as { name?: unknown; message?: unknown } | null;
  return {
    error: {
      type: 'Internal',
      message: typeof known?.message === 'string' ? known.message : String(error),
    },
  };
}
