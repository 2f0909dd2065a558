/** What stands against leading the clients over, before anything is touched, and what their files say now. */
import type { Finding } from '../../src/model/facts';
import type { MigrateDataCenterInput } from '../../src/model/migrationInputs';
import type { FileConnections } from '../../src/model/redirect';
import type { Dependencies } from '../dependencies';
import { redirectActivities } from './redirect';
import { sidesOf } from './redirectSteps';

export interface SeenClients {
  findings: Finding[];
  /** By client. */
  connections: Record<string, FileConnections>;
}

export async function lookAtTheirFiles(
  dependencies: Dependencies,
  clients: readonly string[],
  input: MigrateDataCenterInput,
): Promise<SeenClients> {
  if (clients.length === 0) return { findings: [], connections: {} };
  const looked = await redirectActivities(dependencies).lookAtClients({
    clients: [...clients],
    ...(await sidesOf(dependencies, input)),
  });
  const all = [...looked.clients.flatMap(({ findings }) => findings), ...looked.findings];
  return {
    findings: all.map(({ severity, type, message }) => ({ severity, code: type, message })),
    connections: Object.fromEntries(
      looked.clients.map(({ client, connections }) => [client, connections]),
    ),
  };
}
