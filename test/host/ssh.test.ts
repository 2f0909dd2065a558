import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createSecrets } from '../../src/adapters/secrets';
import { execScript, type ExecRequest } from '../../src/adapters/ssh/exec';
import { forward } from '../../src/adapters/ssh/forward';
import { SshPool, type SshAccess } from '../../src/adapters/ssh/pool';
import { fillCommand, shellAssignments, shellQuote } from '../../src/adapters/ssh/shellQuote';
import { rejection, processIsAlive, startTestHost, until, type TestHost } from './sshd';

let host: TestHost;
let pool: SshPool;

beforeAll(async () => {
  host = await startTestHost('127.71.1.1');
  pool = new SshPool({ secrets: createSecrets(), idleMs: 60_000 });
});

afterAll(async () => {
  await pool.close();
  await host.close();
});

const run = (request: Partial<ExecRequest>, access: SshAccess = host.ssh, at = pool) =>
  execScript(at, access, {
    what: 'test',
    script: 'true',
    timeoutMs: 10_000,
    signal: new AbortController().signal,
    ...request,
  });

describe('connecting', () => {
  test('a host that shows another key than the inventory names is refused, naming both', async () => {
    const hostKey = `SHA256:${'A'.repeat(43)}`;
    const error = await rejection(run({}, { ...host.ssh, hostKey }));
    expect(error).toMatchObject({ type: 'HostKeyMismatch', retryable: false });
    expect(error.message).toContain(hostKey);
    expect(error.message).toContain(host.ssh.hostKey);
  });

  test('nothing listening is SshUnreachable, and worth another try', async () => {
    const error = await rejection(run({}, { ...host.ssh, port: 22_070 }));
    expect(error).toMatchObject({ type: 'SshUnreachable', retryable: true });
    expect(error.message).toContain('ECONNREFUSED');
  });

  describe('a host that accepts and says nothing', () => {
    let mute: Server;
    beforeAll((done) => void (mute = createServer().listen(22_072, '127.71.1.2', done)));
    afterAll((done) => void mute.close(done));

    test('is SshUnreachable within the connect timeout', async () => {
      mute.on('connection', (socket) => socket.on('close', () => socket.destroy()).resume());
      const startedAt = Date.now();
      const access = { ...host.ssh, host: '127.71.1.2', port: 22_072, connectTimeoutMs: 300 };
      const error = await rejection(run({}, access));
      expect(error).toMatchObject({ type: 'SshUnreachable', retryable: true });
      expect(Date.now() - startedAt).toBeLessThan(3_000);
    });
  });

  test('a key the host does not know is SshAuthFailed, not worth another try', async () => {
    const access = { ...host.ssh, privateKey: `file:${join(host.directory, 'host_key')}` };
    expect(await rejection(run({}, access))).toMatchObject({
      type: 'SshAuthFailed',
      retryable: false,
    });
  });

  test('a private key that is none is SshAuthFailed and does not show the key', async () => {
    const path = join(host.directory, 'not_a_key');
    writeFileSync(path, 'hunter2', { mode: 0o600 });
    const error = await rejection(run({}, { ...host.ssh, privateKey: `file:${path}` }));
    expect(error.type).toBe('SshAuthFailed');
    expect(error.message).not.toContain('hunter2');
  });
});

