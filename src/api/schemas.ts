/** What goes in and out over HTTP, where src/model has no schema for it. */
import { z } from 'zod';
import { GATES } from '../model/contract';
import { ensembleName } from '../model/inventory';
import { RUN_OUTCOMES } from '../model/runEnd';
import { DELIVERY_STATES, RUN_EVENTS } from '../model/webhooks';
import { problemSchema } from './problems';

/** A change ticket: becomes the workflow id. */
export const ticketSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._:#-]{0,199}$/, {
    error:
      'expected 1–200 letters, digits, ".", "_", ":", "#" or "-", beginning with a letter or digit',
  })
  .describe('of the change; becomes the id of the workflow, so that a ticket runs once');

/** Ids that runs of ours give themselves: a ticket of that name would stand in another run's way. */
const RESERVED = /^zkferry-/i;
export const newTicketSchema = ticketSchema.refine((ticket) => !RESERVED.test(ticket), {
  error: 'names that begin with "zkferry-" are kept for what runs start themselves',
});

export const runParams = z.object({ workflowId: ticketSchema });
export const ensembleParams = z.object({ ensemble: ensembleName });
export const gateParams = runParams.extend({ gate: z.enum(GATES) });

/** A number in a query. Nothing is no number: `version=` must not mean 0. */
export const wholeNumber = <T extends z.ZodType>(schema: T) =>
  z.preprocess(
    (text) => (typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : text),
    schema,
  );

/** From 1 to `most`. */
export function limitSchema(most: number) {
  const error = `expected a whole number from 1 to ${most}`;
  return wholeNumber(z.int({ error }).min(1, { error }).max(most, { error }));
}

export const pageQuery = (most: number, usual: number) =>
  z.object({
    limit: limitSchema(most).default(usual),
    cursor: z
      .string()
      .max(4_096)
      .regex(/^[A-Za-z0-9_.-]+$/, { error: 'expected nextCursor of the page before' })
      .optional(),
  });

export const znodePathSchema = z
  .string()
  .max(4_096)
  // Written out and not as \p{Cc}: the pattern stands in the OpenAPI document, and other languages have no such thing.
  // eslint-disable-next-line no-control-regex
  .regex(/^\/$|^(\/[^/\x00-\x1f\x7f-\x9f]+)+$/, {
    error: 'expected the path of a znode, such as /a/b',
  })
  .refine((path) => !path.split('/').some((part) => part === '.' || part === '..'), {
    error: 'a path holds no "." and no ".."',
  });

/** Documents whose shape is src/model's: here only what scripts rely on most. */
export const statusSchema = z
  .looseObject({
    strategy: z.string(),
    ensemble: z.string(),
    workflowId: z.string(),
    runId: z.string(),
    state: z.enum([
      ...(['running', 'waiting', 'paused', 'rollingBack'] as const),
      ...(['completed', 'rolledBack', 'rejected', 'failed'] as const),
    ]),
    closed: z
      .string()
      .optional()
      .describe(
        'how it was ended from outside; its state is then failed, or rolledBack where it was cancelled and has gone back',
      ),
    phase: z.string(),
    headline: z.string(),
    gate: z
      .looseObject({
        ...{ gate: z.enum(GATES), why: z.string(), planHash: z.string() },
        needed: z.int().optional().describe('how many people must approve, where more than one'),
        approvals: z
          .array(
            z.looseObject({
              ...{ by: z.string(), at: z.string() },
              expiresAt: z.string().optional().describe('then it counts no more, and is gone'),
            }),
          )
          .optional()
          .describe('that count now'),
      })
      .optional()
      .describe('that it waits at'),
    nextActions: z.array(z.looseObject({ action: z.string() })),
    error: z.looseObject({ type: z.string(), message: z.string() }).optional(),
    deliveries: z
      .array(
        z.looseObject({
          ...{ webhook: z.string(), id: z.string(), event: z.enum(RUN_EVENTS), at: z.string() },
          state: z.enum(DELIVERY_STATES),
          error: z
            .string()
            .optional()
            .describe('why it has not arrived; of one still sent, why its last try failed'),
        }),
      )
      .optional()
      .describe('what became of the events that webhooks are told, also after the end'),
    deliveriesDropped: z
      .record(z.string(), z.int())
      .optional()
      .describe('by webhook: events that it was not told, because too many waited for it already'),
  })
  .meta({ id: 'Status' });

export const planSchema = z
  .looseObject({
    strategy: z.string(),
    ensemble: z.string(),
    goal: z.string(),
    hash: z.string().describe('what approvals are bound to'),
    steps: z.array(z.looseObject({ id: z.string(), title: z.string(), why: z.string() })),
    findings: z.array(z.looseObject({ severity: z.string(), code: z.string() })),
  })
  .meta({ id: 'Plan' });

export const runSummarySchema = z
  .looseObject({
    workflowId: z.string(),
    runId: z.string(),
    strategy: z.string(),
    status: z.string().describe("Temporal's own word"),
    state: z.string().optional(),
    outcome: z
      .enum(RUN_OUTCOMES)
      .optional()
      .describe('how it ended; terminated, cancelled, timedOut: from outside'),
    ensemble: z.string().optional(),
    startedAt: z.string(),
    closedAt: z.string().optional(),
  })
  .meta({ id: 'RunSummary' });

const problemAnswer = (description: string) => ({
  description,
  content: { 'application/problem+json': { schema: problemSchema } },
});

/** Every answer that is no success has this body. */
export const problems = {
  '4xx': problemAnswer('refused: what is wrong, and what to do'),
  '5xx': problemAnswer('could not be answered now'),
};

export const anyObject = z.record(z.string(), z.unknown());
