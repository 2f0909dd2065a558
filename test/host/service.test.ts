import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ResolvedServer } from '../../src/model/inventory';
import {
  context,
  executable,
  processIsAlive,
  rejection,
  startTestHost,
  token,
  until,
  type TestHost,
} from './sshd';

let host: TestHost;
const started = new Set<number>();
const stubs = mkdtempSync(join(tmpdir(), 'zkferry-stubs-'));

beforeAll(async () => void (host = await startTestHost('127.71.3.1', [stubs])));
const systemdWasThere = existsSync('/run/systemd/system');
afterAll(async () => {
  rmSync(stubs, { recursive: true, force: true });
  if (!systemdWasThere) rmSync('/run/systemd/system', { recursive: true, force: true });
  for (const pid of started) if (processIsAlive(pid)) process.kill(pid, 'SIGKILL');
  await host.close();
});

/** A process that looks like this server's JVM: its class and its zoo.cfg in the command line. */
const JVM = `process.on('SIGTERM', () => process.env.STUBBORN || process.exit(0)); setInterval(() => {}, 1e6)`;
const MAIN_CLASS = 'org.apache.zookeeper.server.quorum.QuorumPeerMain';

/** A service script of the lab's kind around such a process. */
function scriptServer(name: string, environment = ''): ResolvedServer & { home: string } {
  const server = host.server(name);
  const home = join(host.directory, name);
  writeFileSync(join(home, 'config', 'zoo.cfg'), `dataDir=${home}/data\n`);
  writeFileSync(join(home, 'jvm.js'), JVM);
  const path = executable(
    join(home, 'service'),
    `#!/bin/sh
cd ${home}
echo "$1" >>calls
running() { [ -f pid ] && kill -0 "$(cat pid)" 2>/dev/null && ! grep -q ') Z ' "/proc/$(cat pid)/stat"; }
case "$1" in
  start)
    [ ! -e masked ] || { echo "is masked"; exit 1; }
    if running; then exit 0; fi
    ${environment} ${process.execPath} ${home}/jvm.js ${MAIN_CLASS} ${home}/config/zoo.cfg >/dev/null 2>&1 &
    echo $! >pid ;;
  stop) if running; then kill "$(cat pid)"; fi; ls -l /proc/self/fd >stop.fds ;;
  status) if [ -e masked ]; then echo masked; fi; if running; then echo "pid $(cat pid)"; else exit 3; fi ;;
  mask) touch masked ;;
  unmask) rm -f masked ;;
esac
`,
  );
  return { ...server, service: { kind: 'script', path }, home };
}

async function start(server: ResolvedServer, sequence: number) {
  const result = await host.adapter.startServer(server, token(sequence), context());
  if (result.pid) started.add(result.pid);
  return result;
}
const stop = (server: ResolvedServer, sequence: number, timeoutMs = 10_000) =>
  host.adapter.stopServer(server, token(sequence), context(), timeoutMs);

describe('a service by script', () => {
  test('starts, is found running, stops masked, and each again is no change', async () => {
    const server = scriptServer('plain');
    const first = await start(server, 1);
    expect(first).toEqual({ alreadyRunning: false, pid: expect.any(Number) });
    expect(processIsAlive(first.pid!)).toBe(true);
    expect(await start(server, 2)).toEqual({ alreadyRunning: true, pid: first.pid });
    const running = await host.adapter.observe(server, context());
    expect(running.process).toMatchObject({ running: true, pid: first.pid, masked: false });

    expect(await stop(server, 3)).toEqual({ alreadyStopped: false });
    expect(processIsAlive(first.pid!)).toBe(false);
    expect(existsSync(join(server.home, 'masked'))).toBe(true);
    expect(await stop(server, 4)).toEqual({ alreadyStopped: true });
    const stopped = await host.adapter.observe(server, context());
    expect(stopped.process).toEqual({ running: false, masked: true });
    expect(readFileSync(join(server.home, 'calls'), 'utf8')).toMatch(/mask\n(status\n)*stop\n/);
  });

  test('of another server is refused before anything is masked or stopped, and a look says so too', async () => {
    const other = scriptServer('other');
    const { pid } = await start(other, 1);
    const mistaken = { ...scriptServer('mistaken'), service: other.service };
    for (const act of [() => stop(mistaken, 1), () => start(mistaken, 2)]) {
      const error = await rejection(act());
      expect(error).toMatchObject({ type: 'GuardRefused', retryable: false });
      expect(error.message).toContain(`process ${pid}`);
    }
    expect(processIsAlive(pid!)).toBe(true);
    expect(existsSync(join(other.home, 'masked'))).toBe(false);
    const seen = await host.adapter.observe(mistaken, context());
    expect(seen.error?.message).toContain(`process ${pid}`);
    await stop(other, 2);
  });

  test('the started server does not hold the lock', async () => {
    const server = scriptServer('lockless');
    const { pid } = await start(server, 1);
    await host.adapter.runHook(server, 'true', {}, token(2), context(), 5_000);
    expect(processIsAlive(pid!)).toBe(true);
    await stop(server, 3);
  });

  test('a process that ignores the graceful stop is WaitTimedOut, stays masked, and is not shot', async () => {
    const server = scriptServer('stubborn', 'STUBBORN=1');
    const { pid } = await start(server, 1);
    const error = await rejection(stop(server, 2, 800));
    expect(error).toMatchObject({ type: 'WaitTimedOut', retryable: true });
    expect(error.message).toContain(`process ${pid}`);
    expect(processIsAlive(pid!)).toBe(true);
    expect(existsSync(join(server.home, 'masked'))).toBe(true);
    process.kill(pid!, 'SIGKILL');
    expect(await stop(server, 3)).toMatchObject({});
  });

  test('a second copy is never started beside one that the service does not know', async () => {
    const server = scriptServer('twice');
    const foreign = spawn(
      process.execPath,
      [join(server.home, 'jvm.js'), MAIN_CLASS, join(server.home, 'config/../config/zoo.cfg')],
      { stdio: 'ignore' },
    );
    started.add(foreign.pid!);
    await until('it is seen', async () => {
      const facts = await host.adapter.observe(server, context());
      return facts.process?.pid === foreign.pid;
    });
    const error = await rejection(start(server, 1));
    expect(error).toMatchObject({ type: 'GuardRefused', retryable: false });
    expect(error.message).toContain(String(foreign.pid));
    const gone = new Promise((resolve) => foreign.once('exit', resolve));
    foreign.kill('SIGKILL');
    await gone;
    await start(server, 2);
    await stop(server, 3);
  });

  test('a server that dies at once is not called started', async () => {
    const server = scriptServer('dying');
    writeFileSync(join(server.home, 'jvm.js'), 'process.exit(1)');
    writeFileSync(join(server.home, 'calls'), '');
    const abort = new AbortController();
    const starting = rejection(host.adapter.startServer(server, token(1), context(abort.signal)));
    await until('its status was asked after', () =>
      /start\n(status\n){3}/.test(readFileSync(join(server.home, 'calls'), 'utf8')),
    );
    abort.abort(new Error('seen enough'));
    expect((await starting).message).toBe('seen enough');
  });
});

