/**
 * How often a property is tried: in the suite less, and the same cases each time. FC_RUNS and FC_SEED try more and others,
 * as `npm run proof -- planning` and its siblings do (test/proof/properties.ts).
 */
import type { Parameters } from 'fast-check';

export const SEED = Number(process.env.FC_SEED ?? 1);

/** `usual`: enough to see each kind of case, of those that the seed gives. */
export const runsOf = (usual: number): number => Number(process.env.FC_RUNS ?? usual);

export const randomRuns = (usual: number): Pick<Parameters, 'numRuns' | 'seed'> => ({
  numRuns: runsOf(usual),
  seed: SEED,
});
