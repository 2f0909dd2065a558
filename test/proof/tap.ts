/** The tap on every release line: trees built from it equal the leader's, whenever it joins. */
import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper';
import { createLab, type Lab } from '../../src/lab/lab';
import { atLeast } from '../../src/model/version';
import type { ZkSession } from '../../src/model/ports';
import { compareSessions, compareTrees, isServersOwn } from '../../src/tree/compareTrees';
import { TapTree } from '../support/tapTree';
import { until } from '../support/until';
import type { Case } from '../upgrade/cases/types';

const VERSIONS = ['3.4.14', '3.5.10', '3.6.4', '3.7.2', '3.8.6', '3.9.6'];
const JOINS = 20;
const LANES = 12;
const KEPT_PER_LANE = 60;
const LEADERS_KILLED = 3;
const ADDRESSES = (lab: Lab) => lab.members.map(({ host, clientPort }) => ({ host, clientPort }));

/** Creates, overwrites, deletes, protects, and lets sessions go with their ephemerals, until told to stop. */
class Churn {
  acknowledged = 0;
  private stopped = false;
  private readonly lanes: Promise<void>[];

  constructor(private readonly lab: Lab) {
    this.lanes = Array.from({ length: LANES }, (_, lane) => this.churn(lane));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.lanes);
  }

  private async churn(lane: number): Promise<void> {
    const kept: string[] = [];
    for (let life = 0; !this.stopped; life += 1) {
      let session: ZkSession | undefined;
      try {
        session = await createZooKeeperAdapter().openSession({
          servers: ADDRESSES(this.lab),
          operationTimeoutMs: 3_000,
        });
        for (let n = 0; n < 150 && !this.stopped; n += 1) {
          await this.step(session, kept, `/lane-${lane}-${life}-${n}`).catch(() => undefined);
        }
      } catch {
        // No server takes a session just now: the next round tries again.
      }
      await session?.close();
    }
  }

  private async step(session: ZkSession, kept: string[], path: string): Promise<void> {
    const data = Buffer.alloc(Math.floor(Math.random() * 300), path);
    // Never the root: after a write to "/" a leader's digests are off, as its followers' own counters say.
    const any = kept[Math.floor(Math.random() * kept.length)];
    if (any === undefined) return void kept.push(await session.create(path, data));
    const closed = [{ perms: 1, scheme: 'digest', id: `u${kept.length}:hash` }];
    const dice = Math.random();
    if (dice < 0.15) await session.create(path, data, { ephemeral: true });
    else if (dice < 0.3) kept.push(await session.create(`${path}-`, data, { sequential: true }));
    else if (dice < 0.4) kept.push(await session.create(path, data, { acl: closed }));
    else if (dice < 0.5) kept.push(await session.create(path, data));
    else if (dice < 0.6) await session.create(`${any}/c`, data);
    else if (dice < 0.9) await session.set(any, data);
    else if (dice < 0.93) await session.set(any, data, 1_000_000);
    else if (dice < 0.95) await session.setAcl(any, [{ perms: 31, scheme: 'world', id: 'anyone' }]);
    else await session.delete(any);
    this.acknowledged += 1;
    if (kept.length > KEPT_PER_LANE) {
      const oldest = kept.shift()!;
      await session.delete(`${oldest}/c`).catch(() => undefined);
      await session.delete(oldest);
    }
  }
}

async function withLab(name: string, version: string, work: (lab: Lab) => Promise<void>) {
  const lab = await createLab({ name, version, servers: 3, settings: { tickTime: '500' } });
  try {
    await lab.start();
    await work(lab);
  } finally {
    await lab.destroy();
  }
}

const follow = (lab: Lab): TapTree =>
  new TapTree({ servers: ADDRESSES(lab), directory: join(lab.directory, 'spool') });

const attached = (tap: TapTree, times: number) =>
  until(
    `attachment number ${times}`,
    () => {
      if (tap.error !== undefined) throw tap.error;
      return tap.attachments >= times || undefined;
    },
    60_000,
  );

/** Compares each tree with one from a snapshot the leader wrote when all was quiet. */
async function assertEqual(lab: Lab, version: string, taps: readonly TapTree[]): Promise<void> {
  const reference = follow(lab);
  try {
    await attached(reference, 1);
    const all = [reference, ...taps];
    await until(
      () => `every tap at one zxid: ${all.map(({ last }) => last.toString(16)).join(' ')}`,
      () => {
        for (const { error } of all) if (error !== undefined) throw error;
        return all.every(({ last }) => last === reference.last) || undefined;
      },
      30_000,
    );
    for (const [index, tap] of taps.entries()) {
      const differences = [
        ...compareTrees(tap.tree!, reference.tree!, { ignore: isServersOwn }),
        ...compareSessions(tap.tree!, reference.tree!),
      ];
      assert.deepEqual(differences.slice(0, 5), [], `tap ${index} differs from the leader`);
      assert.ok(tap.transactions > 0, `tap ${index} saw no transaction`);
      assert.equal(tap.digestsMismatched, 0, `tap ${index}: digests`);
      if (atLeast(version, '3.6.0')) assert.ok(tap.digestsMatched > 0, `tap ${index}: no digests`);
    }
  } finally {
    await reference.tap.close();
  }
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const joins = (version: string): Case => ({
  name: `${JOINS} joins under load on ${version}`,
  run: () =>
    withLab('tap-joins', version, async (lab) => {
      const churn = new Churn(lab);
      const taps: TapTree[] = [];
      try {
        await until('some load', () => churn.acknowledged > 500 || undefined, 30_000);
        for (let join = 0; join < JOINS; join += 1) {
          const tap = follow(lab);
          taps.push(tap);
          await attached(tap, 1);
          await pause(Math.random() * 300);
        }
        await churn.stop();
        await assertEqual(lab, version, taps);
      } finally {
        await churn.stop();
        await Promise.all(taps.map(({ tap }) => tap.close()));
      }
    }),
});

const leadersKilled = (version: string): Case => ({
  name: `${LEADERS_KILLED} leaders killed under load on ${version}`,
  run: () =>
    withLab('tap-leaders', version, async (lab) => {
      const churn = new Churn(lab);
      const taps = [follow(lab), follow(lab)];
      try {
        for (let killed = 1; killed <= LEADERS_KILLED; killed += 1) {
          await Promise.all(taps.map((tap) => attached(tap, killed)));
          const before = churn.acknowledged;
          await until('some load', () => churn.acknowledged > before + 300 || undefined, 60_000);
          const leader = (await lab.leader())!;
          await lab.killServer(leader);
          await Promise.all(taps.map((tap) => attached(tap, killed + 1)));
          await lab.startServer(leader);
          await lab.waitServing();
        }
        await churn.stop();
        await assertEqual(lab, version, taps);
      } finally {
        await churn.stop();
        await Promise.all(taps.map(({ tap }) => tap.close()));
      }
    }),
});

export const tapCases: Case[] = VERSIONS.flatMap((version) => [
  joins(version),
  leadersKilled(version),
]);
