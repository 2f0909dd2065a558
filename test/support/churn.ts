/** Load that uses what a tree can hold, without a pause. */
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper';
import type { SessionOptions, ZkSession } from '../../src/model/ports';

const KEPT_PER_LANE = 60;

/** Creates, overwrites, deletes, protects, and lets sessions go with their ephemerals, until told to stop. */
export class Churn {
  acknowledged = 0;
  private stopped = false;
  private readonly lanes: Promise<void>[];

  constructor(
    private readonly servers: SessionOptions['servers'],
    lanes = 12,
  ) {
    this.lanes = Array.from({ length: lanes }, (_, lane) => this.churn(lane));
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
          servers: this.servers,
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
