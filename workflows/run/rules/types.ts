/** What differs between strategies, asked by the code that all of them share. */
import type {
  Activities,
  Observation,
  PlanResult,
  ReplanResult,
  Target,
  WayBackResult,
} from '../../../activities/api';
import type { Plan, PlanStep } from '../../../src/model/plan';
import type { BesideReport } from '../../../src/model/status';
import type { RunState } from '../state';

/** Runs in stretches of bounded length while it is wanted. */
export interface BesideKind {
  wanted(state: RunState): boolean;
  run(state: RunState, lengthMs: number): Promise<BesideReport>;
}

export interface StrategyRules {
  /** In messages: this …, a … */
  noun: string;
  /** In reports. */
  title: string;
  /** Said of a pause that waits until no server is down. */
  whilePauseWaits: string;
  /** Said where a plan has no steps. */
  nothingToDo: string;
  /** Said at gate `start` where the plan knows no limit of its own. */
  wayBackNote: string;

  /**
   * What fences effects on hosts, and whether a probe watches: undefined where the lock znode gives it, and the ensemble
   * serves meanwhile. One that is stopped as a whole has neither.
   */
  generationOf?(plan: Plan, startedAt: string): string | undefined;

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
  /** Whether a run that was held is planned anew when it goes on: people may have changed what its plan was made from. */
  plansAnewAfterHold(state: RunState): boolean;
  /** Right before the rest is planned anew: forgets what must be done again. */
  beforeReplan(state: RunState): void;
  /** Servers whose silence must stop the run at this step. */
  expectServing(state: RunState, step: PlanStep): string[];

  /** Right before a step acts: registers what a way back must look at. */
  touch(state: RunState, step: PlanStep): void;
  /** Steps that are tried before a run is held for one that failed: what would otherwise stay down for it. */
  alsoBeforeHold(plan: Plan, failed: PlanStep): PlanStep[];
  /** Whether the run turns back by itself where a step fails for good: nobody serves clients until it does. */
  turnsBackOn?(state: RunState, failed: PlanStep): boolean;
  /** Right after a step is done. */
  settle(state: RunState, step: PlanStep): void;

  /** Once no step is left: why the plan's end is not what there is; undefined where it is. */
  whyUnfinished(state: RunState, plan: Plan): string | undefined;

  /** Whether the way back is open now, once something was changed. */
  wayBack(state: RunState): { possible: boolean; reason: string };
  /** Identities of further ensembles that no other run may work on. */
  alsoHolds?(plan: Plan): string[];
  /** What goes on beside the steps, by name. */
  beside?: Readonly<Record<string, BesideKind>>;
  /** Where the probe writes now; without it to the run's ensemble. */
  probed?(state: RunState): Target;
  /** Which ensemble a step acts on; without it the run's own. */
  targetOfStep?(state: RunState, step: PlanStep): Target;

  /** Lines of the report that say what came out, under the heading. */
  outcomeLines(state: RunState): string[];
}
