/** Random plans of upgrades and resizes in numbers. */
import { propertyCases } from './properties';

export const planningCases = propertyCases({
  'planning/properties': 1_000,
  'planning/resize': 10_000,
  'planning/resizeRuns': 3_000,
  'planning/resizeLeads': 3_000,
});
