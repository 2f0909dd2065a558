/** Servers that are to come to a test host, and what can be in their way. */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ResolvedServer } from '../../src/model/inventory';
import type { ServerFiles } from '../../src/model/ports';
import { context, processIsAlive, startTestHost, token, until, type TestHost } from './sshd';

export interface Newcomer extends ResolvedServer {
  home: string;
  config: string;
  data: string;
}

const MAIN_CLASS = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';

/** A test host, `stubs` before everything else on its PATH. */
export async function startNewcomerHost(address: string, stubs: string) {
  const host: TestHost = await startTestHost(address, [stubs]);
  const jvms = new Set<number>();
  return {
    host,
    /** A server of which nothing is on the host yet. */
    newcomer(name: string, more: Partial<ResolvedServer> = {}): Newcomer {
      const server = host.server(name);
      const home = join(host.directory, name);
      rmSync(home, { recursive: true });
      mkdirSync(home);
      const [config, data] = [join(home, 'config'), join(home, 'data')];
      return { ...server, ...more, home, config, data };
    },
    provision: (server: Newcomer, sequence: number, more: Partial<ServerFiles> = {}) =>
      host.adapter.provisionServer(server, filesOf(server, more), token(sequence), context()),
    wipe: (server: ResolvedServer, sequence: number) =>
      host.adapter.wipeServer(server, { keepPackage: true }, token(sequence), context()),
    /** A process that looks like a server's JVM with that zoo.cfg; ends with `end`, or with the host. */
    async jvm(home: string, zooCfg: string) {
      const program = join(home, 'jvm.js');
      writeFileSync(program, 'setInterval(() => {}, 1e6)');
      const child = spawn(process.execPath, [program, MAIN_CLASS, zooCfg], { stdio: 'ignore' });
      const pid = child.pid as number;
      jvms.add(pid);
      await until('it runs', () => readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(zooCfg));
      const end = async (): Promise<void> => {
        process.kill(pid, 'SIGKILL');
        await until('it is gone', () => !processIsAlive(pid));
        jvms.delete(pid);
      };
      return { pid, end };
    },
    async close(): Promise<void> {
      for (const pid of jvms) process.kill(pid, 'SIGKILL');
      await host.close();
      rmSync(stubs, { recursive: true, force: true });
    },
    clearStubs: () => readdirSync(stubs).forEach((name) => rmSync(join(stubs, name))),
  };
}

const filesOf = (server: Newcomer, more: Partial<ServerFiles>): ServerFiles => ({
  zooCfg: `dataDir=${server.data}\nclientPort=2181\n`,
  myid: 4,
  dataDir: server.data,
  ...more,
});
