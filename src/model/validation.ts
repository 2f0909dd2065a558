/** Turns a schema's refusal into one readable error: field, value, what would be accepted. */
import type { z } from 'zod';
import { ZkferryError, type ErrorType } from './errors';

const MAX_SHOWN_CHARS = 80;
/** Of fields in which somebody may have put the secret itself where a reference belongs. */
const SECRET_NAME = /pass|secret|token|key|auth|sasl|identity|credential/i;

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  let text: string;
  try {
    const hidden = (name: string, part: unknown): unknown =>
      SECRET_NAME.test(name) && typeof part === 'string' ? '…' : part;
    text = JSON.stringify(value, hidden) ?? typeof value;
  } catch {
    text = typeof value;
  }
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
}

function valueAt(input: unknown, path: PropertyKey[]): unknown {
  let value = input;
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** The fields that `schema` takes at `path`; empty where that is no object. Of several shapes, those of all. */
function fieldsAt(schema: unknown, path: PropertyKey[]): string[] {
  let at = schema as Shaped | undefined;
  const unwrapped = () => {
    while (at?.def?.innerType ?? at?.def?.in) at = at.def.innerType ?? at.def.in;
    return at;
  };
  for (const key of path) at = unwrapped()?.shape?.[String(key)] ?? unwrapped()?.def?.element;
  const { shape = {}, def } = unwrapped() ?? {};
  return [...Object.keys(shape), ...(def?.options ?? []).flatMap((option) => fieldsAt(option, []))];
}
interface Shaped {
  shape?: Record<string, Shaped>;
  def?: { innerType?: Shaped; in?: Shaped; element?: Shaped; options?: Shaped[] };
}

/**
 * `target.version: expected string; got 5` for each issue, one a line. Values under secret-looking names are
 * not shown. With the schema, an unknown field's line also says which fields there are.
 */
export function describeIssues(error: z.ZodError, input: unknown, schema?: z.ZodType): string {
  return error.issues
    .flatMap((issue) =>
      issue.code === 'invalid_union' && issue.errors.length > 0
        ? closestOf(issue.errors)
            .flat()
            .map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }))
        : [issue],
    )
    .map((issue) => {
      const field = issue.path.length === 0 ? '(whole input)' : issue.path.map(String).join('.');
      // `auth.0` is one of `auth`.
      const named = issue.path.findLast((key) => typeof key === 'string') ?? '';
      const secret = SECRET_NAME.test(String(named));
      if (issue.code === 'unrecognized_keys') {
        const known = fieldsAt(schema, issue.path);
        return `${field}: unknown field ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}${known.length > 0 ? `; expected only ${known.join(', ')}` : ''}`;
      }
      const value = valueAt(input, issue.path);
      return `${field}: ${issue.message}${secret ? '' : `; got ${shown(value)}`}`;
    })
    .filter((line, index, all) => all.indexOf(line) === index)
    .join('\n');
}

/** Of the shapes a value might have had, those it has at least the type of; all where it has none's. */
function closestOf(branches: z.core.$ZodIssue[][]): z.core.$ZodIssue[][] {
  const close = branches.filter(
    (issues) => !issues.some(({ path, code }) => path.length === 0 && code === 'invalid_type'),
  );
  return close.length > 0 ? close : branches;
}

/** Parses `input`; a refusal is a non-retryable error of the given type. */
export function parseOrThrow<T extends z.ZodType>(
  schema: T,
  input: unknown,
  what: string,
  type: ErrorType = 'InvalidInput',
): z.output<T> {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw new ZkferryError(
    type,
    `${what} is not usable:\n${describeIssues(result.error, input, schema)}`,
    {
      details: result.error.issues.map((issue) => ({
        path: issue.path.map(String),
        message: issue.message,
      })),
    },
  );
}
