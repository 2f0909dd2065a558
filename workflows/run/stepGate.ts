/**
 * The gate of a step: its question, and, past which nobody serves until clients are led over, which of them could not be
 * as they are.
 */
import { isCancellation } from '@temporalio/workflow';
import type { CheckedClients } from '../../activities/api';
import type { GateName } from '../../src/model/contract';
import type { PlanStep } from '../../src/model/plan';
import { connectionsOf } from '../../src/planning/migrate/redirectSteps';
import { saidAhead, type SaidAhead } from '../../src/planning/redirect/ahead';
import { runActivities } from './activityProxy';
import { describeFailure } from './failure';
import { gateQuestion, waitAtGate, type GateOutcome } from './gates';
import { migrationInput, note, type RunState } from './state';

const LOOK_TIMEOUT_MS = 300_000;

const NOTHING: SaidAhead = { text: '', told: [], mustAsk: false };

/** `again`: while people took their time something has come up that they should know. */
export async function askAtGate(
  state: RunState,
  step: PlanStep,
  gate: GateName,
): Promise<GateOutcome | 'again'> {
  const ahead = await clientsAhead(state, step);
  const outcome = await waitAtGate(state, gate, gateQuestion(step) + ahead.text, {
    mandatory: step.pointOfNoReturn === true || step.gate === 'keepSessions' || ahead.mustAsk,
  });
  if (outcome !== 'passed' || state.gates.at(-1)?.decision === 'auto') return outcome;
  const since = await clientsAhead(state, step);
  if (!since.mustAsk || since.told.every((line) => ahead.told.includes(line))) return outcome;
  note(state, `gate ${gate} asks again: ${since.told.join('; ')}`);
  return 'again';
}

/** Nothing at steps that do not ask for the look. */
async function clientsAhead(state: RunState, step: PlanStep): Promise<SaidAhead> {
  const input = migrationInput(state);
  if (step.checksClients !== true || input === undefined || !state.plan) return NOTHING;
  const clients = state.plan.steps.flatMap((other) => other.clients ?? []);
  let checked: CheckedClients | { failure: string };
  try {
    checked = await runActivities(
      state.opened.site,
      LOOK_TIMEOUT_MS,
      'look once more at the clients that are to be led over',
    ).checkClients({ input, clients, connections: connectionsOf(state.plan) });
  } catch (error) {
    if (isCancellation(error)) throw error;
    checked = { failure: describeFailure(error).message };
  }
  return saidAhead(checked, input.redirect.maxFailures);
}
