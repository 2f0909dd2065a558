import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  openTap,
  SharedTaps,
  type SharedTapsOptions,
  type Tap,
  type TapEvent,
  type TapOptions,
} from '../../src/adapters/tap';
import { askWord } from '../../src/adapters/zookeeper/fourLetterClient';
import { parseMntr } from '../../src/codec/fourLetterWord';
import { PACKET } from '../../src/codec/quorum/packet';
import type { Lab } from '../../src/lab/lab';
import { compareSessions, compareTrees, isServersOwn } from '../../src/tree/compareTrees';
import { Churn } from '../support/churn';
import { TapTree } from '../support/tapTree';
import {
  emptySnapshot,
  established,
  packetOf,
  ScriptedLeader,
  txnPacket,
  type Reign,
} from './scriptedLeader';
import { addressesOf, addressOf, eventually, startLab } from './support';

const NAME = 'orders';

describe('taps that share what a scripted leader says', () => {
  const Z = (counter: number): bigint => (1n << 32n) | BigInt(counter);
  let directory: string;
  let leader: ScriptedLeader;
  let shared: SharedTaps;
  const joined: Tap[] = [];
  /** What the leader tells its first learner, the shared attachment, later on. */
  let tell: (...counters: number[]) => void;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'zkferry-shared-'));
  });

  afterEach(async () => {
    await Promise.all(joined.splice(0).map((tap) => tap.close()));
    await leader.stop();
    rmSync(directory, { recursive: true });
  });

  const goesOn =
    (...counters: number[]): Reign =>
    (asked, send) => {
      send(packetOf(PACKET.diff, asked));
      send(established(1n));
      for (const counter of counters) send(txnPacket(Z(counter)));
      tell = (...more) => more.forEach((counter) => send(txnPacket(Z(counter))));
    };

  const tree =
    (zxid: bigint): Reign =>
    (_asked, send) =>
      send(Buffer.concat([packetOf(PACKET.snap, zxid), emptySnapshot(), established(1n)]));

  async function lead(reigns: Reign[], options?: SharedTapsOptions): Promise<void> {
    leader = await ScriptedLeader.start(reigns);
    shared = new SharedTaps(options);
  }

  function follow(options: Partial<TapOptions> = {}): Events {
    const tap = shared.join(NAME, { servers: leader.addresses, directory, ...options });
    joined.push(tap);
    return new Events(tap);
  }

  test('two consumers get the events of one attachment', async () => {
    await lead([goesOn(2, 3)]);
    const [one, two] = [follow({ from: Z(1) }), follow({ from: Z(1) })];
    expect(await one.until(Z(3))).toEqual(['attached', Z(2), Z(3)]);
    expect(await two.until(Z(3))).toEqual(['attached', Z(2), Z(3)]);
    expect(leader.asked).toEqual([Z(1)]);
  });

  test('a transaction that is remembered is a place to join at', async () => {
    await lead([goesOn(2, 3, 4)]);
    await follow({ from: Z(1) }).until(Z(4));
    const late = follow({ from: Z(3) });
    expect(await late.until('attached')).toEqual([Z(4), 'attached']);
    expect(late.all.at(-1)).toMatchObject({ zxid: Z(4) });
    expect(leader.asked).toEqual([Z(1)]);
  });

  test('a transaction that is not remembered is asked of the leader, once', async () => {
    await lead([goesOn(2, 3, 4, 5), goesOn(3, 4, 5)], { recentEvents: 2 });
    const first = follow({ from: Z(1) });
    await first.until(Z(5));
    const tellShared = tell;
    const late = follow({ from: Z(2) });
    expect(await late.until(Z(5))).toEqual(['attached', Z(3), Z(4), Z(5)]);
    await eventually('one learner', () => Promise.resolve(leader.learners === 1));
    tellShared(6);
    await first.until(Z(6));
    expect(await late.until(Z(6))).toEqual(['attached', Z(3), Z(4), Z(5), Z(6)]);
    expect(leader.asked).toEqual([Z(1), Z(2)]);
  });

  test('a late joiner whose tree is ahead of the shared stream waits for it, and misses nothing', async () => {
    await lead([goesOn(2, 3), tree(Z(5))]);
    const first = follow({ from: Z(1) });
    await first.until(Z(3));
    const late = follow();
    await late.until('attached');
    expect(leader.learners).toBe(2);
    tell(4, 5, 6);
    expect(await late.until(Z(6))).toEqual(['snapshot', 'attached', Z(6)]);
    await eventually('one learner', () => Promise.resolve(leader.learners === 1));
    expect((await first.until(Z(6))).slice(-3)).toEqual([4, 5, 6].map(Z));
  });

  test('of those who need a tree one after the other asks the leader', async () => {
    const stalled: Reign = (_asked, send) =>
      send(Buffer.concat([packetOf(PACKET.snap, Z(3)), emptySnapshot().subarray(0, 40)]));
    const learners: number[] = [];
    const counted: Reign = (asked, send, socket) => {
      learners.push(leader.learners);
      tree(Z(3))(asked, send, socket);
    };
    await lead([goesOn(2, 3), stalled, counted]);
    await follow({ from: Z(1) }).until(Z(3));
    const [two, three] = [follow({ snapshotStallMs: 300 }), follow()];
    await three.until('attached');
    await two.until('attached');
    expect(leader.asked).toEqual([Z(1), 0n, 0n, 0n]);
    expect(learners).toEqual([2, 2]);
  });

  test('a snapshot after a lost leader is a file of its own for each consumer, with the range passed over', async () => {
    let hangUp!: () => void;
    const first: Reign = (asked, send, socket) => {
      goesOn(2)(asked, send, socket);
      hangUp = () => socket.destroy();
    };
    await lead([first, tree(Z(9))]);
    const followers = [follow({ from: Z(1) }), follow({ from: Z(1) })];
    for (const follower of followers) await follower.until(Z(2));
    hangUp();
    const files = new Set<string>();
    for (const follower of followers) {
      await follower.until('attached', 2);
      expect(follower.kinds).toEqual(['attached', Z(2), 'lost', 'snapshot', 'attached']);
      const snapshot = follower.all[3] as Extract<TapEvent, { kind: 'snapshot' }>;
      expect(snapshot.unseen).toEqual({ after: Z(2), upTo: Z(9) });
      expect(existsSync(snapshot.file)).toBe(true);
      files.add(snapshot.file);
    }
    expect(files.size).toBe(2);
    expect(readdirSync(directory)).toHaveLength(2);
    expect(leader.asked).toEqual([Z(1), Z(2)]);
  });

  test('told to begin anew, both hear of it', async () => {
    const trunc: Reign = (_asked, send) => send(packetOf(PACKET.trunc, Z(1)));
    await lead([trunc, trunc, tree(Z(1))]);
    const followers = [follow({ from: Z(7) }), follow({ from: Z(7) })];
    for (const follower of followers)
      expect(await follower.until('attached')).toEqual(['reset', 'snapshot', 'attached']);
  });

  test('one who takes nothing does not hold the others back, and goes on once it does', async () => {
    await lead([goesOn(2), goesOn(...range(4, 20))], { recentEvents: 5 });
    const quick = follow({ from: Z(1) });
    const slow = follow({ from: Z(1), maxQueuedEvents: 3 });
    await quick.until(Z(2));
    tell(...range(3, 20));
    await quick.until(Z(20));
    expect(leader.asked).toEqual([Z(1)]);
    const kinds = await slow.until(Z(20));
    expect(kinds).toEqual(['attached', Z(2), Z(3), 'lost', 'attached', ...range(4, 20).map(Z)]);
    await eventually('one learner', () => Promise.resolve(leader.learners === 1));
  });

  test('the last one to leave leaves the leader; whoever comes then begins anew', async () => {
    await lead([goesOn(2)]);
    const [one, two] = [follow({ from: Z(1) }), follow({ from: Z(1) })];
    await Promise.all([one.until(Z(2)), two.until(Z(2))]);
    await one.tap.close();
    expect(leader.learners).toBe(1);
    await two.tap.close();
    await eventually('no learner', () => Promise.resolve(leader.learners === 0));
    await follow({ from: Z(1) }).until(Z(2));
    expect(leader.asked).toEqual([Z(1), Z(1)]);
  });

  test('one who leaves in the middle of its own snapshot leaves no file and no connection', async () => {
    const stalled: Reign = (_asked, send) =>
      send(Buffer.concat([packetOf(PACKET.snap, Z(3)), emptySnapshot().subarray(0, 40)]));
    await lead([goesOn(2, 3), stalled]);
    await follow({ from: Z(1) }).until(Z(3));
    const late = follow();
    await eventually('its file', () => Promise.resolve(readdirSync(directory).length === 1));
    await late.tap.close();
    expect(readdirSync(directory)).toEqual([]);
    expect(leader.learners).toBe(1);
  });

  test('what ends the attachment ends all', async () => {
    await lead([goesOn()]);
    const nobody = { servers: [{ host: '127.0.0.1', clientPort: 1 }], giveUpAfterMs: 100 };
    const followers = [follow(nobody), follow(nobody)];
    for (const { tap } of followers)
      await expect(tap.take()).rejects.toMatchObject({ type: 'ZooKeeperUnavailable' });
  });

  test('a signal aborted before ends it without a word to the leader', async () => {
    await lead([goesOn()]);
    const { tap } = follow({ signal: AbortSignal.abort() });
    expect(await tap.take()).toEqual([]);
    await tap.close();
    expect(leader.learners).toBe(0);
  });
});

