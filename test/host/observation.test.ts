import { hostFactsOf, heapBytesOf, javaMajorOf } from '../../src/adapters/host/observation';
import { parseOutput, scriptError } from '../../src/adapters/host/program';
import type { ResolvedServer } from '../../src/model/inventory';

const server = {
  name: 'zk1',
  ensemble: 'orders',
  directories: { config: '/etc/zookeeper', state: '/s', backup: '/b' },
  package: { kind: 'apt', name: 'zookeeper', version: '{version}' },
} as ResolvedServer;

const facts = (values: Record<string, string>) =>
  hostFactsOf(new Map(Object.entries(values)), server);

describe('what a host said', () => {
  test('becomes values, base64 where text has lines, and noise is passed over', () => {
    const text = 'a=1\nb=two words = kept\nWelcome to host!\nc:=bGluZTEKbGluZTI=\n';
    expect(Object.fromEntries(parseOutput(text))).toEqual({
      a: '1',
      b: 'two words = kept',
      c: 'line1\nline2',
    });
  });

  test('as its own error keeps type and whether to retry; any other end is RemoteCommandFailed', () => {
    const own = scriptError(
      'stop of zk1',
      'h',
      70,
      'noise\nzkferry-error HostBusy yes held by 7\n',
    );
    expect(own).toMatchObject({ type: 'HostBusy', retryable: true });
    expect(own.message).toBe('stop of zk1 on h: held by 7');
    const other = scriptError('stop of zk1', 'h', 2, 'sh: syntax error\n');
    expect(other.type).toBe('RemoteCommandFailed');
    expect(other.message).toBe('stop of zk1 on h failed with exit code 2: sh: syntax error');
  });
});

describe('host facts', () => {
  test('take the members of the dynamic file where there is one', () => {
    const zoo_cfg = 'server.1=old:1:2\ndynamicConfigFile=/etc/zookeeper/zoo.cfg.dynamic.1\n';
    const found = facts({
      zoo_cfg,
      dynamic_path: '/etc/zookeeper/zoo.cfg.dynamic.1',
      dynamic_cfg: 'server.1=new:2888:3888:participant;2181\n',
    });
    expect(found.members).toMatchObject([{ id: 1, host: 'new', quorumPort: 2888 }]);
    expect(found.config?.dynamicPath).toBe('/etc/zookeeper/zoo.cfg.dynamic.1');
    expect(facts({ zoo_cfg }).members).toMatchObject([{ host: 'old' }]);
  });

  test('never carry a secret, from zoo.cfg or from the command line', () => {
    const found = facts({
      pid: '7',
      zoo_cfg:
        'ssl.keyStore.password=hunter2\nssl.trustStore.passwordPath=/run/hunter2\nmySecret=hunter2\n',
      cmdline: 'java\n-Dzookeeper.ssl.keyStore.password=hunter2\n-Xmx1g\nMain\n-Dnot=aflag\n',
    });
    expect(JSON.stringify(found)).not.toContain('hunter2');
    expect(found.jvmFlags).toEqual(['-Dzookeeper.ssl.keyStore.password=<redacted>', '-Xmx1g']);
  });

  test('take the heap from the running server, else from its environment file, else from the memory', () => {
    const java_env = 'export SERVER_JVMFLAGS="-Xms1g -Xmx2g $JVMFLAGS"\n';
    expect(facts({ cmdline: 'java\n-Xmx512m\nMain', java_env }).heapBytes).toBe(512 * 1024 ** 2);
    expect(facts({ java_env }).heapBytes).toBe(2 * 1024 ** 3);
    expect(facts({ java_env: 'ZK_SERVER_HEAP=300\n' }).heapBytes).toBe(300 * 1024 ** 2);
    expect(facts({ memory_kib: '4096' }).heapBytes).toBe(1024 ** 2);
  });

  test('order snapshots by their zxid, not by their name', () => {
    const snapshots = '10 snapshot.9\n30 snapshot.10000002a.gz\n20 snapshot.ffffffff\n';
    expect(facts({ data_dir: '/d', snapshots, logs: 'log.1\nlog.a\n' }).data).toMatchObject({
      snapshotCount: 3,
      newestSnapshotZxid: '0x10000002a',
      newestSnapshotBytes: 30,
      logCount: 2,
      hasGzSnapshots: true,
    });
  });

  test.each([
    ['1.8.0_392', 8],
    ['17.0.15', 17],
    ['25', 25],
  ])('Java %s is %i', (version, major) => {
    expect(javaMajorOf(version)).toBe(major);
    const said = facts({
      java_path: '/j/bin/java',
      java_version: `openjdk version "${version}" x\n`,
    });
    expect(said.java).toEqual({ version, major, path: '/j/bin/java' });
  });

  test.each([
    ['512m', 512 * 1024 ** 2],
    ['1G', 1024 ** 3],
    ['1024', 1024],
    ['lots', undefined],
  ])('-Xmx%s', (text, bytes) => {
    expect(heapBytesOf(text)).toBe(bytes);
  });
});
