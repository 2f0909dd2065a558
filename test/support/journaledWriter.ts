/** Writes that are remembered as they are acknowledged: which transaction, and when. */
import { decodeStat, encodeCreate, encodeSetData } from '../../src/codec/clientProtocol';
import { Pace } from '../../src/adapters/bulk/pace';
import { Connection } from '../../src/adapters/zookeeper/connection';
import type { SessionOptions } from '../../src/model/ports';

const TIMEOUT_MS = 10_000;
const NODES = 50;
const IN_FLIGHT = 32;
/** Requests of one life of a session. */
const LIFE = 20_000;
const OPEN = [{ perms: 31, scheme: 'world', id: 'anyone' }];

export interface Acknowledged {
  zxid: bigint;
  /** Ms since 1970. */
  atMs: number;
}

export class JournaledWriter {
  readonly journal: Acknowledged[] = [];
  failed = 0;
  private stopped = false;
  private readonly pace: Pace;
  private readonly living: Promise<void>;

  /** `root`: an existing node. */
  constructor(
    private readonly servers: SessionOptions['servers'],
    private readonly root: string,
    writesPerSecond: number,
  ) {
    this.pace = new Pace(writesPerSecond);
    this.living = this.live();
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.living;
  }

  private async live(): Promise<void> {
    while (!this.stopped) {
      const shown = this.servers.map(({ host, clientPort }) => `${host}:${clientPort}`).join(',');
      const connection = new Connection({
        ...{ servers: this.servers, auth: [], shown, sessionTimeoutMs: TIMEOUT_MS },
      });
      for (let node = 0; node < NODES; node += 1)
        await this.create(connection, node).catch(() => undefined);
      let next = 0;
      const worker = async (): Promise<void> => {
        while (!this.stopped && next < LIFE) {
          await this.pace.take(1);
          await this.set(connection, (next += 1)).catch(() => (this.failed += 1));
        }
      };
      await Promise.all(Array.from({ length: IN_FLIGHT }, worker));
      await connection.close();
    }
  }

  private create(connection: Connection, node: number): Promise<void> {
    const path = `${this.root}/n${node}`;
    return connection.request(
      { operation: 'create', path, timeoutMs: TIMEOUT_MS },
      (xid) => encodeCreate(xid, path, Buffer.alloc(0), OPEN, 0),
      () => undefined,
    );
  }

  private async set(connection: Connection, value: number): Promise<void> {
    const path = `${this.root}/n${value % NODES}`;
    const { mzxid } = await connection.request(
      { operation: 'set', path, timeoutMs: TIMEOUT_MS },
      (xid) => encodeSetData(xid, path, Buffer.from(String(value)), -1),
      decodeStat,
    );
    this.journal.push({ zxid: BigInt(mzxid), atMs: Date.now() });
  }
}
