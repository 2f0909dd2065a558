/** Everything that people use the console for: ensemble, Temporal, worker, server, and who may do what. */
import { ApiInstallation, type ApiOptions } from '../api/support';

/** `olga` operates, `adam` approves, `root` may all. Controls are signed, gate start takes one approval of somebody else. */
export const installConsole = (options: Partial<ApiOptions> & { name: string }) =>
  ApiInstallation.create({
    ...{ signed: true, approvals: { start: { count: 1 } } },
    people: { olga: ['operator:*'], adam: ['approver:*'], root: ['admin:*'] },
    ...options,
  });

/** As an admin, by the API. */
export async function putZnodes(
  installation: ApiInstallation,
  znodes: readonly (readonly [path: string, data: string])[],
): Promise<void> {
  const url = `/v1/ensembles/${installation.harness.lab.name}/tree/node`;
  for (const [path, data] of znodes) {
    const body = { path, data: Buffer.from(data).toString('base64') };
    const { status, body: told } = await installation.as('root').post(url, body);
    if (status !== 201) throw new Error(`${path} was not created: ${JSON.stringify(told)}`);
  }
}
