import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { askWord } from '../../src/adapters/zookeeper/fourLetterClient';
import { checkLoad } from '../../src/lab/check/checkLoad';
import { readJournal } from '../../src/lab/check/readJournal';
import { createLab, type Lab, type LabServer } from '../../src/lab/lab';
import { ClientSession } from '../../src/lab/load/clientSession';
import type { SessionRecord } from '../../src/lab/load/journalRecords';
import { startLoad, type LoadHandle, type StartLoadOptions } from '../../src/lab/load/startLoad';
import { until } from '../support/until';

let lab: Lab;
let directory: string;
const running: LoadHandle[] = [];
const sessions: ClientSession[] = [];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'zkferry-load-'));
  lab = await createLab({ name: 'loadtest', version: '3.9.6', servers: 3 });
  await lab.start();
  await lab.waitServing();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((load) => load.stop().catch(() => undefined)));
  await Promise.all(sessions.splice(0).map((session) => session.close()));
});
afterAll(async () => {
  await lab?.destroy();
  rmSync(directory, { recursive: true, force: true });
});

async function load(name: string, options: Partial<StartLoadOptions> = {}): Promise<LoadHandle> {
  const started = await startLoad({
    connectString: lab.connectString,
    directory: join(directory, name),
    ...options,
  });
  running.push(started);
  return started;
}

async function eventually(what: string, holds: () => boolean): Promise<void> {
  await until(what, () => (holds() ? true : undefined), 20_000, 10);
}

function acksMore(loading: LoadHandle, writes: number): Promise<void> {
  const before = loading.stats().ackedWrites;
  return eventually(
    `${writes} more acknowledged writes`,
    () => loading.stats().ackedWrites >= before + writes,
  );
}

function session(onChange?: (what: SessionRecord['what']) => void): ClientSession {
  const opened = new ClientSession({
    servers: lab.members.map(({ host, clientPort }) => `${host}:${clientPort}`),
    chroot: '',
    sessionTimeoutMs: 10_000,
    operationTimeoutMs: 5000,
    reviveAfterMs: 40,
    onChange,
  });
  sessions.push(opened);
  return opened;
}

/** The whole path of the first acknowledged append of a finished load. */
async function someAckedAppend(journalPath: string): Promise<string> {
  const { records } = await readJournal(journalPath);
  const found = records.find((record) => record.t === 'w' && record.n !== undefined);
  return (found as { n: string }).n;
}

async function deleteBehindItsBack(path: string): Promise<void> {
  const { default: ZooKeeper } = await import('zookeeper');
  const other = new ZooKeeper({ connect: lab.connectString, timeout: 10_000 });
  try {
    await new Promise((resolve) => {
      other.once('connect', resolve);
      other.init({});
    });
    await other.delete_(path, -1);
  } finally {
    await new Promise((resolve) => setImmediate(resolve));
    other.close();
  }
}

describe('a load on a healthy ensemble', () => {
  it('keeps its rate, and nothing is found wrong with it', async () => {
    const loading = await load('healthy', { writesPerSecond: 200 });
    expect(loading.pid).not.toBe(process.pid);
    expect(loading.stats()).toMatchObject({ ready: true, connectedClients: 15, clients: 15 });
    await acksMore(loading, 400);
    expect(loading.stats().ackedPerSecond).toBeGreaterThan(120);
    await loading.stop();
    const result = await checkLoad({ journalPath: loading.journalPath });
    expect(result).toMatchObject({ ok: true, lostWrites: 0, sessionsLost: 0, problems: [] });
    expect(result.ackedWrites).toBeGreaterThanOrEqual(400);
    expect(result.analysis.reads).toBeGreaterThan(0);
    const { records } = await readJournal(loading.journalPath);
    const holders = records.flatMap((one) =>
      one.t === 'lock' && one.what === 'believed' ? [one.c] : [],
    );
    expect(new Set(holders)).toEqual(new Set(['l0', 'l1']));
  });
});

describe('a leader killed under load', () => {
  it('loses no acknowledged write and no session, and its write gap is seen', async () => {
    const loading = await load('leaderKill');
    await acksMore(loading, 200);
    const leader = await lab.leader();
    const killedAt = Date.now();
    await lab.killServer(leader!);
    await acksMore(loading, 200);
    await lab.startServer(leader!);
    await lab.waitServing();
    await acksMore(loading, 100);
    await loading.stop();

    const result = await checkLoad({ journalPath: loading.journalPath });
    expect(result).toMatchObject({
      ok: true,
      lostWrites: 0,
      sessionsLost: 0,
      ephemeralsLost: 0,
      readsBackwards: 0,
      problems: [],
    });
    const gap = result.analysis.writeGaps.find(
      ({ startedAtMs }) => Math.abs(startedAtMs - killedAt) < 500,
    );
    expect(gap?.gapMs).toBeGreaterThan(100);
    expect(result.longestGapMs).toBeLessThan(10_000);
    expect(result.unknownWrites).toBeGreaterThan(0);
  });
});

