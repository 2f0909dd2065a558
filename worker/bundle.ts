/** Where workflow code comes from: the bundle that `npm run build` made, or the sources beside it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger, type WorkerOptions } from '@temporalio/worker';

const BUNDLE_FILE = join(__dirname, '..', 'workflow-bundle.js');

/** In every worker: they count runs. */
const MEASURING = [require.resolve('../workflows/measure')];

type WorkflowSource = Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath' | 'interceptors'>;

export interface Additions {
  /** What only this worker's settings ask for in the bundle: failures that are encrypted. */
  sealed?: boolean;
  /** Interceptors that trace. */
  tracing?: string[];
}

/** The bundle the build made serves a worker without additions; others bundle at their start. */
export function workflowSource({ sealed = false, tracing = [] }: Additions = {}): WorkflowSource {
  return !sealed && tracing.length === 0 && existsSync(BUNDLE_FILE)
    ? { workflowBundle: { codePath: BUNDLE_FILE } }
    : {
        workflowsPath: require.resolve('../workflows'),
        // Whatever lies outside of the others must not stand between a run and its count.
        interceptors: { workflowModules: [...tracing, ...MEASURING] },
      };
}

/** Used by the build: bundling once saves each worker about a second at its start. */
export async function buildBundle(tracing: string[] = []): Promise<{ file: string; code: string }> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: require.resolve('../workflows'),
    workflowInterceptorModules: [...tracing, ...MEASURING],
    logger: new DefaultLogger('WARN'),
  });
  return { file: BUNDLE_FILE, code };
}
