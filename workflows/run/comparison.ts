/** What a comparison that found differences leaves in its step, so that no earlier one is told as the last. */
import type { PlanStep } from '../../src/model/plan';

const BEGINS = 'differs: ';

export const differenceIn = (
  { activity }: Pick<PlanStep, 'activity'>,
  { type, message }: { type: string; message: string },
): string | undefined =>
  activity === 'compareTrees' && type === 'TreesDiffer' ? `${BEGINS}${message}` : undefined;

export const isDifference = (detail: string): boolean => detail.startsWith(BEGINS);
