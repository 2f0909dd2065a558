/**
 * A resize by files during which the lead moves, and holds are followed by another plan. Whether the rest is planned anew
 * is decided by the rules of the workflow, as a run does.
 */
import type { Observation } from '../../../activities/api';
import type { Plan, PlanStep } from '../../../src/model/plan';
import { planResizeBack } from '../../../src/planning/resize/resizePlan';
import { resizeRules, stoppedBy } from '../../../workflows/run/rules/resize';
import { newRunState, nextStep, type RunState } from '../../../workflows/run/state';
import { FilesSimulation, Unserved } from './filesSimulation';
import type { Asked } from './randomResizes';
import { inputOf, planFor } from './resizePlans';

/** When leaders die, and who is elected. */
export interface Moves {
  /** Steps from one death of a leader to the next. */
  everySteps: number;
  deaths: number;
  /** Steps from one hold to the next. */
  everyHold: number;
  /** Which of those that could be elected is, one election after the other. */
  elected: readonly number[];
}

/** Plans are made anew at most so often. */
const MAX_PLANS = 40;

export class LeadRun {
  private readonly state: RunState;
  private readonly ensemble: FilesSimulation;
  private elections = 0;
  private deaths = 0;
  private steps = 0;
  private heldAt = 0;
  readonly log: string[] = [];

  constructor(
    private readonly plan: Plan,
    private readonly asked: Asked,
    private readonly moves: Moves,
  ) {
    const { facts, request, candidates, serving } = asked;
    this.state = newRunState(inputOf(request), {
      workflowId: 'w',
      runId: 'r',
      strategy: 'resizeEnsemble',
    });
    this.state.plan = this.state.forwardPlan = plan;
    this.ensemble = new FilesSimulation(
      [...facts.servers, ...candidates],
      facts,
      plan.members!.before,
      serving,
      (able) =>
        able[this.moves.elected[this.elections++ % this.moves.elected.length]! % able.length],
    );
  }

  /** As far as `point` of its steps, then back; how each of the two ended. */
  thereAndBack(point: number): string {
    const limit = Math.round(point * this.plan.steps.length);
    try {
      const forward = this.drive(limit);
      this.log.push('--- back');
      this.back();
      return `${forward}, then ${this.drive(Infinity)}`;
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${this.log.join('\n')}`);
    }
  }

  /** Until it is through, has made so many steps, or is held. */
  private drive(limit: number): string {
    let plans = 0;
    for (let made = 0; made < limit;) {
      const step = nextStep(this.state);
      if (!step) return 'done';
      if (this.isDeathDue()) {
        this.log.push(`(${this.ensemble.leads} dies)`);
        if (this.ensemble.moveLead()) this.log.push(`(${this.ensemble.leads} leads)`);
      }
      if (this.steps > 0 && this.steps % this.moves.everyHold === 0 && this.heldAt !== this.steps) {
        this.heldAt = this.steps;
        if (resizeRules.plansAnewAfterHold(this.state) && this.planAnew('held')) continue;
      }
      if (resizeRules.looksFirst(this.state, step) && this.isPlannedAnew(step)) {
        plans += 1;
        if (plans > MAX_PLANS) throw new Error('planned anew again and again');
        continue;
      }
      const why = this.ensemble.whyNotStop(step);
      if (why) {
        this.log.push(`held: ${step.id}: ${why}`);
        return 'held';
      }
      this.touch(step, 'running');
      this.log.push(step.id);
      try {
        this.ensemble.run(this.state.plan!, [step]);
      } catch (error) {
        if (error instanceof Unserved) return 'unserved';
        throw error;
      }
      this.touch(step, 'done');
      made += 1;
      this.steps += 1;
    }
    return 'left';
  }

  private isDeathDue(): boolean {
    if (this.deaths >= this.moves.deaths) return false;
    if (this.steps < (this.deaths + 1) * this.moves.everySteps) return false;
    this.deaths += 1;
    return true;
  }

  private isPlannedAnew(step: PlanStep): boolean {
    const { state, ensemble } = this;
    const seen = { leader: ensemble.leads, members: ensemble.members } as unknown as Observation;
    state.observation = seen;
    const reason = resizeRules.whyReplan(state, state.plan!, step, seen);
    return reason !== undefined && this.planAnew(reason);
  }

  private planAnew(reason: string): boolean {
    const { state, ensemble } = this;
    resizeRules.beforeReplan(state);
    const before = state.plan!.hash;
    if (state.plan!.direction === 'rollback') this.back();
    else {
      const now = ensemble.look(this.asked.facts);
      const fresh = planFor(now.facts, this.asked.request, {
        candidates: now.others,
        underway: true,
      });
      state.plan = { ...fresh, members: { ...fresh.members!, before: this.plan.members!.before } };
      state.forwardPlan = state.plan;
    }
    if (state.plan!.hash === before) return false;
    this.log.push(`anew: ${reason}`);
    return true;
  }

  private back(): void {
    const { state, ensemble, asked, plan } = this;
    const now = ensemble.look(asked.facts);
    const fresh = planResizeBack(now.facts, plan.members!.before, inputOf(asked.request), {
      margin: 0,
      candidates: now.others,
      stopped: stoppedBy(state, state.forwardPlan!),
    });
    if (state.plan!.direction === 'rollback')
      for (const { id } of fresh.steps) delete state.steps[id];
    state.plan = fresh;
  }

  private touch(step: PlanStep, now: 'running' | 'done'): void {
    const { state } = this;
    state.steps[step.id] = { id: step.id, state: now };
    const { server = '' } = step;
    if (step.activity === 'stopServer' && now === 'running') state.stopped.push(server);
    if (step.activity === 'startServer' && now === 'done')
      state.stopped = state.stopped.filter((name) => name !== server);
  }
}
