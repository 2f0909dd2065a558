/** Steering a run: gates, pause, resume, rollback, tune, stop; signed where the server has a key. */
import { z } from 'zod';
import { wasSent } from '../../adapters/temporal/failure';
import { sendControl } from '../../adapters/temporal/steerRun';
import type { Role } from '../../model/approval';
import type { ControlName } from '../../model/contract';
import { may, type Identity } from '../../model/identity';
import { controlSchemas, type ControlInputs } from '../../model/inputs';
import type { StatusDocument } from '../../model/status';
import { isZkferryError, ZkferryError } from '../../model/errors';
import { audited } from '../audited';
import { statusAfter } from '../effect';
import { demandOfRun, lookAtRun, statusNow } from '../runEnsemble';
import { gateParams, problems, runParams, statusSchema } from '../schemas';
import type { Api, Routes } from './types';
import type { ServerDependencies } from '../dependencies';
import type { FastifyReply, FastifyRequest } from 'fastify';

type Status = z.output<typeof statusSchema>;

/** Most an answer waits for what it has brought about. */
const SHOWS_WITHIN_MS = 5_000;
/** What is said of those that take longer. */
const LATER: Partial<Record<ControlName, string>> = {
  pause: 'taken: the run stops as soon as no server is down by its hand',
  rollback: 'taken: the run goes back once the step that is under way has ended',
  stop: 'taken: the run ends once all that came is sealed',
};
const acceptedSchema = z
  .looseObject({ accepted: z.string().describe('what has been taken, and when it shows') })
  .meta({ id: 'Accepted' });
const answers = {
  200: statusSchema.describe('the status, with what was asked for in it'),
  202: acceptedSchema.describe(
    'taken, or sent: it takes effect later; beside it the status, if any',
  ),
  ...problems,
};

/** Nothing at all is as good as an empty object. */
const steerBody = controlSchemas.pause.pick({ comment: true }).nullish();
const decisionBody = z.strictObject({
  planHash: controlSchemas.approve.shape.planHash.unwrap(),
  comment: controlSchemas.approve.shape.comment,
});
const tuneBody = controlSchemas.tune.omit({ proof: true });

export const controlRoutes: Routes = (api, dependencies) => {
  for (const decision of ['approve', 'reject'] as const)
    api.route({
      method: 'POST',
      url: `/v1/runs/:workflowId/gates/:gate/${decision}`,
      schema: {
        tags: ['gates'],
        summary:
          decision === 'approve'
            ? 'one word for passing the gate, for the plan that has this hash'
            : 'refuse the gate: at start the run ends, later it goes back',
        params: gateParams,
        body: decisionBody,
        response: answers,
      },
      handler: (request, reply) => {
        const { gate, workflowId } = request.params;
        const { planHash, comment } = request.body;
        const input = { gate, planHash, comment, approver: request.identity.actor };
        return steer(dependencies, [request, reply], workflowId, decision, 'approver', input);
      },
    });
  for (const control of ['pause', 'resume', 'rollback', 'stop'] as const)
    simpleControl(api, dependencies, control);
  api.route({
    method: 'POST',
    url: '/v1/runs/:workflowId/tune',
    schema: {
      tags: ['runs'],
      summary: 'change waits while the run goes on',
      params: runParams,
      body: tuneBody,
      response: answers,
    },
    handler: (request, reply) =>
      steer(
        dependencies,
        [request, reply],
        request.params.workflowId,
        'tune',
        'operator',
        request.body,
      ),
  });
};

const SUMMARIES = {
  pause: 'stop before the next step at which no server is down',
  resume: 'go on after a pause, or try a failed step again',
  rollback: 'take back what the run has changed',
  stop: 'end a hot backup once all that came is sealed',
} as const;

function simpleControl(
  api: Api,
  dependencies: ServerDependencies,
  control: keyof typeof SUMMARIES,
): void {
  api.route({
    method: 'POST',
    url: `/v1/runs/:workflowId/${control}`,
    schema: {
      tags: ['runs'],
      summary: SUMMARIES[control],
      params: runParams,
      body: steerBody,
      response: answers,
    },
    handler: (request, reply) => {
      const input = { ...request.body, by: request.identity.actor };
      return steer(
        dependencies,
        [request, reply],
        request.params.workflowId,
        control,
        'operator',
        input,
      );
    },
  });
}

async function steer<K extends ControlName>(
  dependencies: ServerDependencies,
  [request, reply]: [FastifyRequest, Pick<FastifyReply, 'code'>],
  workflowId: string,
  control: K,
  role: Role,
  given: ControlInputs[K],
): Promise<Status> {
  const { temporal, workers, signer, audit } = dependencies;
  const { identity } = request;
  const { planHash, gate } = given as { planHash?: string; gate?: string };
  const what = { action: gate ? `${control} ${gate}` : control, target: workflowId, planHash };
  let isSending = false;
  const work = async (): Promise<Partial<StatusDocument> & { accepted?: string }> => {
    const seen = await lookAtRun(dependencies, workflowId);
    demandOfRun(dependencies, identity, role, seen);
    // Not before: what fields there are is said to nobody who may not steer the run.
    if (control === 'tune') demandSomething(given);
    await workers.demand(`${control} was not sent to ${workflowId}`);
    const { run, ensembles } = seen;
    const [ensemble] = ensembles;
    // As it is sent: fields that are not given are no part of what is signed.
    const input = JSON.parse(JSON.stringify(given)) as ControlInputs[K];
    const proof = await signer?.sign({
      ...{ action: control, workflowId, runId: run.runId, ensemble: ensemble ?? '' },
      ...{ actor: identity.actor, role: strongest(identity, role, ensemble), input },
    });
    const sent = proof === undefined ? input : { ...input, proof };
    let taken: StatusDocument;
    try {
      isSending = true;
      taken = await sendControl(temporal, workflowId, control, sent);
    } catch (error) {
      if (!wasSent(error)) throw error;
      return {
        accepted: `${control} was sent, and nobody has answered yet: it may be taken later, or be lost: look at the status of ${workflowId}, and send it again if it does not show there`,
      };
    }
    const look = () => statusNow(dependencies, workflowId);
    const { status, shows } = await statusAfter(control, taken, look, SHOWS_WITHIN_MS);
    return shows ? status : { ...status, accepted: LATER[control] ?? `${control} was taken` };
  };
  const answer = await audited(audit, request, what, work, {
    outcomeOfResult: ({ state }) => (state === undefined ? 'unknown' : 'done'),
    // Without a worker nothing is sent.
    mayBeDone: (error) => isSending && !(isZkferryError(error) && error.type === 'NoWorker'),
  });
  if (answer.accepted !== undefined) void reply.code(202);
  return answer as unknown as Status;
}

/** @throws InvalidInput */
function demandSomething(given: object): void {
  if (Object.values(given).some((value) => value !== undefined)) return;
  throw new ZkferryError(
    'InvalidInput',
    `there is nothing to tune: expected at least one of ${Object.keys(tuneBody.shape).join(', ')}`,
  );
}

const strongest = (identity: Identity, role: Role, ensemble: string | undefined): Role =>
  may(identity, 'admin', ensemble) ? 'admin' : role;
