import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTap, type Tap, type TapEvent, type TapOptions } from '../../src/adapters/tap';
import { PACKET } from '../../src/codec/quorum/packet';
import { hangDisk } from '../support/hungDisk';
import {
  emptySnapshot,
  established,
  packetOf,
  ScriptedLeader,
  txnPacket,
  type Reign,
} from './scriptedLeader';
import { eventually } from './support';

const Z = (counter: number): bigint => (1n << 32n) | BigInt(counter);

let directory: string;
let leader: ScriptedLeader;
let tap: Tap;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'zkferry-tap-'));
});

afterEach(async () => {
  await tap?.close();
  await leader?.stop();
  rmSync(directory, { recursive: true });
});

async function follow(
  reigns: Reign[],
  options: Partial<TapOptions> = {},
  epochs: { epoch?: bigint; says?: bigint } = {},
): Promise<void> {
  leader = await ScriptedLeader.start(reigns, epochs);
  tap = openTap({ servers: leader.addresses, directory, ...options });
}

/** Takes events until `last` is there. */
async function eventsUntil(last: (event: TapEvent) => boolean): Promise<TapEvent[]> {
  const events: TapEvent[] = [];
  while (!events.some(last)) {
    const taken = await tap.take();
    if (taken.length === 0) throw new Error('the tap ended');
    events.push(...taken);
  }
  return events;
}

const isTxn =
  (zxid: bigint) =>
  (event: TapEvent): boolean =>
    event.kind === 'txn' && event.zxid === zxid;

const diff =
  (...counters: number[]): Reign =>
  (asked, send) => {
    send(packetOf(PACKET.diff, asked));
    send(established(1n));
    for (const counter of counters) send(txnPacket(Z(counter)));
  };

const snapshot =
  (zxid: bigint, ...counters: number[]): Reign =>
  (_asked, send) => {
    send(Buffer.concat([packetOf(PACKET.snap, zxid), emptySnapshot(), established(1n)]));
    for (const counter of counters) send(txnPacket(Z(counter)));
  };

test('a transaction left out is a gap: the tap goes back for it', async () => {
  await follow([diff(2, 3, 5), diff(4, 5)], { from: Z(1) });
  const events = await eventsUntil(isTxn(Z(5)));
  expect(events).toContainEqual({ kind: 'gap', after: Z(3), got: Z(5) });
  expect(events.flatMap((event) => (event.kind === 'txn' ? [event.zxid] : []))).toEqual(
    [2, 3, 4, 5].map(Z),
  );
  expect(leader.asked).toEqual([Z(1), Z(3)]);
});

test('a gap the leader cannot fill is passed over by a snapshot, and named', async () => {
  await follow([diff(2, 4), diff(4), snapshot(Z(6), 7)], { from: Z(1) });
  const events = await eventsUntil(isTxn(Z(7)));
  expect(leader.asked).toEqual([Z(1), Z(2), 0n]);
  expect(events.find(({ kind }) => kind === 'snapshot')).toMatchObject({
    unseen: { after: Z(2), upTo: Z(6) },
  });
});

test('asked once to cut off what it has, the tap asks again before it believes it', async () => {
  const trunc: Reign = (_asked, send) => send(packetOf(PACKET.trunc, Z(1)));
  await follow([trunc, diff(3)], { from: Z(2) });
  const events = await eventsUntil(isTxn(Z(3)));
  expect(events.map(({ kind }) => kind)).toEqual(['attached', 'txn']);
});

test('a leader whose snapshots end before what the tap has was put back: the tap begins anew', async () => {
  await follow([snapshot(Z(6)), snapshot(Z(6)), snapshot(Z(6), 7)], { from: Z(9) });
  const events = await eventsUntil(isTxn(Z(7)));
  expect(events.map(({ kind }) => kind)).toEqual(['reset', 'snapshot', 'attached', 'txn']);
  expect(events[0]).toMatchObject({ after: Z(9), leaderZxid: Z(6) });
  expect(events[1]).not.toHaveProperty('unseen');
  expect(leader.asked).toEqual([Z(9), Z(9), 0n]);
});

test('what no transaction tells is not gone on from in another epoch', async () => {
  const [began, now] = [2n << 32n, 3n << 32n];
  const reign: Reign = (_asked, send) =>
    send(Buffer.concat([packetOf(PACKET.snap, now), emptySnapshot(), established(3n)]));
  await follow([reign], { from: began }, { epoch: 3n });
  const events = await eventsUntil(({ kind }) => kind === 'attached');
  expect(events[0]).toMatchObject({ kind: 'snapshot', unseen: { after: began, upTo: now } });
  expect(leader.asked).toEqual([0n]);
});

