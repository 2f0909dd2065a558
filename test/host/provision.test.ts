import { existsSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { createHostAdapter, type HostAdapter } from '../../src/adapters/host';
import { createInventory } from '../../src/adapters/inventory';
import { createSecrets } from '../../src/adapters/secrets';
import { hostPaths, javaEnv, zooCfg } from '../../src/lab/hostFiles';
import { createLab, type Lab } from '../../src/lab/lab';
import { srvr } from '../../src/lab/probe';
import type { ResolvedServer } from '../../src/model/inventory';
import type { ServerFiles } from '../../src/model/ports';
import { context, token, until } from './sshd';

describe('a host nothing was ever put on', () => {
  let lab: Lab;
  let adapter: HostAdapter;
  let spare: ResolvedServer;
  let member: ResolvedServer;
  let paths: ReturnType<typeof hostPaths>;

  beforeAll(async () => {
    lab = await createLab({ name: 'hostp', version: '3.9.6', servers: 1, spares: 1 });
    paths = hostPaths(lab.server('zk2').directory);
    // The lab's spares have these already; a machine just installed has not.
    for (const path of [paths.packageRoot, paths.config, paths.data, paths.service, paths.state]) {
      rmSync(path, { recursive: true });
    }
    await lab.start();
    adapter = createHostAdapter({ secrets: createSecrets() });
    const ensemble = await createInventory({ path: lab.inventoryPath }).resolve('hostp');
    [member, spare] = ensemble.servers as [ResolvedServer, ResolvedServer];
  });
  afterAll(async () => {
    await adapter?.close();
    await lab?.destroy();
  });

  test('shows itself as it is', async () => {
    const facts = await adapter.observe(spare, context());
    expect(facts).toMatchObject({ reachable: true, process: { running: false } });
    expect(facts).not.toHaveProperty('error');
    for (const absent of ['data', 'config', 'myid', 'members']) {
      expect(facts).not.toHaveProperty(absent);
    }
    expect(facts.package).toMatchObject({ stagedVersions: [] });
  });
});
