/** Where workflow code comes from: the bundle that `npm run build` made, or the sources beside it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { bundleWorkflowCode, DefaultLogger, type WorkerOptions } from '@temporalio/worker';

const BUNDLE_FILE = join(__dirname, '..', 'workflow-bundle.js');

type WorkflowSource = Pick<WorkerOptions, 'workflowBundle' | 'workflowsPath'>;

export function workflowSource(): WorkflowSource {
  return existsSync(BUNDLE_FILE)
    ? { workflowBundle: { codePath: BUNDLE_FILE } }
    : { workflowsPath: require.resolve('../workflows') };
}

/** Used by the build: bundling once saves each worker about a second at its start. */
export async function buildBundle(): Promise<{ file: string; code: string }> {
  const { code } = await bundleWorkflowCode({
    workflowsPath: require.resolve('../workflows'),
    logger: new DefaultLogger('WARN'),
  });
  return { file: BUNDLE_FILE, code };
}
