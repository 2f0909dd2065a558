/** Steering a run: gates, pause, resume, rollback, tune, stop; signed where the server has a key. */
import { z } from 'zod';
import { sendControl } from '../../adapters/temporal/runs';
import type { Role } from '../../model/approval';
import type { ControlName } from '../../model/contract';
import { may, type Identity } from '../../model/identity';
import { controlSchemas, type ControlInputs } from '../../model/inputs';
import { audited } from '../audited';
import { demandOfRun, lookAtRun } from '../runEnsemble';
import { gateParams, problems, runParams, statusSchema } from '../schemas';
import type { Api, Routes } from './types';
import type { ServerDependencies } from '../dependencies';
import type { FastifyRequest } from 'fastify';

type Status = z.output<typeof statusSchema>;

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
        response: { 200: statusSchema, ...problems },
      },
      handler: (request) => {
        const { gate, workflowId } = request.params;
        const { planHash, comment } = request.body;
        const input = { gate, planHash, comment, approver: request.identity.actor };
        return steer(dependencies, request, workflowId, decision, 'approver', input);
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
      response: { 200: statusSchema, ...problems },
    },
    handler: (request) =>
      steer(dependencies, request, request.params.workflowId, 'tune', 'operator', request.body),
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
      response: { 200: statusSchema, ...problems },
    },
    handler: (request) => {
      const input = { ...request.body, by: request.identity.actor };
      return steer(dependencies, request, request.params.workflowId, control, 'operator', input);
    },
  });
}

async function steer<K extends ControlName>(
  { temporal, signer, audit }: ServerDependencies,
  request: FastifyRequest,
  workflowId: string,
  control: K,
  role: Role,
  given: ControlInputs[K],
): Promise<Status> {
  const { identity } = request;
  const { planHash, gate } = given as { planHash?: string; gate?: string };
  const what = { action: gate ? `${control} ${gate}` : control, target: workflowId, planHash };
  return audited(audit, request, what, async () => {
    const seen = await lookAtRun(temporal, workflowId);
    demandOfRun(identity, role, seen);
    const { run, ensembles } = seen;
    const [ensemble] = ensembles;
    // As it is sent: fields that are not given are no part of what is signed.
    const input = JSON.parse(JSON.stringify(given)) as ControlInputs[K];
    const proof = await signer?.sign({
      ...{ action: control, workflowId, runId: run.runId, ensemble: ensemble ?? '' },
      ...{ actor: identity.actor, role: strongest(identity, role, ensemble), input },
    });
    const sent = proof === undefined ? input : { ...input, proof };
    return (await sendControl(temporal, workflowId, control, sent)) as unknown as Status;
  });
}

const strongest = (identity: Identity, role: Role, ensemble: string | undefined): Role =>
  may(identity, 'admin', ensemble) ? 'admin' : role;
