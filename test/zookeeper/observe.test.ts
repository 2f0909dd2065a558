import { observeEnsemble } from '../../activities/observe/observeEnsemble';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper';
import type { Lab } from '../../src/lab/lab';
import { signalProcess } from '../../src/lab/processes';
import type { EnsembleFacts } from '../../src/model/facts';
import { freeze } from '../support/freeze';
import {
  AUTH,
  addressOf,
  addressesOf,
  ensembleOf,
  eventually,
  quietContext,
  startLab,
} from './support';

const zookeeper = createZooKeeperAdapter();
const look = (lab: Lab): Promise<EnsembleFacts> =>
  observeEnsemble({ zookeeper }, ensembleOf(lab), {
    depth: 'quorum',
    context: quietContext(),
    probeTimeoutMs: 1_000,
  });
const codes = (facts: EnsembleFacts): string[] => facts.warnings.map(({ code }) => code);
const follower = (facts: EnsembleFacts): string =>
  facts.servers.find(({ role }) => role === 'follower')!.server;

describe.each(['3.4.14', '3.9.6'])('an ensemble of three on %s', (version) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ name: `observe${version.replaceAll('.', '')}`, version, servers: 3 });
  });
  afterAll(() => lab.destroy());

  test('is healthy, with a margin of one, right after its start and after a write', async () => {
    const fresh = await look(lab);
    expect(fresh).toMatchObject({ voters: 3, syncedVoters: 3, quorumSize: 2, quorumMargin: 1 });
    const session = await zookeeper.openSession({ servers: addressesOf(lab) });
    await session.create('/a', Buffer.from('1'), { ephemeral: true });
    const facts = await eventually('all in step after a write', async () => {
      const seen = await look(lab);
      return seen.syncedVoters === 3 && seen.sessions?.total === 1 && seen;
    });
    await session.close();
    expect(facts.sessions).toEqual({ total: 1, smallestTimeoutMs: 10_000 });
    expect(facts.servers.map((server) => server.version)).toEqual([version, version, version]);
    expect(facts.servers.map(({ serverId }) => serverId)).toEqual([1, 2, 3]);
    expect(facts.servers.every(({ whitelistOpen }) => whitelistOpen)).toBe(true);
    expect(codes(facts)).toEqual([]);
    expect(facts.identity).toBe(fresh.identity);
    if (version === '3.9.6') {
      expect(facts.configVersion).toBe('0x0');
      expect(facts.servers[0]!.members).toHaveLength(3);
    }
  });

  test('a frozen server is unreachable and does not count', async () => {
    const name = follower(await look(lab));
    const process = lab.serverProcess(name)!;
    await freeze(process.pid);
    try {
      const facts = await look(lab);
      const frozen = facts.servers.find(({ server }) => server === name)!;
      expect(frozen.state).toBe('unreachable');
      expect(frozen.stateDetail).toMatch(/accepts connections but did not answer/);
      expect(facts).toMatchObject({ syncedVoters: 2, quorumMargin: 0 });
      expect(codes(facts)).toEqual(expect.arrayContaining(['ServerDown', 'NoMargin']));
    } finally {
      signalProcess(process, 'SIGCONT');
    }
    await eventually('three in step', async () => (await look(lab)).syncedVoters === 3);
  });

  test('a killed server refuses; without a quorum the last one says it does not serve', async () => {
    const before = await look(lab);
    const [one, two] = [follower(before), before.leader!];
    await lab.killServer(one);
    const degraded = await eventually('the killed server is seen', async () => {
      const facts = await look(lab);
      return facts.servers.find(({ server }) => server === one)!.state === 'refusing' && facts;
    });
    expect(degraded).toMatchObject({ syncedVoters: 2, quorumMargin: 0, leader: two });
    await lab.killServer(two);
    const lost = await eventually('the last one stops serving', async () => {
      const facts = await look(lab);
      return facts.servers.some(({ state }) => state === 'notServing') && facts;
    });
    expect(lost).toMatchObject({ syncedVoters: 0, quorumMargin: -2 });
    expect(lost.leader).toBeUndefined();
    expect(codes(lost)).toContain('QuorumLost');
    await Promise.all([lab.startServer(one), lab.startServer(two)]);
    await lab.waitServing();
    await eventually('three in step', async () => (await look(lab)).syncedVoters === 3);
  });
});

test('with the default whitelist of 3.9.6 everything but the details is known', async () => {
  const lab = await startLab({ name: 'observewl', version: '3.9.6', servers: 3, whitelist: false });
  try {
    const facts = await look(lab);
    expect(facts).toMatchObject({ voters: 3, syncedVoters: 3, configVersion: '0x0' });
    expect(facts.servers.every(({ whitelistOpen }) => whitelistOpen === false)).toBe(true);
    expect(facts.servers.every(({ monitor, serverId }) => !monitor && !serverId)).toBe(true);
    expect(codes(facts)).toEqual(['WhitelistClosed', 'WhitelistClosed', 'WhitelistClosed']);
    const brief = await zookeeper.probe(addressOf(lab.server('zk1')));
    expect(brief).toMatchObject({ state: 'serving', version: '3.9.6' });
    const closed = await zookeeper.openSession({ servers: addressesOf(lab), auth: AUTH });
    await closed.close();
    await expect(closed.ended).resolves.toBe('closed');
  } finally {
    await lab.destroy();
  }
});
