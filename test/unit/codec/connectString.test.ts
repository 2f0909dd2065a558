import {
  formatConnectString,
  parseConnectString,
  sameConnection,
} from '../../../src/model/connectString';

test.each([
  [
    'zk1:2181,zk2:2182/app',
    [
      ['zk1', 2181],
      ['zk2', 2182],
    ],
    '/app',
  ],
  ['zk1', [['zk1', undefined]], ''],
  [
    'zk1,zk2:1/',
    [
      ['zk1', undefined],
      ['zk2', 1],
    ],
    '',
  ],
  [
    ' zk1:2181 , zk2:2181 /a/b/ ',
    [
      ['zk1', 2181],
      ['zk2', 2181],
    ],
    '/a/b',
  ],
  [
    '[::1]:2181,[fe80::1%eth0]',
    [
      ['::1', 2181],
      ['fe80::1%eth0', undefined],
    ],
    '',
  ],
  ['10.0.0.1:65535', [['10.0.0.1', 65535]], ''],
  [
    'zk1:2181,zk1:2181',
    [
      ['zk1', 2181],
      ['zk1', 2181],
    ],
    '',
  ],
  [
    'zk1:2181,\n  zk2:2181,',
    [
      ['zk1', 2181],
      ['zk2', 2181],
    ],
    '',
  ],
  ['zk_1.example.:2181/a b é', [['zk_1.example.', 2181]], '/a b é'],
])('%j is read', (text, servers, chroot) => {
  const parsed = parseConnectString(text);
  expect(parsed).toEqual({
    servers: servers.map(([host, port]) => (port === undefined ? { host } : { host, port })),
    chroot,
  });
  expect(parseConnectString(formatConnectString(parsed))).toEqual(parsed);
});

test.each([
  ['', 'names no server'],
  ['/app', 'names no server'],
  ['zk1:0', 'not host:port'],
  ['zk1:65536', 'not host:port'],
  ['zk1:', 'not host:port'],
  ['zk1 zk2', 'not host:port'],
  ['::1:2181', 'not host:port'],
  ['2181', 'not host:port'],
  ['jdbc:mysql://db/x', 'not host:port'],
  ['${ZK}', 'not host:port'],
  ['zk1:2181/a,zk2:2181/a', 'the chroot stands once'],
  ['zk1:2181/a//b', 'empty name'],
  ['zk1:2181/a/../b', 'relative'],
  ['zk1:2181/a\u0007', 'characters that ZooKeeper refuses'],
  ['zk1:2181/\ud83d\ude00', 'characters that ZooKeeper refuses'],
])('%j is refused', (text, why) => {
  expect(() => parseConnectString(text, 'field')).toThrow(
    expect.objectContaining({
      type: 'InvalidInput',
      message: expect.stringContaining(why),
    }) as Error,
  );
});

test.each([
  ['zk1:2181,zk2', 'ZK2:2181,zk1', true],
  ['zk1,zk1,zk2', 'zk2,zk1', true],
  ['zk1/a', 'zk1:2181/a/', true],
  ['zk1', 'zk1,zk2', false],
  ['zk1:2181', 'zk1:2182', false],
  ['zk1/a', 'zk1', false],
])('%s and %s: the same connection is %s', (one, other, same) => {
  expect(sameConnection(parseConnectString(one), parseConnectString(other))).toBe(same);
  expect(sameConnection(parseConnectString(other), parseConnectString(one))).toBe(same);
});
