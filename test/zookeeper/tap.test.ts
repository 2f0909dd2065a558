import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Pace } from '../../src/adapters/bulk/pace';
import { openTap, type Tap, type TapEvent, type TapOptions } from '../../src/adapters/tap';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper';
import { askWord } from '../../src/adapters/zookeeper/fourLetterClient';
import { encodeMulti, isDone } from '../../src/codec/clientRequests';
import { parseMntr } from '../../src/codec/fourLetterWord';
import { decodeTxn } from '../../src/codec/txn';
import { follows } from '../../src/codec/quorum/packet';
import { createLab, type Lab } from '../../src/lab/lab';
import type { ZkSession } from '../../src/model/ports';
import { RawClient } from '../support/rawClient';
import { addressesOf, addressOf, eventually } from './support';

const TICK_MS = 500;
const SYNC_LIMIT = 6;
const IN_FLIGHT = 16;

/** Creates znodes without pause, through any member, and knows which were acknowledged. */
class Writer {
  readonly acknowledged = new Set<string>();
  private stopped = false;
  private readonly loops: Promise<void>[];

  constructor(
    private readonly session: ZkSession,
    private readonly name: string,
    private readonly data = Buffer.alloc(100, 'x'),
    private readonly pace = new Pace(),
  ) {
    this.loops = Array.from({ length: IN_FLIGHT }, (_, lane) => this.write(lane));
  }

  private async write(lane: number): Promise<void> {
    for (let n = 0; !this.stopped; n += 1) {
      const path = `/${this.name}-${lane}-${n}`;
      await this.pace.take(1);
      try {
        await this.session.create(path, this.data);
        this.acknowledged.add(path);
      } catch {
        // Not acknowledged, so nothing is claimed about it.
      }
    }
  }

  async stop(): Promise<ReadonlySet<string>> {
    this.stopped = true;
    await Promise.all(this.loops);
    return this.acknowledged;
  }
}

/** Two creates, of which the second can't be: it has no parent. */
async function failMulti(server: ReturnType<typeof addressOf>): Promise<void> {
  const client = await RawClient.open(server);
  const acl = [{ perms: 31, scheme: 'world', id: 'anyone' }];
  const ops = ['/prepared', '/no/parent'].map((path) => ({
    kind: 'create' as const,
    path,
    data: Buffer.alloc(100, 'x'),
    acl,
  }));
  const reply = await client.exchange('a multi', (xid) => encodeMulti(xid, ops));
  expect(isDone(reply.body)).toBe(false);
  await client.close();
}

/** Follows a tap as a consumer would, holding each event against the one before. */
class Follower {
  last: bigint;
  readonly created = new Set<string>();
  readonly kinds: string[] = [];
  readonly multis: string[] = [];
  readonly events: Exclude<TapEvent, { kind: 'txn' }>[] = [];
  transactions = 0;
  error: Error | undefined;
  /** While it is set, nothing is taken. */
  gate: Promise<void> | undefined;
  readonly done: Promise<void>;

  constructor(
    readonly tap: Tap,
    from = 0n,
  ) {
    this.last = from;
    this.done = this.follow().catch((error: Error) => {
      this.error = error;
    });
  }

  private async follow(): Promise<void> {
    for await (const event of this.tap) {
      await this.gate;
      this.accept(event);
    }
  }

  private accept(event: TapEvent): void {
    if (event.kind === 'txn') {
      if (!follows(event.zxid, this.last)) {
        throw new Error(`0x${event.zxid.toString(16)} after 0x${this.last.toString(16)}`);
      }
      this.last = event.zxid;
      this.transactions += 1;
      const { body } = decodeTxn(event.bytes);
      if (body.kind === 'create' || body.kind === 'create2') this.created.add(body.path);
      if (body.kind === 'multi') this.multis.push(body.txns.map(({ kind }) => kind).join(' '));
      return;
    }
    this.kinds.push(event.kind);
    this.events.push(event);
    if (event.kind === 'reset') this.last = 0n;
    if (event.kind !== 'snapshot') return;
    const unseen = this.last === 0n ? undefined : { after: this.last, upTo: event.zxid };
    expect(event.unseen).toEqual(unseen);
    // What the snapshot holds counts as seen.
    const file = readFileSync(event.file);
    for (const match of file.toString('latin1').matchAll(/\/\w+-\d+-\d+/g))
      this.created.add(match[0]);
    this.last = event.zxid;
    rmSync(event.file);
  }

