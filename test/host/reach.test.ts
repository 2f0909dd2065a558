import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { context, executable, rejection, startTestHost, until, type TestHost } from './sshd';

const ADDRESS = '127.71.12.1';
const NOBODY_LISTENS = 9;
const stubs = mkdtempSync(join(tmpdir(), 'zkferry-stubs-'));
let host: TestHost;
let listening: Server;
let open: { host: string; port: number };

beforeAll(async () => {
  host = await startTestHost(ADDRESS, [stubs]);
  listening = createServer((socket) => socket.destroy()).listen(0, ADDRESS);
  await new Promise((resolve) => listening.once('listening', resolve));
  open = { host: ADDRESS, port: (listening.address() as AddressInfo).port };
});
afterEach(() => readdirSync(stubs).forEach((name) => rmSync(join(stubs, name))));
afterAll(async () => {
  listening.close();
  await host.close();
  rmSync(stubs, { recursive: true, force: true });
});

const reach = (...targets: { host: string; port: number }[]) =>
  host.adapter.reach(host.server('reach'), targets, context());
const refused = { host: ADDRESS, port: NOBODY_LISTENS };
/** A tool that is there, but cannot. */
const useless = (name: string): string =>
  executable(join(stubs, name), `#!/bin/sh\necho "$0: No such file or directory" >&2\nexit 1\n`);

/** Listens, then never accepts: once its queue is full every further SYN is dropped, as a firewall would. */
const DEAF = `require('net').createServer().listen({ host: '${ADDRESS}', port: 0, backlog: 1 }, function () {
  require('fs').writeSync(1, this.address().port + '\\n');
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
})`;

test('tells open, refused and silent apart', async () => {
  const deaf = spawn(process.execPath, ['-e', DEAF], { stdio: ['ignore', 'pipe', 'ignore'] });
  let said = '';
  deaf.stdout.on('data', (piece: Buffer) => (said += piece.toString()));
  await until('it listens', () => said.endsWith('\n'));
  const silent = { host: ADDRESS, port: Number(said) };
  const queued = Array.from({ length: 4 }, () => connect(silent).on('error', () => undefined));
  try {
    await until(
      'its queue is full',
      () => queued.filter(({ connecting }) => !connecting).length >= 2,
    );
    const nowhere = { host: 'no-such-host.invalid', port: 2181 };
    expect(await reach(silent, open, refused, nowhere)).toEqual([
      { ...silent, state: 'silent', detail: 'no answer within 3 s' },
      { ...open, state: 'open' },
      { ...refused, state: 'refused', detail: expect.stringContaining('Connection refused') },
      { ...nowhere, state: 'silent', detail: expect.any(String) },
    ]);
  } finally {
    queued.forEach((socket) => socket.destroy());
    deaf.kill('SIGKILL');
  }
});

test('an address without a way to it is silent, never refused', async () => {
  expect(await reach({ host: '255.255.255.255', port: 2181 })).toEqual([
    { host: '255.255.255.255', port: 2181, state: 'silent', detail: expect.any(String) },
  ]);
});

test("runs no start-up file of the SSH user's, which could take all the time there is", async () => {
  executable(join(stubs, 'bash'), `#!/bin/sh\n[ "$1" = --norc ] || exit 1\nexec /bin/bash "$@"\n`);
  useless('python3');
  useless('nc');
  const [first, second] = await reach(open, refused);
  expect([first?.state, second?.state]).toEqual(['open', 'refused']);
});

test('works without a bash that can, by python3', async () => {
  // Only /dev/tcp is missing: a python3 may itself be started by a bash.
  executable(
    join(stubs, 'bash'),
    `#!/bin/sh\ncase "$*" in */dev/tcp/*) echo No such file or directory; exit 1 ;; esac\nexec /bin/bash "$@"\n`,
  );
  const [first, second] = await reach(open, refused);
  expect([first?.state, second?.state]).toEqual(['open', 'refused']);
});

test('works by nc where nothing else can', async () => {
  useless('bash');
  useless('python3');
  executable(
    join(stubs, 'nc'),
    `#!/bin/sh
[ "$1 $2 $3 $4" = '-z -v -w 60' ] || exit 9
[ "$6" != ${open.port} ] || exit 0
echo "connect to $5 port $6 (tcp) failed: Connection refused" >&2
exit 1
`,
  );
  const [first, second] = await reach(open, refused);
  expect([first?.state, second?.state]).toEqual(['open', 'refused']);
});

test('says what to install where nothing can, instead of calling anything silent', async () => {
  for (const tool of ['bash', 'python3', 'nc']) useless(tool);
  const error = await rejection(reach(open));
  expect(error).toMatchObject({ type: 'Unsupported', retryable: false });
  expect(error.message).toContain('install bash');
});

test('answers for 64 addresses in their order, and refuses a 65th before it asks for any', async () => {
  const many = Array.from({ length: 64 }, (_, index) => (index % 3 === 0 ? open : refused));
  const states = (await reach(...many)).map(({ state }) => state);
  expect(states).toEqual(many.map((target) => (target === open ? 'open' : 'refused')));
  const error = await rejection(reach(...many, open));
  expect(error).toMatchObject({ type: 'InvalidInput' });
  expect(error.message).toContain('at most 64 at once');
});

test.each(['-o', 'a b', '$(id)', ''])('the address %j is refused', async (name) => {
  const error = await rejection(reach({ host: name, port: 1 }));
  expect(error).toMatchObject({ type: 'InvalidInput' });
});
