/** What differs between strategies, asked by the code that all of them share. */
import type {
  Activities,
  Observation,
  PlanResult,
  ReplanResult,
  WayBackResult,
} from '../../../activities/api';
import type { Plan, PlanStep } from '../../../src/model/plan';
import type { RunState } from '../state';

export interface StrategyRules {
  /** In messages: this …, a … */
  noun: string;
  /** In reports. */
  title: string;
  /** Said where a plan has no steps. */
  nothingToDo: string;
  /** Said at gate `start` where the plan knows no limit of its own. */
  wayBackNote: string;

  plan(state: RunState, activities: Activities): Promise<PlanResult>;
  /** `done`: ids of steps that need not run again. */
  replan(
    state: RunState,
    activities: Activities,
    plan: Plan,
    done: string[],
  ): Promise<ReplanResult>;
  /** `forward`: the plan whose effects are to be taken back. */
  planBack(state: RunState, activities: Activities, forward: Plan): Promise<WayBackResult>;

  /** Whether the ensemble is looked at, and the rest planned anew if need be, right before this step. */
  looksFirst(state: RunState, step: PlanStep): boolean;
  /** Why the plan no longer fits what was seen; undefined while it does. */
  whyReplan(state: RunState, plan: Plan, step: PlanStep, seen: Observation): string | undefined;
  /** Servers whose silence must stop the run at this step. */
  expectServing(state: RunState, step: PlanStep): string[];

  /** Right before a step acts: registers what a way back must look at. */
  touch(state: RunState, step: PlanStep): void;
  /** Right after a step is done. */
  settle(state: RunState, step: PlanStep): void;

  /** Whether the way back is open now, once something was changed. */
  wayBack(state: RunState): { possible: boolean; reason: string };
  /** Lines of the report that say what came out, under the heading. */
  outcomeLines(state: RunState): string[];
}