describe('the checker finds', () => {
  it('an acknowledged append deleted behind its back, on every member', async () => {
    const loading = await load('deletedAppend');
    await acksMore(loading, 100);
    await loading.stop();
    const path = await someAckedAppend(loading.journalPath);
    await deleteBehindItsBack(path);
    const result = await checkLoad({ journalPath: loading.journalPath });
    expect(result).toMatchObject({ ok: false, lostWrites: 1, membersDiffer: 0 });
    expect(result.comparison.lostWrites[0]).toMatchObject({ kind: 'append', path });
    expect(result.comparison.lostWrites[0]?.missingOn).toHaveLength(3);
  });

  it('a register put back behind its back', async () => {
    const loading = await load('loweredRegister', { registerWriters: 1, keysPerWriter: 1 });
    await acksMore(loading, 100);
    await loading.stop();
    const { load: started } = await readJournal(loading.journalPath);
    const other = session();
    await other.whenConnected(10_000);
    await other.set(`${started.root}/registers/w0-k0`, Buffer.from('1'), -1);
    const result = await checkLoad({ journalPath: loading.journalPath });
    expect(result).toMatchObject({ ok: false, lostWrites: 1 });
    expect(result.comparison.lostWrites[0]?.kind).toBe('set');
  });

  it('an ephemeral that went away though its session lives', async () => {
    const loading = await load('lostEphemeral', { holders: 1 });
    await acksMore(loading, 50);
    const { load: started } = await readJournal(loading.journalPath);
    await deleteBehindItsBack(`${started.root}/ephemerals/h0-e0`);
    await loading.stop();
    const result = await checkLoad({ journalPath: loading.journalPath });
    expect(result).toMatchObject({ ok: false, ephemeralsLost: 1, sessionsLost: 0, lostWrites: 0 });
  });

  it('a member that cannot be read', async () => {
    const loading = await load('unreadMember');
    await acksMore(loading, 50);
    await loading.stop();
    const servers = [lab.connectString.split(',')[0]!, '127.66.0.9:2181'];
    const { journalPath } = loading;
    const result = await checkLoad({ journalPath, servers, deadlineMs: 1000 });
    expect(result.ok).toBe(false);
    expect(result.problems).toEqual([expect.stringContaining('127.66.0.9:2181')]);
  });
});

describe('a load whose clients are sent to other servers', () => {
  it('keeps every session, and leaves the server that is no longer named', async () => {
    const loading = await load('redirected');
    await acksMore(loading, 50);
    const [gone, ...kept] = lab.members;
    loading.redirect(kept.map(({ host, clientPort }) => `${host}:${clientPort}`).join(','));
    await until('no load client on the server left', async () => await noLoadOn(gone!), 20_000);
    await acksMore(loading, 100);
    await loading.stop();
    expect(await checkLoad({ journalPath: loading.journalPath })).toMatchObject({
      ok: true,
      sessionsLost: 0,
      lostWrites: 0,
    });
  });
});

describe('a load that cannot begin', () => {
  it('says so at its deadline', async () => {
    const starting = load('nobody', { connectString: '127.66.0.9:2181', connectTimeoutMs: 1000 });
    await expect(starting).rejects.toMatchObject({ type: 'ZooKeeperUnavailable' });
  });

  it('names the option that is wrong', async () => {
    await expect(load('wrong', { writesPerSecond: 0 })).rejects.toMatchObject({
      type: 'InvalidInput',
      message: expect.stringContaining('writesPerSecond') as string,
    });
  });
});

describe('a client session', () => {
  it('is the same one after its server was killed, well before the C client would try again', async () => {
    const changes: string[] = [];
    const held = session((what) => changes.push(what));
    expect(await held.whenConnected(20_000)).toBe(true);
    const id = held.sessionId;
    // Followers' clients find another server at once; a leader's death closes every connection.
    const leader = await lab.leader();
    await lab.killServer(leader!);
    await eventually('the connection to be lost', () => !held.connected || changes.length > 1);
    expect(await held.whenConnected(8000)).toBe(true);
    expect(held.sessionId).toBe(id);
    expect(changes).not.toContain('lost');
    await held.close();
    await lab.startServer(leader!);
    await lab.waitServing();
  });

  it('that the ensemble ended is reported lost, and a new one opened', async () => {
    const changes: string[] = [];
    const held = session((what) => changes.push(what));
    expect(await held.whenConnected(20_000)).toBe(true);
    const before = held.sessionId;
    // The old connection may come back for a moment before the end of the session is told.
    const told = () => changes.filter((what) => what !== 'reconnected');
    await endSession(held);
    await eventually('a new session', () => told().length >= 3);
    expect(told()).toEqual(['opened', 'lost', 'opened']);
    expect(held.sessionId).not.toBe(before);
  });
});

/** Takes the session up from another client and closes it there. */
async function endSession(held: ClientSession): Promise<void> {
  const { id, password } = (held as unknown as { credentials: { id: string; password: string } })
    .credentials;
  const { default: ZooKeeper } = await import('zookeeper');
  const thief = new ZooKeeper({
    connect: lab.connectString,
    timeout: 10_000,
    client_id: id,
    client_password: password,
  });
  await new Promise((resolve) => {
    thief.once('connect', resolve);
    thief.init({});
  });
  await new Promise((resolve) => setImmediate(resolve));
  thief.close();
}

/** True once a server has no connection but the one asking. */
async function noLoadOn({ host, clientPort }: LabServer): Promise<true | undefined> {
  const answer = await askWord({ host, clientPort }, 'srvr', { timeoutMs: 2000 });
  const alone = answer.kind === 'reply' && /^Connections: 1$/m.test(answer.text);
  return alone ? true : undefined;
}
