/** Plans of resizes, from few words. */
import type { EnsembleFacts, ServerFacts } from '../../../src/model/facts';
import { resizeEnsembleInputSchema, type ResizeEnsembleRequest } from '../../../src/model/inputs';
import type { Plan } from '../../../src/model/plan';
import { planResize, type ResizeExtra } from '../../../src/planning/resize/resizePlan';

/** A host with Java and an empty disk. */
export function spare(name: string, role: 'participant' | 'observer' = 'participant'): ServerFacts {
  const id = Number(name.replace(/\D/g, ''));
  return {
    server: name,
    id,
    address: { host: `10.0.0.${id}`, clientPort: 2181 },
    inventoryRole: role,
    state: 'refusing',
    host: {
      reachable: true,
      process: { running: false },
      java: { version: '17.0.9', major: 17, path: '/usr/bin/java' },
      package: { kind: 'tarball', stagedVersions: [], freeBytes: 50_000_000_000 },
    },
  };
}

export const inputOf = (request: Omit<ResizeEnsembleRequest, 'ensemble'>) =>
  resizeEnsembleInputSchema.parse({ ensemble: 'orders', ...request });

export function planFor(
  facts: EnsembleFacts,
  request: Omit<ResizeEnsembleRequest, 'ensemble'>,
  extra: Partial<ResizeExtra> = {},
): Plan {
  return planResize(facts, inputOf(request), { margin: 0, candidates: [], ...extra });
}