const range = (first: number, last: number): number[] =>
  Array.from({ length: last - first + 1 }, (_, index) => first + index);

/** Takes only when asked to. */
class Events {
  readonly all: TapEvent[] = [];

  constructor(readonly tap: Tap) {}

  /** Zxids of transactions, kinds of everything else. */
  get kinds(): (bigint | string)[] {
    return this.all.map((event) => (event.kind === 'txn' ? event.zxid : event.kind));
  }

  async until(last: bigint | string, times = 1): Promise<(bigint | string)[]> {
    while (this.kinds.filter((kind) => kind === last).length < times) {
      const taken = await this.tap.take();
      if (taken.length === 0) throw new Error(`the tap ended before ${last}`);
      this.all.push(...taken);
    }
    return this.kinds;
  }
}

describe('taps that share one attachment to three servers under load', () => {
  let lab: Lab;
  let directory: string;
  let load: Churn;
  const trees: TapTree[] = [];
  const shared = new SharedTaps({ recentEvents: 2_000 });

  beforeAll(async () => {
    lab = await startLab({
      name: 'tapx-shared',
      version: '3.9.6',
      servers: 3,
      // A leader that leaves an observer after 3 s of a busy machine would put off all of them.
      settings: { tickTime: '500', syncLimit: '30' },
      javaOptions: ['-Xmx256m'],
    });
    directory = mkdtempSync(join(lab.directory, 'spool-'));
    load = new Churn(addressesOf(lab), 6);
  });

  afterAll(async () => {
    await load?.stop();
    await Promise.all(trees.map(({ tap }) => tap.close()));
    await lab?.destroy();
  });

  const options = (): TapOptions => ({ servers: addressesOf(lab), directory });

  function follow(extra: Partial<TapOptions> = {}, before?: TapTree): TapTree {
    const kept = new TapTree(shared.join(NAME, { ...options(), ...extra }), before);
    trees.push(kept);
    return kept;
  }

  const learners = async (): Promise<number> => {
    const leader = lab.server((await lab.leader())!);
    const reply = await askWord(addressOf(leader), 'mntr', { timeoutMs: 2_000 });
    return reply.kind === 'reply' ? Number(parseMntr(reply.text)['zk_synced_observers']) : NaN;
  };

  const alone = (): Promise<unknown> =>
    eventually('exactly one observer', async () => (await learners()) === 1);

  const attached = (tree: TapTree, times = 1): Promise<unknown> =>
    eventually('it to be attached', () => {
      if (tree.error !== undefined) throw tree.error;
      return Promise.resolve(tree.attachments >= times);
    });

  const moreLoad = (): Promise<unknown> => {
    const from = load.acknowledged;
    return eventually('some load', () => Promise.resolve(load.acknowledged > from + 300));
  };

  test('each has the tree; the leader feeds one observer, also after one came late', async () => {
    const [one, two] = [follow(), follow()];
    await Promise.all([attached(one), attached(two)]);
    await alone();
    await moreLoad();
    const late = follow();
    await attached(late);
    await moreLoad();
    await alone();
    for (const tree of [one, two, late]) expect(tree.kinds).toEqual(['snapshot', 'attached']);
  });

  test('one who left goes on after its last transaction', async () => {
    const [left] = trees.splice(0, 1);
    await left!.tap.close();
    await moreLoad();
    const back = follow({ from: left!.last }, left);
    await attached(back);
    await alone();
    expect(back.kinds).toEqual(['attached']);
  });

  test('one who takes nothing for long is put off alone', async () => {
    const slow = follow({ maxQueuedEvents: 20 });
    await attached(slow);
    const from = load.acknowledged;
    await slow.whilePaused(async () => {
      await eventually('much load', () => Promise.resolve(load.acknowledged > from + 4_000));
    });
    await attached(slow, 2);
    expect(slow.kinds).toContain('lost');
    for (const quick of trees.slice(0, 3)) expect(quick.kinds).not.toContain('lost');
    await alone();
  });

  test('the leader killed, all go on with the next one and have its tree', async () => {
    const before = trees.map(({ attachments }) => attachments);
    const killed = (await lab.leader())!;
    await lab.killServer(killed);
    const late = follow();
    await Promise.all(trees.map((tree, index) => attached(tree, (before[index] ?? 0) + 1)));
    await moreLoad();
    await lab.startServer(killed);
    await lab.waitServing();
    await load.stop();
    await alone();
    const reference = new TapTree(openTap(options()));
    try {
      await attached(reference);
      await eventually('all at one transaction', () =>
        Promise.resolve(trees.every(({ last, error }) => error || last === reference.last)),
      );
      expect(trees).toContain(late);
      for (const tree of trees) {
        expect(tree.error).toBeUndefined();
        expect(tree.digestsMismatched).toBe(0);
        expect([
          ...compareTrees(tree.tree!, reference.tree!, { ignore: isServersOwn }),
          ...compareSessions(tree.tree!, reference.tree!),
        ]).toEqual([]);
      }
    } finally {
      await reference.tap.close();
    }
    await Promise.all(trees.map(({ tap }) => tap.close()));
    expect(readdirSync(directory)).toEqual([]);
  });
});
