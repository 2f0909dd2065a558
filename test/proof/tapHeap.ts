/**
 * What a tap costs the leader's heap when it stands still, in the middle of a snapshot or later, while much is
 * written: nothing that stays. Held against a learner that stands still and does not hang up.
 */
import { strict as assert } from 'node:assert';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { connectLeader } from '../../src/adapters/tap';
import { OPCODE, encodeRead } from '../../src/codec/clientProtocol';
import { encodeWrite } from '../../src/codec/clientRequests';
import type { Lab, LabOptions } from '../../src/lab/lab';
import { hangDisk } from '../support/hungDisk';
import { liveHeapBytes, mib } from '../support/leaderHeap';
import { RawClient } from '../support/rawClient';
import { addressesOf, assertEqual, attached, tapOf } from '../support/tapLab';

const DATA_BYTES = 100_000;
/** Beyond what sockets and the spool hold: 70 MB of snapshot. */
const NODES = 700;
/** Leaders remember the last 500 transactions: as many again are written before the heap is measured first. */
const WRITES_TO_SETTLE = 600;
const WRITES = 2_000;
const IN_FLIGHT = 16;
const STALL_MS = 2_000;
/** The measure's own scatter, with requests under way: far below what a stalled learner makes a leader hold. */
const NOISE_BYTES = 16 << 20;
const HELD_BYTES = 64 << 20;
const DEADLINE_MS = 60_000;

export const heapLab = (name: string, version: string): LabOptions => ({
  ...{ name, version, servers: 3 },
  settings: { tickTime: '1000', initLimit: '10', syncLimit: '4', snapCount: '1000000' },
  javaOptions: ['-Xmx1g'],
});

/** Sets data of 100 kB, over and over, on the same few nodes. */
class LargeWrites {
  private next = 0;

  private constructor(private readonly client: RawClient) {}

  static async to(lab: Lab): Promise<LargeWrites> {
    const writes = new LargeWrites(await RawClient.open(lab.members[0]!));
    await writes.lanes(NODES, (client, n) =>
      client.ask('create', (xid) =>
        encodeWrite(xid, {
          ...{ kind: 'create', path: `/large-${n}`, data: Buffer.alloc(DATA_BYTES, 'a') },
          ...{ acl: [{ perms: 31, scheme: 'world', id: 'anyone' }], flags: 0 },
        }),
      ),
    );
    await writes.write(WRITES_TO_SETTLE);
    return writes;
  }

  write(count: number): Promise<void> {
    return this.lanes(count, (client, n) =>
      client.ask('setData', (xid) =>
        encodeWrite(xid, {
          ...{ kind: 'setData', path: `/large-${n % NODES}` },
          data: Buffer.alloc(DATA_BYTES, String(n)),
        }),
      ),
    );
  }

  close(): void {
    this.client.drop();
  }

  private async lanes(
    count: number,
    write: (client: RawClient, n: number) => Promise<unknown>,
  ): Promise<void> {
    const end = this.next + count;
    const lane = async (): Promise<void> => {
      while (this.next < end) await write(this.client, this.next++);
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
    // What is answered is answered everywhere before anything is measured.
    await this.client.exchange('/', (xid) => encodeRead(xid, OPCODE.exists, '/'));
  }
}

export async function heapUnderStalledTap(lab: Lab): Promise<void> {
  const writes = await LargeWrites.to(lab);
  const leader = (await lab.leader())!;
  const heap = (): Promise<number> => liveHeapBytes(lab, leader);
  /** A learner that stands still is dropped, or hangs up, after a while: until then the leader keeps what it is due. */
  const unchanged = async (before: number, when: string): Promise<void> => {
    const startedAt = Date.now();
    let after = await heap();
    const first = after;
    while (after - before >= NOISE_BYTES && Date.now() - startedAt < DEADLINE_MS)
      after = await heap();
    process.stderr.write(
      `  ${when}: ${mib(before)} MiB before, ${mib(first)} MiB at once, ${mib(after)} MiB after ${Date.now() - startedAt} ms\n`,
    );
    assert.ok(after - before < NOISE_BYTES, `${when}: ${mib(before)} to ${mib(after)} MiB`);
  };
  try {
    const before = await heap();
    await writes.write(WRITES);
    await unchanged(before, `${lab.version}, no tap`);
    await stalledSnapshot(lab, writes, () => unchanged(before, `${lab.version}, snapshot stalled`));
    await pausedTap(lab, writes, () => unchanged(before, `${lab.version}, tap paused`));
    await neverHangingUp(lab, writes, heap);
    assert.equal(await lab.leader(), leader, 'the same server leads throughout');
  } finally {
    writes.close();
  }
}

/** The disk hangs as soon as the snapshot's file is there. */
async function stalledSnapshot(
  lab: Lab,
  writes: LargeWrites,
  measure: () => Promise<void>,
): Promise<void> {
  const directory = join(lab.directory, 'spool');
  const tap = tapOf(lab, { snapshotStallMs: STALL_MS });
  let goOn: (() => Promise<void>) | undefined;
  try {
    await fileIn(directory);
    goOn = hangDisk();
    await writes.write(WRITES);
    await measure();
    assert.deepEqual(tap.kinds, [], 'the snapshot is not there');
    await goOn();
    goOn = undefined;
    await attached(tap, 1);
    await writes.write(10);
    await assertEqual(lab, [tap]);
  } finally {
    await goOn?.();
    await tap.tap.close();
  }
}

/** Looks at each turn of the event loop, so that not much of the snapshot has come. */
async function fileIn(directory: string): Promise<void> {
  const deadline = Date.now() + DEADLINE_MS;
  const isThere = (): boolean => {
    try {
      return readdirSync(directory).some((name) => name.endsWith('.part'));
    } catch {
      return false;
    }
  };
  while (!isThere()) {
    if (Date.now() > deadline) throw new Error(`no snapshot began within ${DEADLINE_MS} ms`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Its consumer takes nothing for longer than the leader waits; then it goes on, every passed range named. */
async function pausedTap(
  lab: Lab,
  writes: LargeWrites,
  measure: () => Promise<void>,
): Promise<void> {
  const tap = tapOf(lab, { maxQueuedBytes: 1 << 20 });
  try {
    await attached(tap, 1);
    await tap.whilePaused(async () => {
      await writes.write(WRITES);
      await measure();
    });
    await attached(tap, 2);
    await writes.write(10);
    assert.ok(tap.kinds.includes('lost'), 'the leader dropped it');
    await assertEqual(lab, [tap]);
  } finally {
    await tap.tap.close();
  }
}

/** That the measure sees what it is there for. */
async function neverHangingUp(
  lab: Lab,
  writes: LargeWrites,
  heap: () => Promise<number>,
): Promise<void> {
  const { socket } = await connectLeader({
    ...{ servers: addressesOf(lab), lastZxid: 0n, timeoutMs: 10_000 },
  });
  try {
    const before = await heap();
    await writes.write(WRITES);
    const after = await heap();
    process.stderr.write(
      `  ${lab.version}, a learner that stands still and stays: ${mib(before)} MiB before, ${mib(after)} MiB after\n`,
    );
    assert.ok(after - before > HELD_BYTES, `only ${mib(after - before)} MiB more`);
  } finally {
    socket.destroy();
  }
}
