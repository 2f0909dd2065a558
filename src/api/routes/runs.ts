/** Plans, and runs of strategies: started by a change ticket, looked at, followed live. */
import { z } from 'zod';
import { describeRun, withOutcome } from '../../adapters/temporal/describeRun';
import { listRunsPage } from '../../adapters/temporal/listRuns';
import { originOf, startOf } from '../../adapters/temporal/origin';
import type { RunSummary } from '../../adapters/temporal/runSummary';
import { planStrategy, startStrategy, workflowIdFor } from '../../adapters/temporal/startRun';
import { canonicalJson } from '../../model/canonicalJson';
import { isZkferryError, ZkferryError } from '../../model/errors';
import { ALL_ENSEMBLES, type Identity } from '../../model/identity';
import { ensembleName } from '../../model/inventory';
import {
  ensemblesOf,
  findStrategy,
  heldBy,
  readBy,
  strategyNames,
  withEnsemble,
  type Strategy,
} from '../../model/strategies';
import { parseOrThrow } from '../../model/validation';
import { WORKFLOW_TYPES } from '../../model/contract';
import { audited } from '../audited';
import { createOpenings } from '../openings';
import { refuseHeld } from '../refuseHeld';
import { openedCursor, signedCursor } from '../cursor';
import { authenticate, demand } from '../identity';
import { demandOfRun, lookAtRun, statusNow, type SeenRun } from '../runEnsemble';
import {
  anyObject,
  newTicketSchema,
  pageQuery,
  planSchema,
  problems,
  runParams,
  runSummarySchema,
  statusSchema,
} from '../schemas';
import { createRunWatchers } from '../watchers';
import type { ServerDependencies } from '../dependencies';
import type { Routes } from './types';
import type { FastifyRequest } from 'fastify';

const PLAN_DEADLINE_MS = 120_000;
const strategyField = z.enum([...strategyNames, ...Object.values(WORKFLOW_TYPES)]);
const requestSchema = z.strictObject({ strategy: strategyField, input: anyObject });

