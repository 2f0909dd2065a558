import type { ResolvedServer } from '../../../src/model/inventory';
import { joinerFiles } from '../../../src/planning/resize/joinerFiles';

const server = (id: number): ResolvedServer => ({
  ensemble: 'orders',
  name: `zk${id}`,
  id,
  host: `10.0.0.${id}`,
  clientPort: id === 4 ? 2182 : 2181,
  role: 'participant',
  spare: id === 4,
  directories: {
    config: `/hosts/zk${id}/etc`,
    data: `/hosts/zk${id}/data`,
    state: '/var/lib/zkferry',
    backup: '/var/backups/zkferry',
  },
});

const model = [
  'tickTime=2000',
  'dataDir=/hosts/zk1/data',
  'clientPort=2181',
  'clientPortAddress=10.0.0.1',
  'ssl.keyStore.location=/hosts/zk1/etc/keys/store.jks',
  'note=10.0.0.10',
  'snapCount=50000',
  'server.1=10.0.0.1:2888:3888',
  '',
].join('\n');

test("a joiner has the member's settings with its own places and address, and lists itself as an observer", () => {
  const files = joinerFiles({
    version: '3.9.6',
    model: server(1),
    modelZooCfg: model,
    modelJavaEnv: 'JVMFLAGS="-Xmx1g -Djava.security.auth.login.config=/hosts/zk1/etc/jaas.conf"\n',
    joiner: server(4),
    members: [
      { id: 1, host: '10.0.0.1', quorumPort: 2888, electionPort: 3888, role: 'participant' },
      {
        id: 4,
        host: '10.0.0.4',
        quorumPort: 2888,
        electionPort: 3888,
        role: 'observer',
        clientAddress: '10.0.0.4:2182',
      },
    ],
    known: new Map([[1, '10.0.0.1:2888:3888']]),
  });
  expect(files).toEqual({
    zooCfg: [
      'tickTime=2000',
      'dataDir=/hosts/zk4/data',
      'clientPort=2182',
      'clientPortAddress=10.0.0.4',
      'ssl.keyStore.location=/hosts/zk4/etc/keys/store.jks',
      'note=10.0.0.10',
      'snapCount=50000',
      'peerType=observer',
      'server.1=10.0.0.1:2888:3888',
      'server.4=10.0.0.4:2888:3888:observer;10.0.0.4:2182',
      '',
    ].join('\n'),
    javaEnv: 'JVMFLAGS="-Xmx1g -Djava.security.auth.login.config=/hosts/zk4/etc/jaas.conf"\n',
    dataDir: '/hosts/zk4/data',
  });
});
