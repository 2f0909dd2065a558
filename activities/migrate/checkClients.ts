/** Clients looked at once more, right before nobody serves until they are led over. */
import type { CheckedClients, RunActivities } from '../api';
import type { Dependencies } from '../dependencies';
import { operation } from '../operation';
import { redirectActivities } from './redirect';
import { sidesOf } from './redirectSteps';

/** What is told of stays in the history. */
const MAX_TOLD = 20;

export function clientCheck(dependencies: Dependencies): Pick<RunActivities, 'checkClients'> {
  return {
    checkClients: ({ input, clients, connections }) =>
      operation(async (): Promise<CheckedClients> => {
        const looked = await redirectActivities(dependencies).lookAtClients({
          ...{ clients, planned: connections },
          ...(await sidesOf(dependencies, input)),
        });
        const problems = looked.clients.flatMap(({ client, findings }) => {
          const errors = findings.filter(({ severity }) => severity === 'error');
          if (errors.length === 0) return [];
          return [{ client, message: errors.map(({ message }) => message).join('; ') }];
        });
        return { count: problems.length, problems: problems.slice(0, MAX_TOLD) };
      }),
  };
}
