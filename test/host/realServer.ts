/** A real standalone ZooKeeper on a test host, of the cache's release, that snapshots every few hundred writes. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper/adapter';
import { ensureArchive } from '../../src/lab/bootstrap';
import { packageSchema, type ResolvedServer } from '../../src/model/inventory';
import type { FenceToken } from '../../src/model/ports';
import { context, executable, startTestHost, token, until, type TestHost } from './sshd';

export const VERSION = '3.9.6';
export const zookeeper = createZooKeeperAdapter();

export interface RealServer {
  host: TestHost;
  server: ResolvedServer;
  address: { host: string; clientPort: number };
  /** Newer than every one before. */
  next: () => FenceToken;
  homeOf: (name: string) => string;
  /** Resolves once it serves. */
  start: () => Promise<void>;
  stop: () => Promise<void>;
  close: () => Promise<void>;
}

/** It runs and serves; its logs have a directory of their own. */
export async function startRealServer(ip: string): Promise<RealServer> {
  const host = await startTestHost(ip);
  const address = { host: ip, clientPort: 2181 };
  const home = join(host.directory, 'zk1');
  const { path } = await ensureArchive(VERSION);
  let sequence = 0;
  const next = (): FenceToken => token((sequence += 1));
  const script = executable(join(host.directory, 'service'), serviceScript(home));
  const opt = join(home, 'opt');
  const server = host.server('zk1', {
    service: { kind: 'script', path: script },
    package: packageSchema.parse({
      kind: 'tarball',
      root: opt,
      current: join(opt, 'current'),
      source: { directory: dirname(path) },
    }),
  });
  writeFileSync(join(home, 'config', 'zoo.cfg'), zooCfg(home, ip));
  mkdirSync(join(home, 'log'));
  writeFileSync(join(home, 'data', 'myid'), '7\n');
  await host.adapter.stagePackage(server, VERSION, next(), context());
  await host.adapter.installPackage(server, VERSION, next(), context());
  const start = async (): Promise<void> => {
    await host.adapter.startServer(server, next(), context());
    await until(
      'ZooKeeper serves',
      async () => (await zookeeper.probe(address)).state === 'serving',
      60_000,
    );
  };
  const stop = async (): Promise<void> => {
    await host.adapter.stopServer(server, next(), context(), 20_000);
  };
  await start();
  return {
    host,
    server,
    address,
    next,
    homeOf: (name) => join(host.directory, name),
    start,
    stop,
    close: async () => {
      await stop();
      await host.close();
    },
  };
}

const serviceScript = (home: string): string => `#!/bin/sh
cd ${home}
# Not kill -0: that finds a process which has ended, too, until somebody has waited for it.
running() { [ -f run.pid ] && grep -q '^State:[[:space:]]*[^ZX[:space:]]' "/proc/$(cat run.pid)/status" 2>/dev/null; }
case "$1" in
  start)
    running || { java -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dzookeeper.snapCount=500 -Dzookeeper.preAllocSize=64 -Dmy.password=hunter2 \\
      -cp 'opt/current/lib/*' org.apache.zookeeper.server.quorum.QuorumPeerMain ${home}/config/zoo.cfg >server.log 2>&1 </dev/null &
    echo $! >run.pid; } ;;
  stop) if running; then kill "$(cat run.pid)"; fi ;;
  mask) : >masked ;;
  unmask) rm -f masked ;;
  status)
    if [ -e masked ]; then echo masked; fi
    if running; then echo "pid $(cat run.pid)"; else exit 3; fi ;;
esac
`;

const zooCfg = (home: string, ip: string): string =>
  [
    'tickTime=2000',
    `dataDir=${home}/data`,
    `dataLogDir=${home}/log`,
    `clientPort=2181`,
    `clientPortAddress=${ip}`,
    'admin.enableServer=false',
    '4lw.commands.whitelist=*',
    'ssl.keyStore.password=hunter2',
    '',
  ].join('\n');