test('a snapshot that stands still is given up, leaves no file, and is asked for again', async () => {
  const stalled: Reign = (_asked, send) =>
    send(Buffer.concat([packetOf(PACKET.snap, Z(5)), emptySnapshot().subarray(0, 40)]));
  await follow([stalled, snapshot(Z(5))], { snapshotStallMs: 300 });
  const events = await eventsUntil(({ kind }) => kind === 'attached');
  expect(events.map(({ kind }) => kind)).toEqual(['snapshot', 'attached']);
  expect(leader.asked).toEqual([0n, 0n]);
  expect(readdirSync(directory)).toHaveLength(1);
});

test.each([
  ['the snapshot begins', 0],
  ['all of it has come', emptySnapshot().length],
])('a disk that hangs when %s does not make the leader wait', async (_when, bytes) => {
  let goOn!: (() => Promise<void>) | undefined;
  const hung: Reign = (_asked, send) => {
    send(Buffer.concat([packetOf(PACKET.snap, Z(5)), emptySnapshot().subarray(0, bytes)]));
    goOn = hangDisk();
  };
  try {
    await follow([hung, snapshot(Z(5))], { snapshotStallMs: 300 });
    await eventually('the snapshot', () => Promise.resolve(leader.asked.length === 1));
    await eventually('the tap to hang up', () => Promise.resolve(leader.learners === 0), 5_000);
  } finally {
    await goOn?.();
  }
  const events = await eventsUntil(({ kind }) => kind === 'attached');
  expect(events.map(({ kind }) => kind)).toEqual(['snapshot', 'attached']);
  expect(readdirSync(directory)).toHaveLength(1);
});

test('a leader that is not proven in its reign is left alone', async () => {
  await follow([diff(2)], { from: Z(1), giveUpAfterMs: 200 }, { epoch: 2n, says: 1n });
  await expect(tap.take()).rejects.toThrow(/epoch 2 and not yet proven/);
  expect(leader.asked).toEqual([]);
});

test('with its queue full the tap answers no ping, until its consumer has taken what waits', async () => {
  const reign: Reign = (asked, send) => {
    send(packetOf(PACKET.diff, asked));
    send(established(1n));
    for (let counter = 2; counter <= 40; counter += 1) send(txnPacket(Z(counter), 1_000));
    send(packetOf(PACKET.ping, Z(40)));
  };
  await follow([reign], { from: Z(1), maxQueuedEvents: 10 });
  await eventually('the acknowledgement of the epoch', () =>
    Promise.resolve(leader.count(PACKET.ack) === 2),
  );
  expect((await tap.take()).length).toBeLessThanOrEqual(11);
  expect(leader.count(PACKET.ping)).toBe(0);
  await eventsUntil(isTxn(Z(40)));
  await eventually('the answer to the ping', () =>
    Promise.resolve(leader.count(PACKET.ping) === 1),
  );
});

test('nothing it sends acknowledges a transaction', async () => {
  await follow([snapshot(Z(5), 6, 7), diff(8, 9)]);
  await eventsUntil(isTxn(Z(7)));
  // On a busy machine what was sent is heard a moment later.
  await eventually('its acknowledgements', () => Promise.resolve(leader.count(PACKET.ack) >= 2));
  const acks = leader.heard.filter(({ type }) => type === PACKET.ack);
  expect(acks.map(({ zxid }) => zxid)).toEqual([Z(0), Z(0)]);
});

test('what is no quorum packet ends the connection, not the tap', async () => {
  const nonsense: Reign = (asked, send) => {
    diff(2)(asked, send, undefined as never);
    send(Buffer.alloc(64, 0x7f));
  };
  await follow([nonsense, diff(3)], { from: Z(1) });
  const events = await eventsUntil(isTxn(Z(3)));
  expect(events.find(({ kind }) => kind === 'lost')).toMatchObject({
    reason: expect.stringContaining('malformed quorum packet'),
  });
});

test('a leader that says nothing any more is left', async () => {
  await follow([diff(2), diff(3)], { from: Z(1), silenceMs: 200 });
  const events = await eventsUntil(isTxn(Z(3)));
  expect(events.find(({ kind }) => kind === 'lost')).toMatchObject({
    reason: expect.stringContaining('nothing came for 200 ms'),
  });
});

test('closing ends a consumer that waits', async () => {
  await follow([diff()], { from: Z(1) });
  await eventsUntil(({ kind }) => kind === 'attached');
  const waiting = tap.take();
  await tap.close();
  expect(await waiting).toEqual([]);
});
