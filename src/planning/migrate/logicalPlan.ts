/**
 * The plan of a logical migration: the tree is copied into an ensemble that lives already.
 *   1. sync      copied, then followed, transaction by transaction
 *   2. fence     gate `cutover`; every server of the source closed to clients, proven
 *   3. drain     its last transactions brought over, both sides compared
 *   4. open      once no session of the old side can be believed in any more
 *   5. redirect  clients, batch by batch
 *   6. watch     the new side; gate `complete`; the old side retired
 * Before clients are led over the source is opened again as it is. What is written to the target afterwards is not
 * brought back: the gate `cutover` says so.
 */
import type { MigrateDataCenterInput } from '../../model/migrationInputs';
import type { Plan, PlanStep } from '../../model/plan';
import { treeOf } from '../members';
import { closingSteps } from './closingSteps';
import { frameOf, planOf, type MoveDone, type MoveFacts } from './physicalPlan';
import { moveSteps } from './moveSteps';
import { redirectSteps } from './redirectSteps';

/** Closing, draining and comparing on a small box, without the wait for sessions. */
const OUTAGE_MS = 2_000;
const NODES_PER_MS = 100;
const DEFAULT_SESSION_MS = 40_000;

export function planLogical(facts: MoveFacts, input: MigrateDataCenterInput): Plan {
  const { migration, clients } = facts;
  const { source, target } = migration;
  const step = moveSteps(frameOf(facts, input));
  const tree = treeOf(facts.source);
  const waits = input.openAfter === 'sessionExpiry';
  const sessionMs = waits ? (tree?.sessions.longestMs ?? DEFAULT_SESSION_MS) : 0;
  const outageMs = OUTAGE_MS + Math.ceil((tree?.nodes ?? 0) / NODES_PER_MS);
  const asks = input.gates.nextBatch !== undefined;
  const isOpen = input.fence === 'none';
  const gate: Partial<PlanStep> = isOpen
    ? {
        gate: 'unfenced',
        gateReason: `passing brings over what ${source} has, while it stays open: whatever its clients write there after that is not at ${target}. Make sure that nobody writes to the chosen subtrees any more`,
      }
    : {
        gate: 'cutover',
        gateReason: `passing closes ${source} to its clients, about ${Math.round(outageMs / 1_000)} s${waits ? `, and up to ${Math.round(sessionMs / 1_000)} s more for sessions to end` : ''}. Once clients are led over, what they write to ${target} cannot be brought back by this run`,
      };
  return planOf(facts, {
    direction: 'forward',
    goal: `${source} to ${target}, znode by znode${input.trees ? `: ${input.trees.map(({ from }) => from).join(', ')}` : ''}`,
    outageMs: outageMs + sessionMs,
    steps: [
      step.copy('source'),
      ...(isOpen ? [] : [step.fence('source', gate)]),
      { ...step.drain('source'), ...(isOpen && gate) },
      step.endCopy('source'),
      step.compare('source', 'compareTrees/drained'),
      ...(waits && !isOpen ? [step.awaitSessionExpiry('source')] : []),
      step.openNewSide(),
      ...redirectSteps({
        ...{ clients, asks, to: target, from: source, redirect: input.redirect },
        ...(facts.seen && { seen: facts.seen }),
      }),
      ...closingSteps(input, migration),
    ],
    rollbackLimit: `Going back ends where the first client is led over: what is written to ${target} from then on is not brought back by this run.`,
  });
}

/** Only before the new side has opened. */
export function planLogicalBack(
  facts: MoveFacts,
  input: MigrateDataCenterInput,
  { begun }: Pick<MoveDone, 'begun'>,
): Plan {
  const step = moveSteps(frameOf(facts, input), true);
  const has = (id: string): boolean => begun.includes(id);
  return planOf(facts, {
    direction: 'rollback',
    goal: `${facts.migration.source} as it was`,
    outageMs: 0,
    steps: [
      ...(has('fenceServers/source')
        ? [step.liftFence('source'), step.verifyServing('source')]
        : []),
      ...(has('copyTrees/source') ? [step.endCopy('source')] : []),
    ],
  });
}