describe('running scripts', () => {
  const AWKWARD = [
    `it's "quoted"`,
    '$HOME $(id) `id`',
    'two\nlines\n',
    '',
    '--option',
    'back\\slash \\n',
    '*?[a-z]!#&;|<>',
    'ünïcødé ☂',
    "'''",
  ];

  test('arguments arrive byte for byte, whatever they hold', async () => {
    const result = await run({ script: `printf '%s\\0' "$@"`, args: AWKWARD });
    expect(result.stdout.split('\0').slice(0, -1)).toEqual(AWKWARD);
  });

  test('values assigned in a script arrive byte for byte', async () => {
    for (const value of AWKWARD) {
      const script = `${shellAssignments({ value })}printf '%s' "$value"`;
      expect((await run({ script })).stdout).toBe(value);
    }
  });

  test('an inventory command gets its values quoted and keeps its own braces', () => {
    const filled = fillCommand('notify {server} ${HOME} {unknown} {version}', {
      server: "a'; rm -rf /",
      version: '3.9.6',
    });
    expect(filled).toBe(`notify 'a'\\''; rm -rf /' \${HOME} {unknown} '3.9.6'`);
    expect(() => shellQuote('a\0b')).toThrow(RangeError);
  });

  test('the exit code and the end of standard error are the result', async () => {
    const result = await run({ script: 'echo oops >&2; exit 7' });
    expect(result).toMatchObject({ code: 7, stderr: 'oops\n', stdout: '' });
  });

  test('more output than allowed stops the script', async () => {
    const error = await rejection(run({ script: 'yes', maxOutputBytes: 10_000 }));
    expect(error.type).toBe('RemoteCommandFailed');
    expect(error.message).toContain('10000 bytes');
  });

  test('an abort kills the whole remote process group', async () => {
    const abort = new AbortController();
    const pids = join(host.directory, 'abort.pids');
    const script = `sleep 300 & echo $$ $! >"$1.new"; mv "$1.new" "$1"; wait`;
    const running = rejection(
      run({ script, args: [pids], signal: abort.signal, timeoutMs: 60_000 }),
    );
    await until('the script runs', () => existsSync(pids));
    const [shell, sleeper] = readFileSync(pids, 'utf8').trim().split(' ').map(Number);
    abort.abort(new Error('enough'));
    expect((await running).message).toBe('enough');
    await until('both are gone', () => !processIsAlive(shell!) && !processIsAlive(sleeper!));
  });

  test('a script past its deadline is stopped on the host and is WaitTimedOut', async () => {
    const error = await rejection(run({ script: 'sleep 300', timeoutMs: 400 }));
    expect(error).toMatchObject({ type: 'WaitTimedOut', retryable: true });
  });

  test('a connection lost in mid-script says that the script may still run', async () => {
    const own = new SshPool({ secrets: createSecrets() });
    const script = `kill -s KILL "$(sed 's/^.*) . //' "/proc/$PPID/stat" | cut -d' ' -f1)"; sleep 30`;
    const error = await rejection(run({ script }, host.ssh, own));
    await own.close();
    expect(error).toMatchObject({ type: 'SshUnreachable', retryable: true });
    expect(error.message).toContain('may still be running');
  });

  test('more scripts than a connection has channels wait their turn', async () => {
    const results = await Promise.all(
      Array.from({ length: 25 }, (_, index) => run({ script: `echo ${index}` })),
    );
    expect(results.map((result) => Number(result.stdout))).toEqual([...Array(25).keys()]);
  });

  test('a host that has no session left is asked again', async () => {
    const wide = new SshPool({ secrets: createSecrets(), maxChannels: 25 });
    const results = await Promise.all(
      Array.from({ length: 25 }, (_, index) =>
        run({ script: `sleep 0.3; echo ${index}` }, host.ssh, wide),
      ),
    );
    expect(results.map((result) => Number(result.stdout))).toEqual([...Array(25).keys()]);
    await wide.close();
  });
});

test('a forwarded stream reaches a port of the host itself', async () => {
  const server = createServer((socket) => socket.end('hello'));
  await new Promise<void>((resolve) => server.listen(22_073, '127.71.1.3', resolve));
  const signal = new AbortController().signal;
  const stream = await forward(pool, host.ssh, { host: '127.71.1.3', port: 22_073 }, signal);
  let text = '';
  for await (const chunk of stream) text += String(chunk);
  expect(text).toBe('hello');
  await new Promise((resolve) => server.close(resolve));
  const error = await rejection(
    forward(pool, host.ssh, { host: '127.71.1.3', port: 22_073 }, signal),
  );
  expect(error.type).toBe('SshUnreachable');
});

test("streams that are held are in nobody else's way: commands run, and one more stream waits for one of them to close", async () => {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => void sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(22_074, '127.71.1.3', resolve));
  const { signal } = new AbortController();
  const few = new SshPool({ secrets: createSecrets(), maxChannels: 1, maxStreams: 2 });
  const open = (until = signal) =>
    forward(few, host.ssh, { host: '127.71.1.3', port: 22_074 }, until);
  try {
    const [first, second] = await Promise.all([open(), open()]);
    expect((await run({ script: 'echo done' }, host.ssh, few)).stdout.trim()).toBe('done');
    const left = new AbortController();
    const third = rejection(open(left.signal));
    const fourth = open();
    left.abort(new Error('gone'));
    expect((await third).message).toBe('gone');
    first.destroy();
    const last = await fourth;
    for (const stream of [second, last]) stream.destroy();
  } finally {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    await few.close();
  }
});
