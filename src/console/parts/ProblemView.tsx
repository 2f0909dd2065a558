/** A refusal or failure of the API, whole, near what caused it. */
import { ApiError } from '../api/client';
import type { FieldProblem, Problem } from '../api/types';

export const problemOf = (error: unknown): Problem =>
  error instanceof ApiError
    ? error.problem
    : {
        status: -1,
        title: 'The console failed',
        detail: String((error as Error).message ?? error),
      };

/** `target.version`, from whatever way the path is written. */
export function pathText(path: FieldProblem['path']): string {
  const parts = (Array.isArray(path) ? path.map(String) : path.split(/[./[\]]+/)).filter(
    (part) => part !== '',
  );
  return (parts[0] === 'input' && parts.length > 1 ? parts.slice(1) : parts).join('.');
}

export function ProblemView({
  error,
  shownElsewhere,
}: {
  error: unknown;
  /** Paths of errors that stand at their fields. */
  shownElsewhere?: (path: string) => boolean;
}) {
  if (error === null || error === undefined) return null;
  const { title, status, detail, errors = [] } = problemOf(error);
  return (
    <div role="alert" className="notice notice-error">
      <strong>
        <span aria-hidden="true">✕ </span>
        {title}
        {status > 0 && <span className="dim"> ({status})</span>}
      </strong>
      {detail !== undefined && detail !== title && <p className="prose">{detail}</p>}
      {errors.length > 0 && (
        <ul>
          {errors.map(({ path, message }, index) => (
            <li key={index}>
              {pathText(path) !== '' && <code>{pathText(path)}</code>} {message}
              {shownElsewhere?.(pathText(path)) && <span className="dim"> (see the field)</span>}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
