/** Errors as application/problem+json (RFC 9457): the same stable types as everywhere, with an HTTP status. */
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { isZkferryError, type ErrorType, type ZkferryError } from '../model/errors';

export const problemSchema = z
  .object({
    type: z.string().describe('urn:zkferry:error: and a stable name'),
    title: z.string(),
    status: z.int(),
    detail: z.string().describe('what, where, and what to do next'),
    errors: z
      .array(z.object({ path: z.array(z.string()), message: z.string() }))
      .optional()
      .describe('by field'),
  })
  .meta({ id: 'Problem' });
export type Problem = z.output<typeof problemSchema>;

export const PROBLEM_TYPE = 'application/problem+json';
const DEFAULT_STATUS = 422;

/** Of refusals that are not zkferry's own. */
const TYPE_OF_STATUS: Record<number, string> = {
  404: 'NotFound',
  413: 'TooLarge',
  414: 'TooLarge',
  415: 'UnsupportedMediaType',
  431: 'TooLarge',
  429: 'TooManyRequests',
};

const STATUS: Partial<Record<ErrorType, number>> = {
  ...{ InvalidInput: 400, BadUsage: 400, InlineEnsembleRefused: 400 },
  Unauthenticated: 401,
  ...{ Forbidden: 403, ApprovalRefused: 403, ZooKeeperAuthFailed: 403, RepositoryDenied: 403 },
  ...{ UnknownEnsemble: 404, UnknownServer: 404, UnknownRepository: 404, UnknownClient: 404 },
  ...{ RunNotFound: 404, ObjectMissing: 404, RepositoryMissing: 404 },
  ...{ RunExists: 409, Refused: 409, EnsembleHeld: 409, EnsembleLocked: 409 },
  Unsupported: 422,
  ...{ TemporalUnavailable: 503, NoWorker: 503, WorkerSlow: 503 },
  ZooKeeperUnavailable: 503,
  ...{ RepositoryUnavailable: 503, WaitTimedOut: 504 },
};

const STATUS_OF_CODE: Record<string, number> = {
  NoNode: 404,
  NoAuth: 403,
  BadVersion: 409,
  NodeExists: 409,
  NotEmpty: 409,
};

/** Where a field is, by fastify's word for it. */
const PLACES: Record<string, string> = { body: 'body', params: 'path', querystring: 'query' };

function statusOf({ type, options }: ZkferryError): number {
  const code = (options.details as { code?: unknown } | undefined)?.code;
  if (type === 'ZooKeeperRequestFailed' && typeof code === 'string')
    return STATUS_OF_CODE[code] ?? DEFAULT_STATUS;
  return STATUS[type] ?? DEFAULT_STATUS;
}

const titleOf = (type: string): string =>
  type
    .replace(/([a-z])([A-Z])/g, (_, end: string, begin: string) => `${end} ${begin.toLowerCase()}`)
    .replace('Zoo keeper', 'ZooKeeper');

export function problemOf(error: unknown): Problem {
  if (isZkferryError(error)) {
    const { details } = error.options;
    const errors = Array.isArray(details) ? details.filter(isFieldError) : [];
    return problem(error.type, statusOf(error), withoutNames(error), errors);
  }
  if (hasZodFastifySchemaValidationErrors(error)) {
    const errors = error.validation.map(({ instancePath, message }) => ({
      path: instancePath.split('/').slice(1),
      message: message ?? 'is not usable',
    }));
    const lines = errors.map(({ path, message }) => `${path.join('.') || '(whole)'}: ${message}`);
    const where = PLACES[error.validationContext ?? ''] ?? 'request';
    return problem('InvalidInput', 400, `the ${where} is not usable:\n${lines.join('\n')}`, errors);
  }
  const { statusCode = 500, message } = error as Partial<FastifyError>;
  if (statusCode < 500)
    return problem(TYPE_OF_STATUS[statusCode] ?? 'BadRequest', statusCode, message ?? 'refused');
  // What went wrong inside may name what nobody outside should read: the log has it.
  const type = statusCode === 503 ? 'Unavailable' : 'Internal';
  const status = statusCode === 503 ? 503 : 500;
  return problem(type, status, "something went wrong here; the server's log says what");
}

/** What went wrong inside, and may be right again later: the log says what, the answer does not. */
export const unavailable = (message: string, cause?: unknown): Error =>
  Object.assign(new Error(message, { cause }), { statusCode: 503 });

/** What the inventory knows beside what was asked for, and where Temporal is, is not for everybody. */
const withoutNames = ({ type, message }: ZkferryError): string =>
  type === 'RunNotFound'
    ? message.replace(/ at \S+, namespace .*$/s, '; GET /v1/runs lists those that one may see')
    : type === 'UnknownEnsemble' || type === 'UnknownRepository'
      ? message
          .replace(/^the inventory .* has no /, 'the inventory has no ')
          .replace(/; it knows: .*$/s, '')
      : message;

const problem = (
  type: string,
  status: number,
  detail: string,
  errors: NonNullable<Problem['errors']> = [],
): Problem => ({
  type: `urn:zkferry:error:${type}`,
  title: titleOf(type),
  status,
  detail,
  ...(errors.length > 0 && { errors }),
});

const isFieldError = (value: unknown): value is { path: string[]; message: string } =>
  typeof value === 'object' && value !== null && 'path' in value && 'message' in value;

export async function sendProblem(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const answer = problemOf(error);
  if (answer.status >= 500) request.log.error({ err: error }, answer.title);
  if (answer.status === 401) void reply.header('www-authenticate', 'Bearer');
  await reply.code(answer.status).type(PROBLEM_TYPE).send(JSON.stringify(answer));
}
