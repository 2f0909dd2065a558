import { chmodSync, chownSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { redirectLabel } from '../../activities/migrate/redirectClient';
import type { ClientOutcome } from '../../src/model/redirect';
import { batchesOf, redirectProgress } from '../../src/planning/redirect/batches';
import { DEADLINE_MS, KINDS, pictureOf, RedirectLab, type FileKind } from '../support/redirectLab';
import { heldLock } from '../support/heldLock';
import { until } from '../support/until';

const ALL_KINDS = Object.keys(KINDS) as FileKind[];
/** Enough for one that obeys, and not for one that never will. */
const SHORT_MS = 3_000;

let lab: RedirectLab;
beforeAll(async () => void (lab = await RedirectLab.start()));
afterAll(() => lab.close());

const statesOf = ({ outcomes }: { outcomes: ClientOutcome[] }): Record<string, string> =>
  Object.fromEntries(outcomes.map(({ client, state }) => [client, state]));

const messagesOf = (look: Awaited<ReturnType<RedirectLab['look']>>): string =>
  look.clients.flatMap(({ findings }) => findings.map(({ message }) => message)).join('\n');

describe('a client', () => {
  // Of each other kind there are some among the twenty at the end.
  test.each<FileKind>(['properties', 'hadoopXml'])(
    'with a %s file is led over, its session moves, and back',
    async (kind) => {
      const client = await lab.addClient(`one-${kind}`, kind);
      if (userInfo().uid === 0) chownSync(client.path, 1234, 4321);
      const before = pictureOf(client.path);
      expect((await lab.look(client.name)).clients).toMatchObject([{ state: 'old', findings: [] }]);
      const { outcomes } = await lab.redirect([client.name]);
      expect(outcomes).toMatchObject([{ state: 'redirected', sessions: [expect.anything()] }]);
      expect([await lab.isOn(lab.old, client), await lab.isOn(lab.fresh, client)]).toEqual([
        false,
        true,
      ]);
      expect(readFileSync(client.path, 'utf8')).toBe(KINDS[kind].text(lab.fresh.connectString));
      const rights = (picture: string) => picture.split(' ').slice(0, 2);
      expect(rights(pictureOf(client.path))).toEqual(rights(before));
      expect(statesOf(await lab.redirect([client.name], { run: 'another' }))).toEqual({
        [client.name]: 'alreadyThere',
      });
      expect(statesOf(await lab.back([client.name]))).toEqual({ [client.name]: 'returned' });
      expect(pictureOf(client.path)).toBe(before);
      expect(await lab.isOn(lab.old, client)).toBe(true);
      expect(statesOf(await lab.back([client.name]))).toEqual({ [client.name]: 'returned' });
      expect(statesOf(await lab.back([client.name], { run: 'another' }))).toEqual({
        [client.name]: 'untouched',
      });
    },
  );

  test('that does not follow is a failure that says where its session is, and gets its file back', async () => {
    const client = await lab.addClient('deaf', 'properties', { manner: 'deaf' });
    const before = pictureOf(client.path);
    const { outcomes } = await lab.redirect([client.name], { proofTimeoutMs: SHORT_MS });
    expect(outcomes).toMatchObject([
      {
        state: 'failed',
        error: 'WaitTimedOut',
        detail: expect.stringMatching(/no session from [\d.]+ is on.*session 0x\w+ .* to leave/),
      },
    ]);
    expect(pictureOf(client.path)).not.toBe(before);
    expect(statesOf(await lab.back([client.name]))).toEqual({ deaf: 'returned' });
    expect(pictureOf(client.path)).toBe(before);
    const readiness = await lab.readiness(client.name);
    expect(readiness.remaining).toContainEqual(expect.objectContaining({ clients: ['deaf'] }));
    expect(readiness.servers).toMatchObject([
      { sessions: expect.any(Number), watches: expect.any(Number) },
    ]);
  });

  test('whose reload fails is a failure; run again once it works, it is led over', async () => {
    const client = await lab.addClient('refuses', 'env');
    const reload = `kill -HUP "$(cat ${join(client.directory, 'pid')})"`;
    lab.change(client.name, { reload: 'echo not now; exit 3' });
    const { outcomes } = await lab.redirect([client.name]);
    expect(outcomes).toMatchObject([
      {
        state: 'failed',
        error: 'RedirectFailed',
        detail: expect.stringMatching(/code 3: not now/),
      },
    ]);
    // As after a crash between edit and reload: the file is edited, the client was not told.
    expect(readFileSync(client.path, 'utf8')).toContain(lab.fresh.connectString);
    expect(await lab.isOn(lab.old, client)).toBe(true);
    lab.change(client.name, { reload });
    expect(statesOf(await lab.redirect([client.name]))).toEqual({ refuses: 'redirected' });
    expect(statesOf(await lab.back([client.name]))).toEqual({ refuses: 'returned' });
    expect(readFileSync(client.path, 'utf8')).toBe(client.original);
  });

  test('that is unhealthy on the new side is a failure', async () => {
    const { name, directory } = await lab.addClient('sick', 'json');
    lab.change(name, { health: `test -e ${join(directory, 'well')} || { echo ill; exit 1; }` });
    const { outcomes } = await lab.redirect([name], { proofTimeoutMs: SHORT_MS });
    expect(outcomes[0]).toMatchObject({
      state: 'failed',
      detail: expect.stringMatching(/no: ill/),
    });
    writeFileSync(join(directory, 'well'), '');
    expect(statesOf(await lab.redirect([name]))).toEqual({ sick: 'redirected' });
  });
});

test('a client of two files, one with two keys, is led over and back as one', async () => {
  const { name, path } = lab.addFile('several', 'properties', { proof: 'none', reload: 'true' });
  const other = lab.addFile('several-2', 'hadoopXml');
  const servers = lab.old.connectString;
  writeFileSync(path, `a=${servers}/x\nb=${servers}\n`, { mode: 0o600 });
  const files = [
    { path, key: 'a' },
    { path: other.path, key: KINDS.hadoopXml.key },
    { path, key: 'b' },
  ];
  lab.change(name, { files });
  const before = [pictureOf(path), pictureOf(other.path)];
  // One that can't be edited keeps all from being touched.
  lab.change(name, { files: [...files, { path: other.path, key: 'missing' }] });
  expect(statesOf(await lab.redirect([name]))).toEqual({ several: 'failed' });
  expect([pictureOf(path), pictureOf(other.path)]).toEqual(before);
  lab.change(name, { files });
  expect(statesOf(await lab.redirect([name]))).toEqual({ several: 'redirected' });
  const fresh = lab.fresh.connectString;
  expect(readFileSync(path, 'utf8')).toBe(`a=${fresh}/x\nb=${fresh}\n`);
  expect(readFileSync(other.path, 'utf8')).toBe(KINDS.hadoopXml.text(fresh));
  expect(statesOf(await lab.back([name]))).toEqual({ several: 'returned' });
  expect([pictureOf(path), pictureOf(other.path)]).toEqual(before);
});

describe('a file', () => {
  const plannedFor = async (name: string) => ({
    [name]: (await lab.look(name)).clients[0]!.connections,
  });

  test('that somebody changed after the plan is edited as it is now, and given back as it was then', async () => {
    const { name, path, original } = lab.addFile('changed', 'properties', {
      ...{ proof: 'none', reload: 'true' },
    });
    const planned = await plannedFor(name);
    const theirs = `# theirs\n${original}more=1\n`;
    writeFileSync(path, theirs);
    chmodSync(path, 0o604);
    const before = pictureOf(path);
    expect(statesOf(await lab.redirect([name], { planned }))).toEqual({ changed: 'redirected' });
    expect(readFileSync(path, 'utf8')).toBe(
      theirs.replace(lab.old.connectString, lab.fresh.connectString),
    );
    expect(statesOf(await lab.back([name]))).toEqual({ changed: 'returned' });
    expect(pictureOf(path)).toBe(before);
  });

  test('whose connection string somebody changed is refused until it is mended, or leads there', async () => {
    const { name, path, original } = lab.addFile('other', 'env', { proof: 'none', reload: 'true' });
    const planned = await plannedFor(name);
    const theirs = original.replace(lab.old.connectString, `${lab.old.connectString}/theirs`);
    writeFileSync(path, theirs);
    const { host } = lab.old.servers[0]!;
    const { outcomes } = await lab.redirect([name], { planned });
    expect(outcomes).toMatchObject([{ state: 'failed', error: 'FileChanged' }]);
    expect(outcomes[0]!.detail).toContain(
      `${path} on ${host}: ZK_HOST is ${lab.old.connectString}/theirs now; expected ${lab.old.connectString},`,
    );
    expect(outcomes[0]!.detail).toContain(`or make it ${lab.fresh.connectString} by hand`);
    expect(readFileSync(path, 'utf8')).toBe(theirs);
    const ledByHand = `${original.replace(lab.old.connectString, lab.fresh.connectString)}# by hand\n`;
    writeFileSync(path, ledByHand);
    expect(statesOf(await lab.redirect([name], { planned }))).toEqual({ other: 'redirected' });
    expect(readFileSync(path, 'utf8')).toBe(ledByHand);
    writeFileSync(path, `${original}# mended\n`);
    expect(statesOf(await lab.redirect([name], { planned }))).toEqual({ other: 'redirected' });
    expect(statesOf(await lab.back([name]))).toEqual({ other: 'returned' });
    expect(readFileSync(path, 'utf8')).toBe(`${original}# mended\n`);
  });

  test('that somebody changes while it is being edited keeps what they made of it', async () => {
    const { name, path, original } = lab.addFile('raced', 'env', { proof: 'none', reload: 'true' });
    expect(statesOf(await lab.redirect([name], { run: 'before' }))).toEqual({
      raced: 'redirected',
    });
    expect(statesOf(await lab.back([name], { run: 'before' }))).toEqual({ raced: 'returned' });
    const context = { signal: new AbortController().signal, heartbeat: () => undefined };
    // The file is read without the lock and written under it.
    const lock = await heldLock(lab.lockOf(name));
    const led = lab.adapter.lead(
      await inventoryEntry(name),
      { ...lab.sides, run: 'raced', ensemble: lab.old.name, label: redirectLabel('raced') },
      { ...lab.nextFence(), attempt: 1 },
      context,
    );
    led.catch(() => undefined);
    await until('the edit waits for the lock', () => lock.isWaitedFor(), DEADLINE_MS);
    writeFileSync(path, `${original}THEIRS=1\n`);
    lock.release();
    await expect(led).rejects.toMatchObject({
      ...{ type: 'FileChanged', retryable: true },
      message: expect.stringMatching(/changed since/) as unknown,
    });
    expect(readFileSync(path, 'utf8')).toBe(`${original}THEIRS=1\n`);
    expect(statesOf(await lab.redirect([name], { run: 'raced' }))).toEqual({ raced: 'redirected' });
    expect(readFileSync(path, 'utf8')).toContain(lab.fresh.connectString);
    expect(readFileSync(path, 'utf8')).toContain('THEIRS=1');
  });

  test('that somebody changed after the redirection gets its connection string back, and keeps their change', async () => {
    const { name, path, original } = lab.addFile('edited', 'yaml', {
      proof: 'none',
      reload: 'true',
    });
    const spaced = original.replace(lab.old.connectString, ` ${lab.old.connectString}/base`);
    writeFileSync(path, spaced);
    expect(statesOf(await lab.redirect([name]))).toEqual({ edited: 'redirected' });
    writeFileSync(path, `# theirs\n${readFileSync(path, 'utf8')}`);
    chmodSync(path, 0o604);
    const theirs = pictureOf(path);
    expect((await lab.back([name])).outcomes).toMatchObject([
      { state: 'returned', detail: expect.stringMatching(/^put back /) },
    ]);
    expect(readFileSync(path, 'utf8')).toBe(`# theirs\n${spaced}`);
    const rights = (picture: string) => picture.split(' ').slice(0, 2);
    expect(rights(pictureOf(path))).toEqual(rights(theirs));
    expect(statesOf(await lab.back([name]))).toEqual({ edited: 'returned' });
    expect(readFileSync(path, 'utf8')).toBe(`# theirs\n${spaced}`);
  });

  test('that somebody led back by hand, or replaced by a link, counts as led back', async () => {
    const { name, path, directory, original } = lab.addFile('returned', 'json', {
      proof: 'none',
      reload: 'true',
    });
    expect(statesOf(await lab.redirect([name]))).toEqual({ returned: 'redirected' });
    const theirs = original.replace('1e3', '1e4');
    const elsewhere = join(directory, 'next.json');
    writeFileSync(elsewhere, theirs);
    rmSync(path);
    symlinkSync(elsewhere, path);
    const { outcomes } = await lab.back([name]);
    expect(outcomes).toMatchObject([{ state: 'returned' }]);
    expect(outcomes[0]!.detail).not.toContain('put back');
    expect(readFileSync(elsewhere, 'utf8')).toBe(theirs);
  });

  test('that somebody led elsewhere after the redirection is left so; the old copy is named, and what to do', async () => {
    const { name, path, original } = lab.addFile('elsewhere', 'env', {
      proof: 'none',
      reload: 'true',
    });
    expect(statesOf(await lab.redirect([name]))).toEqual({ elsewhere: 'redirected' });
    const theirs = 'ZK_HOST="zk.example:2181"\n';
    writeFileSync(path, theirs);
    const { outcomes } = await lab.back([name]);
    expect(outcomes).toMatchObject([{ state: 'failed', error: 'FileChanged' }]);
    expect(readFileSync(path, 'utf8')).toBe(theirs);
    expect(outcomes[0]!.detail).toContain(
      `ZK_HOST is zk.example:2181 now; expected ${lab.fresh.connectString}`,
    );
    expect(outcomes[0]!.detail).toContain(`make it ${lab.old.connectString} by hand, then resume`);
    const copy = /is in (\/\S+\/old)/.exec(outcomes[0]!.detail)![1]!;
    expect(copy).toContain(redirectLabel('redirect run/1'));
    expect(readFileSync(copy, 'utf8')).toBe(original);
    writeFileSync(path, original);
    expect(statesOf(await lab.back([name]))).toEqual({ elsewhere: 'returned' });
  });

  test('that is unparsable, without the key, elsewhere, or not there is found by the look', async () => {
    const broken = lab.addFile('broken', 'json');
    writeFileSync(broken.path, '{ "zookeeper": ');
    const keyless = lab.addFile('keyless', 'properties');
    writeFileSync(keyless.path, 'a=1\n');
    const foreign = lab.addFile('foreign', 'env');
    writeFileSync(foreign.path, 'ZK_HOST="zk.example:2181"\n');
    const gone = lab.addFile('gone', 'yaml', {});
    lab.change('gone', { files: [{ path: `${gone.path}.yml`, key: 'a' }] });
    const names = ['broken', 'keyless', 'foreign', 'gone'];
    const look = await lab.look(...names);
    expect(look.clients.map(({ state }) => state)).toEqual([
      'unknown',
      'unknown',
      'other',
      'unknown',
    ]);
    expect(messagesOf(look)).toMatch(
      /config\.json on .*not JSON[^]*zookeeper\.connect is not there[^]*zk\.example:2181 is neither[^]*is not there: correct files\.path/,
    );
    const before = readFileSync(broken.path);
    expect(new Set(Object.values(statesOf(await lab.redirect(names))))).toEqual(
      new Set(['failed']),
    );
    expect(readFileSync(broken.path)).toEqual(before);
  });

  test('of a host out of reach, or of a client nobody knows, is a finding, not an end of the look', async () => {
    const { name } = lab.addFile('far', 'env');
    const ssh = { host: '127.0.0.1', port: 9, hostKey: `SHA256:${'A'.repeat(43)}` };
    lab.change(name, { ssh: { ...ssh, privateKey: `file:${lab.old.privateKeyPath}` } });
    const { clients } = await lab.look(name, 'nobody');
    const types = clients.map(({ findings }) => findings.map(({ type }) => type));
    expect(types).toEqual([['SshUnreachable'], ['UnknownClient']]);
    expect(statesOf(await lab.redirect([name, 'nobody'], { proofTimeoutMs: SHORT_MS }))).toEqual({
      far: 'failed',
      nobody: 'failed',
    });
  });
});

test('a step that is overtaken acts on no client', async () => {
  const { name, path, original } = lab.addFile('fenced', 'env', { proof: 'none', reload: 'true' });
  const late = { ...lab.nextFence(), attempt: 1 };
  const client = await inventoryEntry(name);
  await lab.redirect([name]);
  await lab.back([name]);
  const order = { ...lab.sides, run: 'late', ensemble: lab.old.name, label: redirectLabel('late') };
  const context = { signal: new AbortController().signal, heartbeat: () => undefined };
  await expect(lab.adapter.lead(client, order, late, context)).rejects.toMatchObject({
    type: 'StaleFence',
  });
  expect(readFileSync(path, 'utf8')).toBe(original);
});

const inventoryEntry = async (name: string) => {
  const { createInventory } = await import('../../src/adapters/inventory');
  return createInventory({ path: join(lab.old.directory, 'clients.yaml') }).client(name);
};

test('a client is led by commands that get the connection string quoted, and told once only', async () => {
  const { name, directory } = lab.addFile('commanded', 'env');
  const log = join(directory, 'log');
  const say = (word: string) => `printf '%s %s %s\\n' ${word} {client} {connectString} >>${log}`;
  const { ssh, state } = await inventoryEntry(name);
  lab.replace(name, { ssh, state, redirect: say('to'), back: say('back'), proof: 'none' });
  expect(statesOf(await lab.back([name]))).toEqual({ commanded: 'untouched' });
  for (const state of ['redirected', 'redirected'])
    expect(statesOf(await lab.redirect([name]))).toEqual({ commanded: state });
  expect(statesOf(await lab.back([name]))).toEqual({ commanded: 'returned' });
  expect(readFileSync(log, 'utf8').split('\n')).toEqual([
    `to commanded ${lab.fresh.connectString}`,
    `back commanded ${lab.old.connectString}`,
    '',
  ]);
});

test('a webhook gets its signed words, and anything but 2xx is a failure, redirections too', async () => {
  const got: { body: unknown; signature: unknown }[] = [];
  let status = 302;
  const server = createServer((request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
      got.push({ body, signature: request.headers['x-zkferry-signature'] });
      response.writeHead(status, { location: '/elsewhere' }).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    lab.addFile('hooked', 'env');
    const secret = join(lab.old.directory, 'webhook-secret');
    writeFileSync(secret, 'shh', { mode: 0o600 });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/lead`;
    lab.replace('hooked', { webhook: { url, secret: `file:${secret}` }, proof: 'none' });
    const refused = await lab.redirect(['hooked']);
    expect(refused.outcomes[0]).toMatchObject({
      state: 'failed',
      detail: expect.stringMatching(/answered 302; redirections are not followed/),
    });
    status = 204;
    expect(statesOf(await lab.redirect(['hooked']))).toEqual({ hooked: 'redirected' });
    expect(got).toHaveLength(2);
    expect(got[1]).toEqual({
      body: {
        client: 'hooked',
        connectString: lab.fresh.connectString,
        direction: 'redirect',
        run: 'redirect run/1',
      },
      signature: expect.stringMatching(/^sha256=[0-9a-f]{64}$/),
    });
  } finally {
    server.close();
  }
});

test('twenty clients in batches of 25%: one refuses, the next batch is not begun, all go back', async () => {
  const names = Array.from({ length: 20 }, (_, index) => `c${index + 1}`);
  await Promise.all(
    names.map((name, index) =>
      lab.addClient(name, ALL_KINDS[index % ALL_KINDS.length]!, {
        manner: name === 'c8' ? 'deaf' : 'obeys',
      }),
    ),
  );
  const before = names.map((name) => pictureOf(lab.clients.get(name)!.path));
  const batches = batchesOf(names, '25%');
  const outcomes = new Map<string, 'done' | 'failed'>();
  let progress = redirectProgress(batches, outcomes);
  while (progress.next.length > 0 && !progress.held) {
    const proofTimeoutMs = progress.next.includes('c8') ? 15_000 : undefined;
    const done = await lab.redirect(progress.next, { proofTimeoutMs, run: 'twenty' });
    for (const { client, state } of done.outcomes)
      outcomes.set(client, state === 'failed' ? 'failed' : 'done');
    progress = redirectProgress(batches, outcomes);
  }
  expect(progress).toEqual({ held: true, failed: ['c8'], next: ['c8'] });
  expect([...outcomes.keys()].sort()).toEqual(names.slice(0, 10).sort());
  const { remaining } = await lab.readiness(...names);
  const left = remaining.flatMap(({ clients }) => clients);
  expect(left.sort()).toEqual(['c8', ...names.slice(10)].sort());
  const back = statesOf(await lab.back(names, { run: 'twenty' }));
  expect(names.map((name) => back[name])).toEqual(
    names.map((_, index) => (index < 10 ? 'returned' : 'untouched')),
  );
  expect(names.map((name) => pictureOf(lab.clients.get(name)!.path))).toEqual(before);
});

/** Root may write anywhere. */
const testAsUser = userInfo().uid === 0 ? test.skip : test;

testAsUser('a directory that cannot be written in is found by the look', async () => {
  const { name, directory } = lab.addFile('locked', 'env');
  chmodSync(directory, 0o555);
  try {
    expect(messagesOf(await lab.look(name))).toMatch(/cannot be written in/);
  } finally {
    chmodSync(directory, 0o755);
  }
});
