import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hostProgram, parseOutput, tokenText } from '../../src/adapters/host/program';
import type { ResolvedServer } from '../../src/model/inventory';
import type { FenceToken } from '../../src/model/ports';
import { context, rejection, startTestHost, token, until, type TestHost } from './sshd';

let host: TestHost;
beforeAll(async () => void (host = await startTestHost('127.71.2.1')));
afterAll(() => host.close());

const hook = (
  server: ResolvedServer,
  command: string,
  at: FenceToken,
  signal?: AbortSignal,
): Promise<{ output: string }> =>
  host.adapter.runHook(server, command, {}, at, context(signal), 30_000);

const stateOf = (server: ResolvedServer): string =>
  join(server.directories!.state, 'orders', server.name);

/** A hook that says it runs and then waits until the test writes into its fifo. */
function slowHook(name: string): { command: string; running: string; release(): void } {
  const fifo = join(host.directory, `${name}.fifo`);
  const running = join(host.directory, `${name}.running`);
  execFileSync('mkfifo', [fifo]);
  return {
    command: `touch ${running}; read -r word <${fifo}; echo "$word"`,
    running,
    release: () => writeFileSync(fifo, 'go\n'),
  };
}

describe('the token', () => {
  test('compares as text just as its numbers do', () => {
    const ordered = [
      token(1, 1, '0000000000000009'),
      token(1, 1, '000000000000000a'),
      token(1, 2, '000000000000000a'),
      token(2, 1, '000000000000000a'),
      token(10, 1, '000000000000000a'),
      // Restores, which have no lock, from one zxid; then the first lock after it.
      token(9, 1, '0000000200000000-1767323045000'),
      token(1, 1, '0000000200000000-1767323046000'),
      token(1, 1, '0000000200000001'),
    ].map(tokenText);
    expect([...ordered].sort()).toEqual(ordered);
  });

  test('of another width is refused', () => {
    expect(() => tokenText(token(1, 1, 'abc'))).toThrow(RangeError);
    expect(() => tokenText(token(-1))).toThrow(RangeError);
    expect(() => tokenText(token(1, 1e10))).toThrow(RangeError);
  });
});

describe('the fence on a host', () => {
  test('lets newer tokens act, the same one again, and refuses every older one', async () => {
    const server = host.server('order');
    await hook(server, 'true', token(5, 2));
    await hook(server, 'true', token(5, 2));
    const older = [token(5, 1), token(4, 9), token(9, 9, '0000000100000000')];
    for (const stale of older) {
      const error = await rejection(hook(server, `touch ${host.directory}/acted`, stale));
      expect(error).toMatchObject({ type: 'StaleFence', retryable: false });
    }
    expect(existsSync(join(host.directory, 'acted'))).toBe(false);
    await hook(server, 'true', token(1, 1, '0000000100000002'));
  });

  test('keeps its state where nobody else can look', async () => {
    const server = host.server('modes');
    await hook(server, 'true', token(1));
    expect(statSync(stateOf(server)).mode & 0o777).toBe(0o700);
    expect(statSync(join(stateOf(server), 'fence')).mode & 0o777).toBe(0o600);
  });

  test('says HostBusy with the holder while a slow operation holds the lock, and opens when it ends', async () => {
    const server = host.server('busy');
    const slow = slowHook('busy');
    const first = hook(server, slow.command, token(1));
    await until('the slow hook runs', () => existsSync(slow.running));
    const error = await rejection(hook(server, 'true', token(2)));
    expect(error).toMatchObject({ type: 'HostBusy', retryable: true });
    expect(error.message).toMatch(/pid \d+, run a hook busy, token 0000000100000001\.0000000001/);
    slow.release();
    expect((await first).output).toBe('go\n');
    await hook(server, 'true', token(2));
  });

  test('is free again once an aborted operation has been killed', async () => {
    const server = host.server('aborted');
    const slow = slowHook('aborted');
    const abort = new AbortController();
    const first = rejection(hook(server, slow.command, token(1), abort.signal));
    await until('the slow hook runs', () => existsSync(slow.running));
    abort.abort(new Error('cancelled'));
    await first;
    await hook(server, 'true', token(1, 2));
  });

  test('a zombie attempt that wakes after a newer one acted changes nothing more', async () => {
    const server = host.server('zombie');
    writeFileSync(join(server.directories!.config, 'zoo.cfg'), 'a=1\n');
    const { zooCfg } = await host.adapter.readConfiguration(server, context());
    const write = (text: string, at: FenceToken): Promise<void> =>
      host.adapter.writeConfigurationFile(server, zooCfg.path, text, zooCfg.sha256, at, context());
    await hook(server, 'true', token(7, 2));
    expect((await rejection(write('a=zombie\n', token(7, 1)))).type).toBe('StaleFence');
    expect(readFileSync(zooCfg.path, 'utf8')).toBe('a=1\n');
    await write('a=2\n', token(8));
    expect(readFileSync(zooCfg.path, 'utf8')).toBe('a=2\n');
  });

  test('a state directory that cannot be made is said so', async () => {
    const server = host.server('nostate');
    const file = join(host.directory, 'a-file');
    writeFileSync(file, '');
    const directories = { ...server.directories!, state: file };
    const error = await rejection(hook({ ...server, directories }, 'true', token(1)));
    expect(error).toMatchObject({ type: 'RemoteCommandFailed', retryable: false });
    expect(error.message).toContain('cannot create the state directory');
  });
});

describe('hooks', () => {
  test('get server, version and config as quoted values', async () => {
    const server = host.server('hooked');
    const { output } = await host.adapter.runHook(
      server,
      `printf '%s|' {server} {version} {config} {more}`,
      { version: '3.9.6', more: `$(touch ${host.directory}/injected) 'x'` },
      token(1),
      context(),
      10_000,
    );
    const config = server.directories!.config;
    expect(output).toBe(`hooked|3.9.6|${config}|$(touch ${host.directory}/injected) 'x'|`);
    expect(existsSync(join(host.directory, 'injected'))).toBe(false);
  });

  test('that fail say their exit code and last words; that hang are stopped', async () => {
    const server = host.server('failing');
    const failed = await rejection(hook(server, 'echo no balancer; exit 3', token(1)));
    expect(failed.type).toBe('RemoteCommandFailed');
    expect(failed.message).toContain('exit code 3: no balancer');
    const hung = host.adapter.runHook(server, 'sleep 300', {}, token(2), context(), 300);
    expect((await rejection(hung)).type).toBe('WaitTimedOut');
    await hook(server, 'true', token(3));
  });
});

describe('a host program', () => {
  test.each(['dash', 'bash'])('cut off anywhere on its way does nothing under %s', (shell) => {
    const whole = hostProgram({ word: 'done' }, [], 'out word "$word"');
    const run = (input: string): string => {
      try {
        return execFileSync(shell, [], {
          input,
          encoding: 'utf8',
          stdio: ['pipe', 'pipe', 'pipe'],
        });
      } catch (error) {
        return (error as { stdout: string }).stdout;
      }
    };
    expect(parseOutput(run(whole)).get('word')).toBe('done');
    for (
      let cut = whole.indexOf('zkferry_main() {');
      cut < whole.lastIndexOf('zkferry_main');
      cut += 3
    ) {
      expect(run(whole.slice(0, cut))).toBe('');
    }
  });
});
