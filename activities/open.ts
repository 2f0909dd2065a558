import type { RunActivities } from './api';
import type { Dependencies } from './dependencies';
import { operation } from './operation';

export function openActivities({
  inventory,
  searchAttributes,
}: Dependencies): Pick<RunActivities, 'openRun'> {
  return {
    openRun: ({ ensemble }) =>
      operation(async () => {
        const resolved = await inventory.resolve(ensemble);
        return {
          ensemble: resolved.name,
          site: resolved.site,
          requiredGates: resolved.gates.required,
          searchAttributes,
        };
      }),
  };
}
