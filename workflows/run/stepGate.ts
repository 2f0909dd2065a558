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
import { hold } from './pause';
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

/**
 * Before a step that asks at no gate.
 * @returns false: a person has to decide. Told of the same once more, the run goes on.
 */
export async function clientsLetGo(state: RunState, step: PlanStep): Promise<boolean> {
  const { told, mustAsk } = await clientsAhead(state, step);
  if (!mustAsk || told.every((line) => state.toldClients?.includes(line))) return true;
  state.toldClients = told;
  hold(
    state,
    'RedirectFailed',
    `${step.title} is kept back, since nobody could be served until clients are mended: ${told.join('; ')}. Mend them and resume; resumed as they are, the run goes on all the same`,
  );
  return false;
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
