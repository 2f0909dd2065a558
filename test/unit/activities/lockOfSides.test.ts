/** A migration is planned against the locks of both sides, whichever its mode. */
import { MockActivityEnvironment } from '@temporalio/testing';
import type { ReplanMigrationArgs, ReplanResult } from '../../../activities/api';
import type { Dependencies } from '../../../activities/dependencies';
import { migrationPlanActivities } from '../../../activities/migrate/planMigration';
import { migrateDataCenterInputSchema } from '../../../src/model/migrationInputs';

const hosts: Record<string, string> = { orders: '10.0.0.1', dc2: '10.0.0.2' };

/** Of two ensembles of one server each, one of which another run holds. */
function sides(held: string): Dependencies {
  const resolve = (name: string) => {
    const server = {
      ...{ name: `${name}-1`, id: name === 'orders' ? 1 : 2, host: hosts[name] },
      ...{ clientPort: 2181, role: 'participant', spare: false, ensemble: name },
    };
    const paths = { znodeRoot: '/zkferry', clients: [], auth: [] };
    return Promise.resolve({ name, servers: [server], margin: 0, ...paths });
  };
  const openSession = ({ servers }: { servers: { host: string }[] }) =>
    Promise.resolve({
      children: () => Promise.resolve(servers[0]!.host === hosts[held] ? ['r-1'] : []),
      get: () => Promise.resolve({ data: null, stat: { czxid: '0x1', ctimeMs: 0 } }),
      exists: () => Promise.resolve(null),
      close: () => Promise.resolve(),
    });
  const probe = () => Promise.resolve({ state: 'serving', role: 'standalone', version: '3.8.6' });
  return {
    inventory: { resolve },
    zookeeper: { probe, openSession },
    host: {
      observe: () => Promise.resolve({ reachable: false }),
      reach: () => Promise.resolve([]),
    },
    ownerCredential: 'zkferry:x',
  } as unknown as Dependencies;
}

test.each([
  ['physical', 'orders'],
  ['physical', 'dc2'],
  ['stretch', 'orders'],
  ['stretch', 'dc2'],
] as const)('%s, where %s is held', async (mode, held) => {
  const { replanMigration } = migrationPlanActivities(sides(held));
  const input = migrateDataCenterInputSchema.parse({ source: 'orders', target: 'dc2', mode });
  const args = { ensemble: 'orders', input, plan: { steps: [], fromVersions: {} }, done: [] };
  const { plan } = await new MockActivityEnvironment().run<
    [ReplanMigrationArgs],
    ReplanResult,
    typeof replanMigration
  >(replanMigration, args as unknown as ReplanMigrationArgs);
  const found = plan.findings.filter(({ code }) => code === 'EnsembleLocked');
  expect(found).toMatchObject([
    { severity: 'error', hint: expect.stringContaining(`zkferry unlock ${held} --run r-1`) },
  ]);
});