  of<K extends TapEvent['kind']>(kind: K): Extract<TapEvent, { kind: K }>[] {
    return this.events.filter((event) => event.kind === kind) as Extract<TapEvent, { kind: K }>[];
  }

  missing(acknowledged: ReadonlySet<string>): string[] {
    return [...acknowledged].filter((path) => !this.created.has(path));
  }

  async sees(acknowledged: ReadonlySet<string>): Promise<void> {
    await eventually('every acknowledged write to come through the tap', () =>
      Promise.resolve(this.error !== undefined || this.missing(acknowledged).length === 0),
    );
    expect(this.error).toBeUndefined();
  }

  attached(times: number): Promise<unknown> {
    return eventually(`attachment number ${times}`, () =>
      this.error === undefined
        ? Promise.resolve(this.of('attached').length >= times)
        : Promise.reject(this.error),
    );
  }
}

describe.each([
  ['3.4.14', 'tap34'],
  ['3.9.6', 'tap39'],
])('a tap on three servers of %s', (version, name) => {
  let lab: Lab;
  let session: ZkSession;
  let directory: string;
  const open: Follower[] = [];
  const zookeeper = createZooKeeperAdapter();

  beforeAll(async () => {
    lab = await createLab({
      name,
      version,
      servers: 3,
      settings: { tickTime: String(TICK_MS), syncLimit: String(SYNC_LIMIT) },
      // Transactions older than the 500 in memory are not read from the logs: a SNAP is sent instead.
      javaOptions: ['-Dzookeeper.snapshotSizeFactor=-1'],
    });
    await lab.start();
    directory = mkdtempSync(join(lab.directory, 'spool-'));
    session = await zookeeper.openSession({ servers: addressesOf(lab), operationTimeoutMs: 3_000 });
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map(({ tap }) => tap.close()));
  });

  afterAll(async () => {
    await session?.close();
    await lab?.destroy();
  });

  function follow(options: Partial<TapOptions> = {}): Follower {
    const tap = openTap({ servers: addressesOf(lab), directory, ...options });
    const follower = new Follower(tap, options.from);
    open.push(follower);
    return follower;
  }

  async function monitorOfLeader(): Promise<Record<string, string>> {
    const leader = lab.server((await lab.leader())!);
    const reply = await askWord(addressOf(leader), 'mntr', { timeoutMs: 2_000 });
    return reply.kind === 'reply' ? parseMntr(reply.text) : {};
  }

  const learners = async (): Promise<number> => {
    const monitor = await monitorOfLeader();
    return Number(monitor['zk_learners'] ?? monitor['zk_followers']);
  };

  test('gets a snapshot and then every write, once and in order, and no quorum counts it', async () => {
    const writer = new Writer(session, 'join');
    const follower = follow();
    await follower.attached(1);
    await eventually('a thousand writes', () => Promise.resolve(writer.acknowledged.size > 1_000));
    await follower.sees(await writer.stop());
    expect(follower.kinds).toEqual(['snapshot', 'attached']);
    expect(follower.transactions).toBeGreaterThan(500);
    const monitor = await monitorOfLeader();
    expect(monitor['zk_synced_followers']).toBe('2');
    expect(await learners()).toBe(3);
    if (monitor['zk_synced_observers'] !== undefined) {
      expect(monitor['zk_synced_observers']).toBe('1');
      expect(monitor['zk_quorum_size']).toBe('3');
    }
  });

  test('goes on after the last transaction it is given, without a snapshot', async () => {
    const first = follow();
    await first.attached(1);
    await first.tap.close();
    // 3.4 gives what it remembers only: its last 500 transactions.
    const paths = Array.from({ length: 100 }, (_, n) => `/again-${n}`);
    await Promise.all(paths.map((path) => session.create(path, Buffer.alloc(100, 'x'))));
    // A leader hands on what it remembers as its own tree left it: of a multi that failed, that is no more as sent.
    await failMulti(addressOf(lab.members[0]!));
    await session.create('/again-last', Buffer.alloc(0));
    const acknowledged = new Set([...paths, '/again-last']);
    const second = follow({ from: first.last });
    await second.sees(acknowledged);
    expect(second.kinds).toEqual(['attached']);
    expect(second.of('attached')[0]).toMatchObject({ by: 'diff' });
    expect(second.multis).toEqual(['error error']);
  });

  test('names the range it did not see where the leader sends a snapshot instead', async () => {
    const first = follow();
    await first.attached(1);
    await first.tap.close();
    const writer = new Writer(session, 'behind');
    await eventually('more than the leader remembers', () =>
      Promise.resolve(writer.acknowledged.size > 1_500),
    );
    const acknowledged = await writer.stop();
    const second = follow({ from: first.last });
    await second.sees(acknowledged);
    expect(second.of('snapshot')[0]?.unseen?.after).toBe(first.last);
  });

  test('ahead of the leader, it says so and begins anew', async () => {
    const first = follow();
    await first.attached(1);
    await first.tap.close();
    const ahead = first.last + 1_000_000n;
    const second = follow({ from: ahead });
    await second.attached(1);
    expect(second.kinds).toEqual(['reset', 'snapshot', 'attached']);
    expect(second.of('reset')[0]).toMatchObject({ after: ahead });
  });

  test('paused for longer than the leader waits, it is dropped, and goes on where it stopped', async () => {
    const follower = follow({ maxQueuedEvents: 50 });
    await follower.attached(1);
    let goOn!: () => void;
    follower.gate = new Promise((resolve) => (goOn = resolve));
    // As fast as a quiet machine goes, the tree alone would fill a server's heap before the tap is dropped.
    const writer = new Writer(session, 'paused', Buffer.alloc(20_000), new Pace(600));
    await eventually('the leader to drop it', async () => (await learners()) === 2);
    const acknowledged = await writer.stop();
    follower.gate = undefined;
    goOn();
    await follower.attached(2);
    await follower.sees(acknowledged);
    expect(follower.of('lost')).toHaveLength(1);
  });

  test('the leader killed under load, it goes on with the next one and has every acknowledged write', async () => {
    const follower = follow();
    await follower.attached(1);
    const writer = new Writer(session, 'killed');
    await eventually('some writes', () => Promise.resolve(writer.acknowledged.size > 200));
    const killed = (await lab.leader())!;
    await lab.killServer(killed);
    const before = writer.acknowledged.size;
    await follower.attached(2);
    await eventually('writes under the next one', () =>
      Promise.resolve(writer.acknowledged.size > before + 200),
    );
    await follower.sees(await writer.stop());
    const [one, two] = follower.of('attached');
    expect(two!.leader.host).not.toBe(one!.leader.host);
    expect(two!.epoch).toBeGreaterThan(one!.epoch);
    expect(follower.kinds).toContain('lost');
    await lab.startServer(killed);
    await lab.waitServing();
  });

  test('with both followers dead, the leader gives up although a tap is attached', async () => {
    const follower = follow();
    await follower.attached(1);
    const leader = (await lab.leader())!;
    const others = lab.members.filter(({ name: other }) => other !== leader);
    await Promise.all(others.map((server) => lab.killServer(server.name)));
    await eventually(
      'the leader to give up',
      async () => (await lab.leader()) === undefined,
      10_000,
    );
    for (const server of others) await lab.startServer(server.name);
    await follower.attached(2);
    await lab.waitServing();
  });

  test('a full disk ends it before anything is written', async () => {
    const follower = follow({ minFreeBytes: Number.MAX_SAFE_INTEGER });
    await follower.done;
    expect(follower.error).toMatchObject({ type: 'NoDiskSpace' });
  });

  test('without a leader it ends at its deadline, saying what each server answered', async () => {
    const nobody = { host: lab.server('zk1').host, clientPort: 1 };
    const follower = follow({ servers: [nobody], giveUpAfterMs: 300 });
    await follower.done;
    expect(follower.error).toMatchObject({ type: 'ZooKeeperUnavailable', retryable: true });
    expect(follower.error?.message).toContain('nothing listens on');
  });
});
