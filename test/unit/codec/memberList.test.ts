import { withMemberList } from '../../../src/codec/memberList';
import type { MemberFacts } from '../../../src/model/facts';

const member = (id: number, role: MemberFacts['role'] = 'participant'): MemberFacts => ({
  id,
  host: `10.0.0.${id}`,
  quorumPort: 2888,
  electionPort: 3888,
  role,
  clientAddress: `10.0.0.${id}:2181`,
});

const FILE = [
  '# the orders ensemble',
  'tickTime=2000',
  'server.1=zk1.example.net:2888:3888',
  'server.2 = zk2.example.net:2888:3888:participant;2181',
  'group.1=1:2',
  'dataDir=/var/lib/zookeeper',
  '',
].join('\n');

test('the list is replaced, lines of members that stay are kept as they were written', () => {
  const text = withMemberList(FILE, {
    members: [member(1), member(2), member(4)],
    self: 1,
    modern: true,
  });
  expect(text).toBe(
    [
      '# the orders ensemble',
      'tickTime=2000',
      'dataDir=/var/lib/zookeeper',
      'server.1=zk1.example.net:2888:3888',
      'server.2=zk2.example.net:2888:3888:participant;2181',
      'server.4=10.0.0.4:2888:3888:participant;10.0.0.4:2181',
      '',
    ].join('\n'),
  );
});

test('an observer says so of itself, and no longer once it votes', () => {
  const observing = withMemberList(FILE, {
    members: [member(1), member(2), member(4, 'observer')],
    self: 4,
    modern: false,
  });
  expect(observing).toContain('peerType=observer\n');
  expect(observing).toContain('server.4=10.0.0.4:2888:3888:observer\n');
  const voting = withMemberList(observing, {
    members: [member(1), member(2), member(4)],
    self: 4,
    modern: false,
  });
  expect(voting).not.toContain('peerType');
  expect(voting).toContain('server.4=10.0.0.4:2888:3888\n');
});

test('a list that stood in a dynamic file stands in the file itself afterwards, and lines end as the file has them', () => {
  const text = withMemberList('tickTime=2000\r\ndynamicConfigFile=/etc/zoo.cfg.dynamic.1\r\n', {
    members: [member(1)],
    self: 1,
    modern: true,
    known: new Map([[1, 'zk1:2888:3888:participant;2181']]),
  });
  expect(text).toBe('tickTime=2000\r\nserver.1=zk1:2888:3888:participant;2181\r\n');
});
