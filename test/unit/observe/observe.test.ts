import { identityOf, type ConfigInForce } from '../../../activities/observe/configuration';
import { factsFrom } from '../../../activities/observe/observeEnsemble';
import { parseZooCfg } from '../../../src/codec/zooCfg';
import type { HostFacts, ServerFacts } from '../../../src/model/facts';
import { ensembleSchema, type ResolvedEnsemble } from '../../../src/model/inventory';

const LIST = 'server.1=a1:2888:3888\nserver.2=a2:2888:3888\nserver.3=a3:2888:3888\n';
const members = (text = LIST) => parseZooCfg(text).servers;

const server = (id: number, more: Partial<ServerFacts> = {}): ServerFacts => ({
  server: `zk${id}`,
  id,
  address: { host: `a${id}`, clientPort: 2181 },
  inventoryRole: 'participant',
  state: 'serving',
  role: id === 3 ? 'leader' : 'follower',
  version: '3.9.6',
  zxid: '0x500000010',
  serverId: id,
  ...more,
});
const three = (more: Partial<Record<number, Partial<ServerFacts>>> = {}): ServerFacts[] =>
  [1, 2, 3].map((id) => server(id, more[id]));
const host = (more: Partial<HostFacts> = {}): HostFacts => ({
  reachable: true,
  myid: undefined,
  members: members(),
  config: { path: '/etc/zoo.cfg', sha256: 'x', settings: {} },
  ...more,
});

const ensemble = {
  ...ensembleSchema.parse({ servers: [{ name: 'zk1', id: 1, host: 'a1' }] }),
  name: 'orders',
} as unknown as ResolvedEnsemble;
const config: ConfigInForce = { members: members(), version: '0x0' };
const look = (servers: ServerFacts[], inForce: ConfigInForce | undefined = config) =>
  factsFrom(ensemble, servers, inForce, undefined);
const codes = (...args: Parameters<typeof look>): string[] =>
  look(...args).warnings.map(({ code }) => code);

describe('voters in step', () => {
  test('all who serve in the leader’s epoch', () => {
    expect(look(three())).toMatchObject({
      syncedVoters: 3,
      quorumMargin: 1,
      epoch: 5,
      leader: 'zk3',
    });
  });

  test('a follower still in an older epoch does not count', () => {
    expect(look(three({ 1: { zxid: '0x400000099' } })).syncedVoters).toBe(2);
  });

  test('before the first write of an epoch, serving is all that can be asked', () => {
    const servers = three({
      1: { zxid: '0x0' },
      2: { zxid: '0x400000099' },
      3: { zxid: '0x500000000' },
    });
    expect(look(servers).syncedVoters).toBe(3);
  });

  test('without a leader nobody does', () => {
    expect(look(three({ 3: { state: 'refusing', role: undefined } }))).toMatchObject({
      syncedVoters: 0,
      quorumMargin: -2,
    });
  });

  test('observers and servers in no configuration do not vote', () => {
    const onlyTwo = { members: members(LIST.replace('server.1', '#')), version: '0x0' };
    expect(look(three(), onlyTwo)).toMatchObject({ voters: 2, syncedVoters: 2, quorumMargin: 0 });
  });
});

describe('identity', () => {
  test('is the same from the configuration in force, from conf and from zoo.cfg', () => {
    const expected = identityOf(three(), config);
    expect(identityOf(three({ 1: { members: members() } }), undefined)).toBe(expected);
    expect(identityOf(three({ 2: { host: host() } }), undefined)).toBe(expected);
    expect(identityOf(three(), { members: [...members()].reverse() })).toBe(expected);
  });

  test('is the same where a server names itself by a wildcard', () => {
    const own = members(LIST.replace('a2:', '0.0.0.0:'));
    expect(identityOf(three({ 2: { members: own } }), undefined)).toBe(identityOf(three(), config));
  });

  test('differs for other addresses', () => {
    const other = { members: members(LIST.replaceAll('=a', '=b')) };
    expect(identityOf(three(), other)).not.toBe(identityOf(three(), config));
  });
});

describe('warnings', () => {
  test('a healthy ensemble has none', () => {
    const hosts = Object.fromEntries([1, 2, 3].map((id) => [id, { host: host({ myid: id }) }]));
    expect(codes(three(hosts))).toEqual([]);
  });

  test.each<[string, ServerFacts[], ConfigInForce?]>([
    ['ServerDown', three({ 1: { state: 'refusing', role: undefined } })],
    ['NoMargin', three({ 1: { state: 'unreachable', role: undefined } })],
    ['QuorumLost', three({ 3: { state: 'refusing', role: undefined } })],
    [
      'ServerFenced',
      three({
        1: { state: 'unreachable', role: undefined, host: host({ closedToClients: true }) },
      }),
    ],
    ['TwoLeaders', three({ 1: { role: 'leader' } })],
    ['VersionsMixed', three({ 1: { version: '3.8.6' } })],
    ['KnownBadVersion', three({ 1: { version: '3.9.3' } })],
    ['WhitelistClosed', three({ 1: { whitelistOpen: false } })],
    ['MyidDiffers', three({ 1: { serverId: 4 } })],
    ['DuplicateId', three({ 1: { serverId: 2 } })],
    ['MyidDiffers', three({ 1: { host: host({ myid: 9 }) } })],
    ['EvenVoters', three(), { members: members(LIST.replace('server.1', '#')) }],
    ['UnknownMember', three(), { members: members(`${LIST}server.4=a4:2888:3888\n`) }],
    ['NotAMember', three(), { members: members(LIST.replace('server.1', '#')) }],
    [
      'ServerListsDiffer',
      three({
        1: { host: host() },
        2: { host: host({ members: members(LIST.replace('a3', 'x3')) }) },
      }),
    ],
    [
      'DiskConfigDiffers',
      three({ 1: { host: host({ members: members(LIST.replace('a3', 'x3')) }) } }),
    ],
    ['ReconfigOpen', three(), { members: members(), version: '0x100000001', openToAll: true }],
    ['HostUnreachable', three({ 1: { host: { reachable: false } } })],
    ['JavaOld', three({ 1: { host: host({ java: { version: '8u300', major: 8, path: '/j' } }) } })],
    ['DiskFull', three({ 1: { host: host({ data: data({ freeBytes: 10 }) }) } })],
    ['NoSnapshot', three({ 1: { host: host({ data: data({ snapshotCount: 0 }) }) } })],
    [
      'ExtendedTypesDiffer',
      three({
        1: { host: host({ jvmFlags: ['-Dzookeeper.extendedTypesEnabled=true'] }) },
        2: { host: host() },
      }),
    ],
  ])('%s', (code, servers, inForce = config) => {
    expect(codes(servers, inForce)).toContain(code);
  });

  function data(more: Partial<NonNullable<HostFacts['data']>>): NonNullable<HostFacts['data']> {
    return {
      ...{ directory: '/data', logDirectory: '/data', snapshotCount: 1, logCount: 1 },
      ...{ totalBytes: 1_000, freeBytes: 100_000, hasGzSnapshots: false },
      ...more,
    };
  }
});
