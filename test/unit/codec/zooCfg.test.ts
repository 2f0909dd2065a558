import fc from 'fast-check';
import { configVersionOf, formatMember, parseMember, parseZooCfg } from '../../../src/codec/zooCfg';
import type { MemberFacts } from '../../../src/model/facts';

describe('settings', () => {
  test('are read as java.util.Properties does, the last of a kind counting', () => {
    const { settings } = parseZooCfg(
      [
        '# comment = no setting',
        '! nor this',
        'tickTime=2000',
        'dataDir = /var/lib/zookeeper  ',
        'initLimit: 10',
        'syncLimit 5',
        '4lw.commands.whitelist=srvr, \\',
        '    mntr',
        'path=C:\\\\zk',
        'tickTime=3000',
        'empty=',
      ].join('\n'),
    );
    expect(settings).toEqual({
      tickTime: '3000',
      dataDir: '/var/lib/zookeeper',
      initLimit: '10',
      syncLimit: '5',
      '4lw.commands.whitelist': 'srvr, mntr',
      path: 'C:\\zk',
      empty: '',
    });
  });

  test('keep Windows line ends out of values', () => {
    expect(parseZooCfg('a=1\r\nb=2\r\n').settings).toEqual({ a: '1', b: '2' });
  });

  test('a key named __proto__ is a key like any other', () => {
    expect(Object.keys(parseZooCfg('__proto__=x\n').settings)).toEqual(['__proto__']);
  });
});

describe('members', () => {
  test.each<[string, Partial<MemberFacts>]>([
    ['zk1:2888:3888', { host: 'zk1', role: 'participant' }],
    ['zk1:2888:3888:observer', { role: 'observer' }],
    ['zk1:2888:3888:PARTICIPANT', { role: 'participant' }],
    ['zk1:2888:3888;2181', { clientAddress: '0.0.0.0:2181' }],
    ['zk1:2888:3888:participant;10.0.0.1:2181', { clientAddress: '10.0.0.1:2181' }],
    ['zk1:2888:3888;[::1]:2181', { clientAddress: '[::1]:2181' }],
    ['[2001:db8::1]:2888:3888', { host: '2001:db8::1' }],
    [
      'a:2888:3888|b:2889:3889',
      { host: 'a', otherAddresses: [{ host: 'b', quorumPort: 2889, electionPort: 3889 }] },
    ],
  ])('%s', (text, expected) => {
    expect(parseMember(7, text)).toMatchObject({
      id: 7,
      quorumPort: 2888,
      electionPort: 3888,
      ...expected,
    });
  });

  test.each([
    '',
    'zk1',
    'zk1:2888',
    'zk1:2888:99999',
    'zk1:2888:3888:leader',
    'zk1:2888:3888:observer:x',
    'zk1:2888:3888;2181;2182',
    'zk1:2888:3888;x',
  ])('%s is no member', (text) => {
    expect(parseMember(1, text)).toBeUndefined();
  });

  test('what cannot be read is named, the rest is still there', () => {
    const parsed = parseZooCfg('server.1=a:1:2\nserver.2=nonsense\n');
    expect(parsed.servers.map(({ id }) => id)).toEqual([1]);
    expect(parsed.problems).toEqual([expect.stringContaining('server.2')]);
  });

  test('groups and weights belong to their members', () => {
    const { servers } = parseZooCfg(
      'server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\ngroup.1=1:2\ngroup.2=3\nweight.3=0\n',
    );
    expect(servers).toMatchObject([
      { id: 1, group: 1 },
      { id: 2, group: 1 },
      { id: 3, group: 2, weight: 0 },
    ]);
  });

  test('formatting and parsing give the same member back', () => {
    const port = fc.integer({ min: 1, max: 65535 });
    const host = fc.constantFrom('zk1', '10.0.0.1', '2001:db8::1', 'zk-2.example.org');
    const member = fc.record({
      id: fc.integer({ min: 0, max: 255 }),
      host,
      quorumPort: port,
      electionPort: port,
      role: fc.constantFrom('participant' as const, 'observer' as const),
    });
    fc.assert(
      fc.property(member, fc.option(fc.tuple(host, port)), fc.boolean(), (plain, client, two) => {
        const full: MemberFacts = { ...plain };
        if (client) {
          const [name, clientPort] = client;
          full.clientAddress = `${name.includes(':') ? `[${name}]` : name}:${clientPort}`;
        }
        if (two) full.otherAddresses = [{ host: 'other', quorumPort: 1, electionPort: 2 }];
        expect(parseMember(full.id, formatMember(full))).toEqual(full);
      }),
    );
  });
});

test('the version of a dynamic configuration is hex', () => {
  expect(configVersionOf(parseZooCfg('server.1=a:1:2\nversion=10000002a\n').settings)).toBe(
    '0x10000002a',
  );
  expect(configVersionOf({})).toBeUndefined();
});
