/**
 * The plan of a logical migration: the tree is copied into an ensemble that lives already.
 *   1. sync      copied, then followed, transaction by transaction
 *   2. verify    both sides compared while they are written to
 *   3. fence     gate `cutover`; every server of the source closed to clients, proven
 *   4. drain     its last transactions brought over, both sides compared at rest
 *   5. open      once no session of the old side can be believed in any more
 *   6. redirect  clients, batch by batch
 *   7. watch     the new side; gate `complete`; the old side retired
 * Before the target opens the way back is to open the source again, as it is. From then on the source, which stays closed
 * to everybody else, is kept equal to the target, and the way back is the same thing in the other direction. Not so
 * without a fence: there the gate `unfenced` says that there is no way back.
 */
import type { MigrateDataCenterInput } from '../../model/migrationInputs';
import type { Plan, PlanStep } from '../../model/plan';
import { treeOf } from '../members';
import { closingSteps } from './closingSteps';
import { frameOf, planOf, type MoveDone, type MoveFacts } from './physicalPlan';
import { moveSteps } from './moveSteps';
import { redirectSteps, returnStep } from './redirectSteps';

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
  const outageMs = outageOf(facts, input) - sessionMs;
  const asks = input.gates.nextBatch !== undefined;
  const isOpen = input.fence === 'none';
  const checks = clients.length > 0 && { checksClients: true };
  const gate: Partial<PlanStep> = isOpen
    ? {
        ...checks,
        gate: 'unfenced',
        gateReason: `passing brings over what ${source} has, while it stays open: whatever its clients write there after that is not at ${target}, and what is written to ${target} is not brought back. Make sure that nobody writes to the chosen subtrees any more`,
      }
    : {
        ...checks,
        gate: 'cutover',
        gateReason: `passing closes ${source} to its clients, about ${Math.round(outageMs / 1_000)} s${waits ? `, and up to ${Math.round(sessionMs / 1_000)} s more for sessions to end` : ''}. Going back stays possible until gate complete, with what is written to ${target} meanwhile`,
      };
  return planOf(facts, {
    direction: 'forward',
    goal: `${source} to ${target}, znode by znode${input.trees ? `: ${input.trees.map(({ from }) => from).join(', ')}` : ''}`,
    outageMs: outageMs + sessionMs,
    steps: [
      step.copy('source'),
      step.compareLive('source'),
      ...(isOpen ? [] : [step.fence('source', { otherSide: 'running', ...gate })]),
      { ...step.drain('source'), ...(isOpen && gate) },
      step.compare('source'),
      ...(waits && !isOpen ? [step.awaitSessionExpiry('source')] : []),
      step.openNewSide(),
      ...redirectSteps({
        ...{ clients, asks, to: target, from: source, redirect: input.redirect },
        ...(facts.connections && { connections: facts.connections }),
      }),
      ...(isOpen ? [] : [step.compareFollowed('target')]),
      ...closingSteps(input, migration, isOpen ? [] : [step.endCopy('target')]),
    ],
    ...(isOpen && {
      rollbackLimit: `Going back ends where ${target} opens: without a fence ${source} takes writes of its own.`,
    }),
  });
}

export function planLogicalBack(
  facts: MoveFacts,
  input: MigrateDataCenterInput,
  { begun, opened: hasOpened, redirected }: MoveDone,
): Plan {
  const { source, target } = facts.migration;
  const step = moveSteps(frameOf(facts, input), true);
  const has = (id: string): boolean => begun.includes(id);
  const unopened: PlanStep[] = [
    ...(has('fenceServers/source') ? [step.liftFence('source'), step.verifyServing('source')] : []),
    ...(has('copyTrees/source') ? [step.endCopy('source')] : []),
  ];
  const opened = (): PlanStep[] => [
    step.copy('target'),
    step.fence('target', {
      otherSide: 'running',
      ...(redirected.length > 0 && { checksClients: true }),
    }),
    step.drain('target'),
    step.compare('target'),
    ...(input.openAfter === 'sessionExpiry' ? [step.awaitSessionExpiry('target')] : []),
    step.liftFence('source'),
    ...(redirected.length > 0
      ? [returnStep(redirected, { redirect: input.redirect, from: source })]
      : []),
    step.verifyServing('source'),
    // It was found alive, with others' data perhaps; nobody who was led over is there any more.
    step.liftFence('target'),
  ];
  return planOf(facts, {
    direction: 'rollback',
    goal: `${source} as it was${hasOpened ? `, with what was written to ${target}` : ''}`,
    outageMs: hasOpened ? outageOf(facts, input) : 0,
    steps: hasOpened ? opened() : unopened,
  });
}

/** The wait for sessions included. */
const outageOf = (facts: MoveFacts, { openAfter }: MigrateDataCenterInput): number => {
  const tree = treeOf(facts.source);
  const sessionMs =
    openAfter === 'sessionExpiry' ? (tree?.sessions.longestMs ?? DEFAULT_SESSION_MS) : 0;
  return OUTAGE_MS + Math.ceil((tree?.nodes ?? 0) / NODES_PER_MS) + sessionMs;
};
