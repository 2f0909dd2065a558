/** What a plan means, as a hash: people approve it by its beginning, and runs refuse another plan's approval. */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../model/canonicalJson';
import type { ConfigChange, Plan, PlanStep, RestorePoint } from '../model/plan';

const meaningOfChange = ({ file, setting, from, to, temporary }: ConfigChange) => ({
  file,
  setting,
  from,
  to,
  temporary,
});

/** Not how high its epoch is: that grows by itself while a plan waits to be approved. */
const meaningOfPoint = ({ repository, from, timeline, zxid, ...rest }: RestorePoint) => ({
  repository,
  from,
  timeline,
  zxid,
  way: rest.way,
  sessions: rest.sessions,
  epoch: rest.above === undefined ? 'same' : 'higher',
  subtree: rest.subtree,
});

/** What a step does, where, and under which conditions; not how it is worded, nor how long it may take. */
export const meaningOfStep = (step: PlanStep) => ({
  id: step.id,
  phase: step.phase,
  activity: step.activity,
  server: step.server,
  fromVersion: step.fromVersion,
  toVersion: step.toVersion,
  guard: step.guard,
  gate: step.gate,
  pointOfNoReturn: step.pointOfNoReturn === true,
  versions: step.versions,
  repository: step.repository,
  side: step.side,
  clients: step.clients,
  changes: step.changes?.map(meaningOfChange),
});

/** sha256, 64 hex digits, over goal, versions, the moment of a restore, and steps in their order; not over findings, texts and timings. */
export function planHash(plan: Omit<Plan, 'hash'>): string {
  const meaning = {
    strategy: plan.strategy,
    ensemble: plan.ensemble,
    identity: plan.identity,
    direction: plan.direction,
    goal: plan.goal,
    fromVersions: plan.fromVersions,
    toVersion: plan.toVersion,
    hops: plan.hops.map(({ from, to }) => ({ from, to })),
    rollbackLimited: plan.rollbackLimit !== undefined,
    steps: plan.steps.map(meaningOfStep),
    restore: plan.restore && meaningOfPoint(plan.restore),
    migration: plan.migration,
  };
  return createHash('sha256').update(canonicalJson(meaning)).digest('hex');
}

export const withHash = (plan: Omit<Plan, 'hash'>): Plan => ({ ...plan, hash: planHash(plan) });
