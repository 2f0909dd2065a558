/** What people can do next, in a way that counts: where signatures are asked for, through the server, and by whom. */
import type { ApprovalRules } from '../../src/model/approval';
import { defaultApprovalPolicy } from '../../src/model/approval';
import type { NextAction } from '../../src/model/status';
import { asksForProof, type Signed } from './signing';

/** An action as the run itself knows it: what it would take of anybody. */
export function steered(signed: Signed, workflowId: string, action: NextAction): NextAction {
  if (!asksForProof(signed, action.action)) return action;
  const { gate, planHash } = action.input as { gate?: string; planHash?: string };
  const place = gate === undefined ? action.action : `gates/${gate}/${action.action}`;
  const body = planHash === undefined ? {} : { planHash };
  return {
    ...action,
    // Whose word it is, the server says: a name that is given counts nothing.
    input: { ...(gate !== undefined && { gate }), ...body },
    through: {
      request: `POST /v1/runs/${encodeURIComponent(workflowId)}/${place}`,
      body,
      by: whoMay(signed, action.action, gate),
    },
  };
}

function whoMay({ opened }: Signed, action: NextAction['action'], gate?: string): string {
  const on = `of ${opened?.ensemble ?? 'the ensemble'}`;
  if (action !== 'approve' && action !== 'reject') return `an operator ${on}`;
  if (action === 'reject') return `an approver ${on}`;
  const { policies, requester } = opened?.approvals ?? ({} as Partial<ApprovalRules>);
  const { role, excludeRequester } = policies?.[gate ?? ''] ?? defaultApprovalPolicy();
  const others = excludeRequester && requester !== undefined ? ` other than ${requester}` : '';
  return `an ${role} ${on}${others}`;
}

/** For the page in the Temporal UI. */
export const actionLine = ({ action, input, description, through }: NextAction): string =>
  through === undefined
    ? `- \`${action}\` \`${JSON.stringify(input)}\`: ${description}`
    : `- ${action}: ${description}. By ${through.by}, through zkferry server: its console, or \`${through.request}\` \`${JSON.stringify(through.body)}\`; not from here`;
