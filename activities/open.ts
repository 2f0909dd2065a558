import { Context } from '@temporalio/activity';
import type { ApprovalRules } from '../src/model/approval';
import type { ResolvedEnsemble } from '../src/model/inventory';
import type { OpenRunArgs, RunActivities } from './api';
import type { Dependencies } from './dependencies';
import { operation } from './operation';

export function openActivities(
  dependencies: Dependencies,
): Pick<RunActivities, 'openRun' | 'verifyControl'> {
  const { inventory, searchAttributes, approvals } = dependencies;
  return {
    openRun: ({ ensemble, origin }) =>
      operation(async () => {
        const resolved = await inventory.resolve(ensemble);
        const rules = await rulesFor(dependencies, resolved, origin);
        return {
          ensemble: resolved.name,
          site: resolved.site,
          requiredGates: resolved.gates.required,
          searchAttributes,
          ...(rules && { approvals: rules }),
          ...(resolved.webhooks.length > 0 && { webhooks: await webhooksOf(inventory, resolved) }),
        };
      }),

    verifyControl: (args) =>
      operation(async () => {
        if (approvals === undefined)
          throw new Error('this worker takes controls as they come: it has nothing to verify');
        const { workflowId, runId } = execution();
        return approvals.verify(args.proof, { ...args, workflowId, runId });
      }),
  };
}

const webhooksOf = (inventory: Dependencies['inventory'], { webhooks }: ResolvedEnsemble) =>
  Promise.all(
    webhooks.map(async (name) => ({ name, events: (await inventory.webhook(name)).events })),
  );

async function rulesFor(
  { approvals }: Dependencies,
  { name, approvals: policies }: ResolvedEnsemble,
  origin: OpenRunArgs['origin'],
): Promise<ApprovalRules | undefined> {
  if (approvals === undefined)
    return Object.keys(policies).length === 0 ? undefined : { mode: 'open', policies };
  // A start that nobody vouches for is let wait at its gate: that is what gates are for.
  const requester =
    origin &&
    (await approvals
      .verify(origin.proof, {
        ...{ action: 'start', ensemble: name, input: origin.input },
        workflowId: execution().workflowId,
      })
      .then(({ actor }) => actor)
      .catch(() => undefined));
  return { mode: 'signed', policies, ...(requester !== undefined && { requester }) };
}

const execution = () => Context.current().info.workflowExecution!;
