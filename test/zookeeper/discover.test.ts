import { parse } from 'yaml';
import { observeEnsemble } from '../../activities/observe/observeEnsemble';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper';
import { discoverInventory, parseAddress } from '../../src/cli/inspect/discover';
import { renderInspect } from '../../src/cli/inspect/render';
import { inventorySchema } from '../../src/model/inventory';
import { ensembleOf, quietContext, startLab } from './support';

const zookeeper = createZooKeeperAdapter();

test('from one 3.9.6 server all members are found, as an inventory that holds', async () => {
  const lab = await startLab({ name: 'discover396', version: '3.9.6', servers: 3, observers: 1 });
  try {
    const [first] = lab.members;
    const { yaml, notes, servers } = await discoverInventory(zookeeper, `${first!.host}:2181`, {
      name: 'orders',
    });
    expect(notes).toEqual([]);
    expect(servers.map(({ state }) => state)).toEqual(Array(4).fill('serving'));
    const inventory = inventorySchema.parse(parse(yaml));
    expect(inventory.ensembles['orders']!.servers).toMatchObject(
      lab.members.map(({ id, host, clientPort, role }) => ({ id, host, clientPort, role })),
    );

    const facts = await observeEnsemble({ zookeeper }, ensembleOf(lab), {
      depth: 'quorum',
      context: quietContext(),
    });
    expect(facts).toMatchObject({ voters: 3, quorumMargin: 1 });
    const text = renderInspect(facts);
    expect(text).toMatch(/leads, 3 of 3 voters in step, 1 voter may still stop/);
    expect(text).toMatch(/zk4 +4 .*observer +3\.9\.6/);
  } finally {
    await lab.destroy();
  }
});

test('a 3.4.14 server gives itself, and a note on where to find the others', async () => {
  const lab = await startLab({ name: 'discover3414', version: '3.4.14', servers: 3 });
  try {
    const third = lab.server('zk3');
    const { yaml, notes } = await discoverInventory(zookeeper, `${third.host}:${third.clientPort}`);
    expect(notes).toEqual([expect.stringContaining('server.N lines')]);
    expect(yaml).toContain('# TO CHECK: 3.4 does not name its members');
    expect(inventorySchema.parse(parse(yaml)).ensembles['myensemble']!.servers).toMatchObject([
      { id: 3, host: third.host },
    ]);
  } finally {
    await lab.destroy();
  }
});

test('an address must be one, and its server must serve', async () => {
  expect(parseAddress('zk1')).toEqual({ host: 'zk1', clientPort: 2181 });
  expect(parseAddress('[::1]:2182')).toEqual({ host: '::1', clientPort: 2182 });
  expect(() => parseAddress('zk1:x')).toThrow(/expected host:port/);
  await expect(discoverInventory(zookeeper, '127.67.0.1:1')).rejects.toMatchObject({
    type: 'ZooKeeperUnavailable',
  });
});