export const runRoutes: Routes = (api, dependencies) => {
  const { temporal, workers, audit, signer, configuration } = dependencies;
  const openings = createOpenings();
  const watchers = createRunWatchers((workflowId) => statusNow(dependencies, workflowId), {
    most: configuration.maxWatchers,
    ended: async (workflowId) => {
      // Where Temporal is away this tells soonest.
      await workers.isThere();
      const run = await describeRun(temporal, workflowId);
      if (run.status === 'RUNNING') return undefined;
      return (await withOutcome(temporal, run)).outcome ?? 'ended';
    },
  });
  api.addHook('preClose', () => {
    watchers.close();
    return Promise.resolve();
  });

  api.route({
    method: 'POST',
    url: '/v1/plans',
    schema: {
      tags: ['runs'],
      summary: 'what a run would do, step by step; changes nothing',
      body: requestSchema,
      response: { 200: planSchema, ...problems },
    },
    async handler({ body, identity }) {
      const { strategy, input, ensembles, reads } = read(body);
      for (const ensemble of [...ensembles, ...reads]) demand(identity, 'viewer', ensemble);
      if (!strategy.hasPlan)
        throw new ZkferryError(
          'Refused',
          `${strategy.name} changes nothing in an ensemble: it has no plan, start it`,
        );
      await workers.demand('no plan');
      return planStrategy(temporal, {
        workflowType: strategy.workflowType,
        workflowId: workflowIdFor(temporal, 'plan', ensembles[0] ?? 'ensemble', new Date()),
        ...{ input, timeoutMs: PLAN_DEADLINE_MS },
      }) as unknown as Promise<z.output<typeof planSchema>>;
    },
  });

  const startedSchema = z.object({
    ...{ workflowId: z.string(), runId: z.string() },
    created: z.boolean().describe('false: the ticket had started this run before'),
  });
  api.route({
    method: 'POST',
    url: '/v1/runs',
    schema: {
      tags: ['runs'],
      summary:
        'start a strategy; asked again with the same ticket and input, answers with the same run',
      body: requestSchema.extend({ ticket: newTicketSchema }),
      response: { 200: startedSchema, 201: startedSchema, ...problems },
    },
    handler: async (request, reply) => {
      const { body, identity } = request;
      const { ticket } = body;
      const what = { action: `start ${body.strategy}`, target: ticket };
      const started = await audited(audit, request, what, async () => {
        const { strategy, input, parsed, ensembles, reads } = read(body);
        for (const ensemble of [...ensembles, ...reads]) demand(identity, 'operator', ensemble);
        // A name that is none must not use the ticket up.
        for (const ensemble of ensembles) await dependencies.inventory.resolve(ensemble);
        return startOnce(strategy, ticket, input, parsed, identity);
      });
      void reply.header('location', `/v1/runs/${encodeURIComponent(ticket)}`);
      return reply.code(started.created ? 201 : 200).send(started);
    },
  });

  async function startOnce(
    { workflowType }: Strategy,
    workflowId: string,
    input: Record<string, unknown>,
    parsed: unknown,
    { actor }: Identity,
  ): Promise<z.output<typeof startedSchema>> {
    // A run may wait for a worker, but where Temporal is away this tells soonest.
    await workers.isThere();
    const ensemble = ensemblesOf(workflowType, input)[0]!;
    const asked = { ...input, requestedBy: actor };
    const origin = await signer?.sign({
      ...{ action: 'start', workflowId, ensemble, actor, role: 'operator' },
      input: { ...(parsed as object), requestedBy: actor },
    });
    const holds = heldBy(workflowType, input);
    try {
      return await openings.inTurn(holds, async () => {
        await refuseHeld({ temporal, openings }, holds, workflowId);
        const run = { workflowType, workflowId, input: asked, origin };
        const summary = `${workflowType} ${ensemble}`;
        const started = await startStrategy(temporal, { ...run, summary });
        openings.opened(holds, workflowId);
        return { ...started, created: true };
      });
    } catch (error) {
      if (!isZkferryError(error) || error.type !== 'RunExists') throw error;
    }
    const before = await startOf(temporal, workflowId);
    const known = await describeRun(temporal, workflowId);
    if (before.workflowType !== workflowType || !isSame(before.input, asked))
      throw new ZkferryError(
        'RunExists',
        `the ticket ${workflowId} is used already, with another strategy or input: a ticket runs once`,
      );
    await refuseForeign(workflowId, before.firstRunId);
    return { workflowId, runId: known.runId, created: false };
  }

  /**
   * Where starts are signed, one of the same name that came another way is nobody's whom this server knows.
   * @throws RunExists
   */
  async function refuseForeign(workflowId: string, firstRunId: string | undefined): Promise<void> {
    if (signer === undefined) return;
    const { proof, at } = await originOf(temporal, workflowId, firstRunId);
    if (proof !== undefined && (await signer.hasSignedStart(proof, { workflowId, at }))) return;
    throw new ZkferryError(
      'RunExists',
      `a run of that name exists, and nothing says that this server has started it: if its signing key was changed since, name the former public key in formerKeys of its configuration and ask again; if not, look at ${workflowId} and at who may write to Temporal before the change is opened under another ticket`,
    );
  }

  api.route({
    method: 'GET',
    url: '/v1/runs',
    schema: {
      tags: ['runs'],
      summary: 'runs one may see, newest first',
      querystring: pageQuery(100, 20).extend({
        ensemble: ensembleName.optional(),
        strategy: strategyField.optional(),
      }),
      response: {
        200: z.object({ items: z.array(runSummarySchema), nextCursor: z.string().optional() }),
        ...problems,
      },
    },
    async handler({ query, identity }) {
      const { limit, cursor, ensemble, strategy } = query;
      if (ensemble !== undefined) demand(identity, 'viewer', ensemble);
      const workflowType = strategy === undefined ? undefined : findStrategy(strategy).workflowType;
      const ensembles = ensemble === undefined ? seenBy(identity) : [ensemble];
      if (ensembles?.length === 0) return { items: [] };
      const { sessionKey } = dependencies;
      const { nextCursor, items: found } = await listRunsPage(
        temporal,
        { ensembles, workflowType },
        {
          ...{ limit, answers: await workers.isThere() },
          ...(cursor !== undefined && { cursor: openedCursor(sessionKey, cursor) }),
        },
      );
      const items = found.filter((run) => ensembles?.includes(run.ensemble ?? '') ?? true);
      return {
        items: items as (RunSummary & Record<string, unknown>)[],
        ...(nextCursor !== undefined && { nextCursor: signedCursor(sessionKey, nextCursor) }),
      };
    },
  });

  api.route({
    method: 'GET',
    url: '/v1/runs/:workflowId',
    schema: {
      tags: ['runs'],
      summary: 'a run, with its status where a worker answers',
      params: runParams,
      response: {
        200: z.object({
          run: runSummarySchema,
          status: statusSchema.optional(),
          statusError: z.string().optional().describe('why there is no status'),
          statusProblem: z
            .string()
            .optional()
            .describe(
              'its type: NoWorker where nobody polls, WorkerSlow where one has polled lately and not answered in three seconds',
            ),
        }),
        ...problems,
      },
    },
    async handler({ params, identity }) {
      const seen = await lookAtRun(dependencies, params.workflowId);
      demandOfRun(dependencies, identity, 'viewer', seen);
      const { run, status, statusError, statusProblem } = seen;
      return {
        run: run as RunSummary & Record<string, unknown>,
        status: status as unknown as z.output<typeof statusSchema>,
        ...{ statusError, statusProblem },
      };
    },
  });

  api.route({
    method: 'GET',
    url: '/v1/runs/:workflowId/events',
    schema: {
      tags: ['runs'],
      summary: 'its status as it changes: server-sent events status, away, end',
      params: runParams,
      response: {
        200: {
          description: 'events, until the run ends or whoever watches goes',
          content: { 'text/event-stream': { schema: z.string() } },
        },
        ...problems,
      },
    },
    exposeHeadRoute: false,
    async handler(request, reply) {
      const { workflowId } = request.params;
      const seen = await lookAtRun(dependencies, workflowId);
      demandOfRun(dependencies, request.identity, 'viewer', seen);
      watchers.refuseIfFull(request.identity.actor);
      reply.hijack();
      const { raw } = reply;
      for (const [name, value] of Object.entries(reply.getHeaders()))
        if (value !== undefined) raw.setHeader(name, value);
      raw.writeHead(200, {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      });
      raw.write('retry: 2000\n\n');
      watchers.add(workflowId, raw, {
        actor: request.identity.actor,
        stillMay: () => stillMay(dependencies, request, seen),
      });
    },
  });
};