describe('a service by commands', () => {
  test('runs what the inventory says', async () => {
    const script = scriptServer('commands');
    const say = (word: string): string => `${join(script.home, 'service')} ${word}`;
    const server: ResolvedServer = {
      ...script,
      service: { kind: 'commands', start: say('start'), stop: say('stop'), status: say('status') },
    };
    const { pid } = await start(server, 1);
    expect(await stop(server, 2)).toEqual({ alreadyStopped: false });
    expect(processIsAlive(pid!)).toBe(false);
    expect((await host.adapter.observe(server, context())).process).toEqual({ running: false });
  });
});

test('become sudo puts `sudo -n` before everything, the kill of an abort included', async () => {
  const calls = join(stubs, 'sudo.calls');
  executable(
    join(stubs, 'sudo'),
    `#!/bin/sh\necho "$1 $2" >>${calls}\n[ "$1" = -n ] && shift && exec "$@"\n`,
  );
  const plain = host.server('sudo');
  const server = { ...plain, ssh: { ...host.ssh, become: 'sudo' as const } };
  const running = join(host.directory, 'sudo.running');
  const abort = new AbortController();
  const hook = rejection(
    host.adapter.runHook(
      server,
      `touch ${running}; sleep 300`,
      {},
      token(1),
      context(abort.signal),
      60_000,
    ),
  );
  await until('the hook runs', () => existsSync(running));
  abort.abort(new Error('enough'));
  await hook;
  expect(readFileSync(calls, 'utf8')).toBe('-n timeout\n-n sh\n');
});

describe('a systemd unit (command contract)', () => {
  /** A stand-in that records each call and keeps the unit's state in files. */
  function unit(name: string, unitFileInEtc: boolean): ResolvedServer & { home: string } {
    const script = scriptServer(name);
    executable(
      join(stubs, 'systemctl'),
      `#!/bin/sh
cd ${script.home}
echo "$*" >>systemctl.calls
case "$*" in
  show*LoadState*) 
    pid=$(./service status | sed -n 's/pid //p')
    if [ -e masked ]; then load=masked; else load=loaded; fi
    case "$*" in *MainPID*) echo "MainPID=$(echo $pid | sed 's/^$/0/')"; if [ -n "$pid" ]; then echo ActiveState=active; else echo ActiveState=inactive; fi ;; esac
    echo "LoadState=$load" ;;
  'mask --runtime'*) ${unitFileInEtc ? 'true' : './service mask'} ;;
  'unmask --runtime'*) ./service unmask ;;
  start*) ./service start ;;
  stop*) ./service stop ;;
esac
`,
    );
    return { ...script, service: { kind: 'systemd', unit: `zkferry-test-${name}` } };
  }
  const calls = (server: { home: string }): string[] =>
    readFileSync(join(server.home, 'systemctl.calls'), 'utf8')
      .split('\n')
      .filter((call) => call !== '' && !call.startsWith('show'));

  test('is masked at run time, stopped, unmasked and started', async () => {
    const server = unit('unit', false);
    await start(server, 1);
    await stop(server, 2);
    const name = 'zkferry-test-unit.service';
    expect(calls(server)).toEqual([
      `unmask --runtime ${name}`,
      'daemon-reload',
      `start ${name}`,
      `mask --runtime ${name}`,
      `stop ${name}`,
    ]);
  });

  test('whose file lies in /etc is held by a drop-in instead, removed again by the start', async () => {
    const server = unit('etc', true);
    const dropIn = '/run/systemd/system/zkferry-test-etc.service.d/zz-zkferry-mask.conf';
    await start(server, 1);
    await stop(server, 2);
    expect(readFileSync(dropIn, 'utf8')).toBe(
      '[Unit]\nConditionPathExists=!/\n[Service]\nRestart=no\n',
    );
    expect((await host.adapter.observe(server, context())).process?.masked).toBe(true);
    await start(server, 3);
    expect(existsSync(dropIn)).toBe(false);
    await stop(server, 4);
    await host.adapter.runHook(
      server,
      `rm -rf ${dropIn.replace(/\/[^/]*$/, '')}`,
      {},
      token(5),
      context(),
      5_000,
    );
  });
});
