/** Writes of every kind at a given rate, from several sessions, many in flight: what a follower must keep up with. */
import {
  decodeString,
  encodeCreate,
  encodeDelete,
  encodeSetAcl,
  encodeSetData,
} from '../../src/codec/clientProtocol';
import { decodeMulti, encodeMulti } from '../../src/codec/clientRequests';
import { Pace } from '../../src/adapters/bulk/pace';
import { Connection } from '../../src/adapters/zookeeper/connection';
import { digestId } from '../../src/adapters/zookeeper/ownedNodes';
import type { SessionOptions, ZkAcl } from '../../src/model/ports';

const CREDENTIAL = 'load:secret';
const AUTH = [{ scheme: 'digest', credential: CREDENTIAL }];
const OPEN: ZkAcl[] = [{ perms: 31, scheme: 'world', id: 'anyone' }];
const CLOSED: ZkAcl[] = [{ perms: 31, scheme: 'digest', id: digestId(CREDENTIAL) }];
const READABLE: ZkAcl[] = [{ perms: 1, scheme: 'world', id: 'anyone' }, ...CLOSED];
const TIMEOUT_MS = 10_000;
const MOST_KEPT = 400;
/** Requests of one life of a session. */
const LIFE = 2_000;

export interface WriteLoadOptions {
  servers: SessionOptions['servers'];
  /** An existing node; everything is written below it. */
  root: string;
  writesPerSecond: number;
  sessions?: number;
  inFlight?: number;
}

export class WriteLoad {
  acknowledged = 0;
  failed = 0;
  private stopped = false;
  private readonly pace: Pace;
  private readonly lanes: Promise<void>[];

  constructor(private readonly options: WriteLoadOptions) {
    this.pace = new Pace(options.writesPerSecond);
    this.lanes = Array.from({ length: options.sessions ?? 4 }, (_, lane) => this.live(lane));
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.lanes);
  }

  private async live(lane: number): Promise<void> {
    for (let life = 0; !this.stopped; life += 1) {
      const { servers } = this.options;
      const shown = servers.map(({ host, clientPort }) => `${host}:${clientPort}`).join(',');
      const connection = new Connection({
        servers,
        auth: AUTH,
        shown,
        sessionTimeoutMs: TIMEOUT_MS,
      });
      const kept: string[] = [];
      let next = 0;
      const worker = async () => {
        while (!this.stopped && next < LIFE) {
          await this.pace.take(1);
          await this.write(
            connection,
            kept,
            `${this.options.root}/l${lane}-${life}-${next++}`,
          ).then(
            () => (this.acknowledged += 1),
            () => (this.failed += 1),
          );
        }
      };
      await Promise.all(Array.from({ length: this.options.inFlight ?? 48 }, worker));
      // Half of the lives leave what they made; ephemerals go with the session in any case.
      await connection.close();
    }
  }

  private async write(connection: Connection, kept: string[], path: string): Promise<void> {
    const ask = <T>(
      operation: string,
      at: string,
      encode: (xid: number) => Buffer,
      decode: (body: Buffer) => T,
    ) => connection.request({ operation, path: at, timeoutMs: TIMEOUT_MS }, encode, decode);
    const create = (at: string, acl: ZkAcl[], flags = 0) =>
      ask(
        'create',
        at,
        (xid) => encodeCreate(xid, at, Buffer.alloc(100, at), acl, flags),
        decodeString,
      );
    const nothing = () => undefined;
    const any = kept[Math.floor(Math.random() * kept.length)];
    const dice = Math.random();
    if (any === undefined || dice < 0.12) kept.push(await create(path, OPEN));
    else if (dice < 0.17) kept.push(await create(path, CLOSED));
    else if (dice < 0.22) kept.push(await create(`${any}/c-`, READABLE, 2));
    else if (dice < 0.27) await create(path, OPEN, 1);
    else if (dice < 0.3) await create(`${path}-`, OPEN, 3);
    else if (dice < 0.33)
      await ask(
        'setAcl',
        any,
        (xid) => encodeSetAcl(xid, any, dice < 0.315 ? CLOSED : READABLE, -1),
        nothing,
      );
    else if (dice < 0.36)
      await ask(
        'multi',
        any,
        (xid) =>
          encodeMulti(xid, [
            { kind: 'create', path, data: null, acl: OPEN },
            { kind: 'setData', path: any, data: Buffer.alloc(0) },
            { kind: 'delete', path },
          ]),
        decodeMulti,
      );
    else if (dice < 0.37)
      await ask('set', any, (xid) => encodeSetData(xid, any, Buffer.alloc(9), 77_777), nothing);
    else
      await ask('set', any, (xid) => encodeSetData(xid, any, Buffer.alloc(100, path), -1), nothing);
    if (kept.length > MOST_KEPT) {
      const oldest = kept.shift()!;
      await ask('delete', oldest, (xid) => encodeDelete(xid, oldest, -1), nothing).catch(nothing);
    }
  }
}