/** A token that was taken out, a session that has ended, a right that was taken back: all end what is watched by them. */
async function stillMay(
  dependencies: ServerDependencies,
  request: FastifyRequest,
  run: SeenRun,
): Promise<boolean> {
  try {
    await authenticate(dependencies, request);
    demandOfRun(dependencies, request.identity, 'viewer', run);
    return true;
  } catch {
    return false;
  }
}

const isSame = (before: unknown, asked: object): boolean =>
  canonicalJson({ ...(before as object), requestedBy: '' }) ===
  canonicalJson({ ...asked, requestedBy: '' });

/** Undefined: all. */
function seenBy({ grants }: Identity): string[] | undefined {
  const names = grants.flatMap(({ ensembles }) => ensembles);
  return names.includes(ALL_ENSEMBLES) ? undefined : [...new Set(names)];
}

/** @throws InvalidInput naming the field; InlineEnsembleRefused */
function read({ strategy: given, input: request }: z.output<typeof requestSchema>) {
  const strategy = findStrategy(given);
  const { workflowType, schema } = strategy;
  const { requestedBy: _theirs, ...input } = request;
  const parsed: unknown = parseOrThrow(
    schema,
    withEnsemble(workflowType, input),
    `the input of ${workflowType}`,
  );
  const ensembles = ensemblesOf(workflowType, input).map((name) => {
    if (name !== undefined) return name;
    throw new ZkferryError(
      'InlineEnsembleRefused',
      'here an ensemble is given by its name in the inventory',
    );
  });
  const from = readBy(workflowType, input);
  return { strategy, input, parsed, ensembles, reads: from === undefined ? [] : [from] };
}
