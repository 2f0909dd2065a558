/** Makes a real server commit every kind of transaction its version has, in every shape that matters to a codec. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeRead, encodeSetAcl, OPCODE } from '../../src/codec/clientProtocol';
import {
  CREATE_FLAGS,
  decodeMulti,
  encodeMulti,
  encodeReconfig,
  encodeWrite,
  type OpResult,
  type WriteOp,
} from '../../src/codec/clientRequests';
import type { TxnBody } from '../../src/codec/records';
import type { Lab, LabOptions } from '../../src/lab/lab';
import { atLeast } from '../../src/model/version';
import { snapshotsOf } from './dataFiles';
import { RawClient, RequestFailed } from './rawClient';
import { until } from './until';

const OPEN = [{ perms: 31, scheme: 'world', id: 'anyone' }];
const NO_NODE = -101;
const NODE_EXISTS = -110;
const RUNTIME_INCONSISTENCY = -2;
const CONTAINER_CHECK_MS = 500;
const GONE_DEADLINE_MS = 20_000;
const SNAPSHOT_DEADLINE_MS = 30_000;
/** Between a burst of writes and the look at what the server made of it. */
const QUIET_MS = 300;

/**
 * One server that leaves small logs and several snapshots behind, some of them taken while it was written to.
 * From 3.5 on a quorum of one with reconfig; there containers and TTL nodes are looked after every half second.
 */
export function everyTransactionLab(name: string, version: string): LabOptions {
  const modern = atLeast(version, '3.5.3');
  return {
    name,
    version,
    servers: 1,
    reconfig: modern,
    settings: {
      snapCount: '40',
      preAllocSize: '256',
      ...(modern ? { extendedTypesEnabled: 'true' } : {}),
    },
    javaOptions: [`-Dznode.container.checkIntervalMs=${CONTAINER_CHECK_MS}`],
  };
}

/** Kinds of transactions that must be in the logs of `runEveryTransaction`; a multi's parts count too. */
export function kindsOf(version: string): TxnBody['kind'][] {
  const always: TxnBody['kind'][] = [
    ...(['create', 'delete', 'setData', 'setAcl', 'check', 'multi', 'error'] as const),
    ...(['createSession', 'closeSession'] as const),
  ];
  if (!atLeast(version, '3.5.3')) return always;
  return [...always, 'create2', 'createContainer', 'createTtl', 'deleteContainer', 'reconfig'];
}

type SingleOp = Exclude<WriteOp, { kind: 'check' }>;

class Run {
  private constructor(
    private readonly client: RawClient,
    private readonly lab: Lab,
  ) {}

  static async open(lab: Lab): Promise<Run> {
    return new Run(await RawClient.open(lab.members[0]!), lab);
  }

  private get modern(): boolean {
    return atLeast(this.lab.version, '3.5.3');
  }

  write(op: SingleOp): Promise<Buffer> {
    return this.client.ask(`${op.kind} ${op.path}`, (xid) => encodeWrite(xid, op));
  }

  create(path: string, data: Buffer | null = Buffer.from(path), flags = 0, acl = OPEN) {
    return this.write({ kind: 'create', path, data, flags, acl });
  }

  async multi(ops: WriteOp[]): Promise<OpResult[]> {
    return decodeMulti(await this.client.ask('a multi', (xid) => encodeMulti(xid, ops)));
  }

  async codeOf(op: SingleOp): Promise<number> {
    try {
      await this.write(op);
      return 0;
    } catch (error) {
      if (error instanceof RequestFailed) return error.code;
      throw error;
    }
  }

  async gone(path: string): Promise<void> {
    await until(
      `${path} to be deleted by the server`,
      async () => {
        try {
          await this.client.ask(path, (xid) => encodeRead(xid, OPCODE.exists, path));
          return undefined;
        } catch (error) {
          if (error instanceof RequestFailed && error.code === NO_NODE) return true;
          throw error;
        }
      },
      GONE_DEADLINE_MS,
    );
  }

  async plainWrites(): Promise<void> {
    await this.create('/every');
    await this.create('/every/null', null);
    await this.create('/every/empty', Buffer.alloc(0));
    await this.create('/every/binary', Buffer.from([0, 255, 0xed, 0xa0, 0x80, 0x42]));
    await this.create('/every/large', Buffer.alloc(900_000, 'large'));
    await this.create('/every/żółć-日本', Buffer.from('names beyond ASCII'));
    for (let index = 0; index < 5; index += 1) {
      await this.create('/every/sequence-', Buffer.from('s'), CREATE_FLAGS.sequential);
    }
    await this.write({ kind: 'setData', path: '/every/null', data: Buffer.from('full now') });
    await this.write({ kind: 'setData', path: '/every/null', data: null });
    await this.write({ kind: 'setData', path: '/every/empty', data: Buffer.from('x'), version: 0 });
    await this.write({ kind: 'delete', path: '/every/binary' });
    expectCode(await this.codeOf({ kind: 'delete', path: '/every/none' }), NO_NODE);
  }

  async acls(): Promise<void> {
    const password = createHash('sha1').update('reader:secret').digest('base64');
    const acl = [
      { perms: 31, scheme: 'digest', id: `reader:${password}` },
      { perms: 1, scheme: 'ip', id: '127.0.0.1' },
      { perms: 1, scheme: 'digest', id: 'zażółć-\u{1F511}:hash' },
    ];
    await this.create('/every/guarded', Buffer.from('g'), 0, acl);
    await this.create('/every/opened');
    const restrict = (xid: number) => encodeSetAcl(xid, '/every/opened', acl, -1);
    await this.client.ask('setACL', restrict);
    await this.client.authenticate('digest', 'reader:secret');
    const widen = (xid: number) => encodeSetAcl(xid, '/every/opened', OPEN, 1);
    await this.client.ask('setACL', widen);
  }

  async multis(): Promise<void> {
    const extended: WriteOp[] = [
      { kind: 'create2', path: '/every/multi/two', data: null, acl: OPEN },
      { kind: 'createContainer', path: '/every/multi/box', data: Buffer.from('b'), acl: OPEN },
      { kind: 'createTtl', path: '/every/multi/ttl', data: null, acl: OPEN, ttlMs: 3_600_000 },
    ];
    const results = await this.multi([
      { kind: 'create', path: '/every/multi', data: Buffer.from('m'), acl: OPEN },
      { kind: 'check', path: '/every/multi', version: 0 },
      { kind: 'create', path: '/every/multi/e', data: null, acl: OPEN, flags: 1 },
      { kind: 'create', path: '/every/multi/gone', data: null, acl: OPEN },
      { kind: 'setData', path: '/every/multi', data: Buffer.alloc(0) },
      { kind: 'delete', path: '/every/multi/gone' },
      ...(this.modern ? extended : []),
    ]);
    expectCode(results.filter(({ kind }) => kind === 'error').length, 0);
    const failed = await this.multi([
      { kind: 'create', path: '/every/multi/never', data: Buffer.from('n'), acl: OPEN },
      { kind: 'create', path: '/every/multi', data: null, acl: OPEN },
      { kind: 'delete', path: '/every/multi' },
    ]);
    const codes = failed.map((result) => (result.kind === 'error' ? result.code : 1));
    expectCode(String(codes), String([0, NODE_EXISTS, RUNTIME_INCONSISTENCY]));
    await this.multi([]);
  }

  async extendedTypes(): Promise<void> {
    await this.write({ kind: 'create2', path: '/every/two', data: Buffer.from('2'), acl: OPEN });
    await this.write({ kind: 'createContainer', path: '/every/box', data: null, acl: OPEN });
    await this.create('/every/box/child');
    await this.write({ kind: 'delete', path: '/every/box/child' });
    const ttl = { kind: 'createTtl', path: '/every/ttl', data: null, acl: OPEN } as const;
    await this.write({ ...ttl, ttlMs: 1 });
    await this.write({ ...ttl, path: '/every/ttl-kept', ttlMs: 0xff_ffff_ffff });
    await this.write({ ...ttl, path: '/every/ttl-', ttlMs: 86_400_000, sequential: true });
    await this.write({ kind: 'createContainer', path: '/every/kept', data: null, acl: OPEN });
    await this.gone('/every/box');
    await this.gone('/every/ttl');
  }

  async reconfig(): Promise<void> {
    const secret = readFileSync(join(this.lab.directory, 'keys', 'super'), 'utf8').trim();
    await this.client.authenticate('digest', secret);
    const joining = 'server.9=127.0.0.9:2888:3888:observer;127.0.0.9:2181';
    const none = { joining: null, leaving: null, newMembers: null, fromConfig: -1n };
    const ask = (request: Parameters<typeof encodeReconfig>[1]) =>
      this.client.ask('reconfig', (xid) => encodeReconfig(xid, request));
    await ask({ ...none, joining });
    await ask({ ...none, leaving: '9' });
  }

  /** One that leaves ephemerals behind, one that has none, one that its server closes because it expired. */
  async sessions(): Promise<void> {
    const server = this.lab.members[0]!;
    const ephemeral = (path: string) => (xid: number) =>
      encodeWrite(xid, { kind: 'create', path, data: Buffer.from('e'), acl: OPEN, flags: 1 });
    const leaving = await RawClient.open(server);
    for (const name of ['a', 'b', 'ć']) {
      await leaving.ask(name, ephemeral(`/every/ephemeral-${name}`));
    }
    await leaving.close();
    await (await RawClient.open(server)).close();
    const expiring = await RawClient.open(server, 4_000);
    await expiring.ask('expiring', ephemeral('/every/expiring'));
    expiring.drop();
    await this.gone('/every/expiring');
  }

  /** Enough writes that the server takes snapshots and begins new logs among them. */
  async manyWrites(): Promise<void> {
    await this.create('/every/many');
    await Promise.all(
      Array.from({ length: 200 }, (_, index) => this.create(`/every/many/${index}`)),
    );
  }

  /** Writes until a snapshot of the tree as it is now is there and whole, and no other is being written. */
  async snapshotTaken(): Promise<void> {
    const from = (
      await this.client.exchange('/every', (xid) => encodeRead(xid, OPCODE.exists, '/every'))
    ).zxid;
    await until(
      'the server to take a snapshot after everything was written',
      async () => {
        const snapshots = snapshotsOf(this.lab.members[0]!);
        const whole = snapshots.every(({ end }) => end.kind === 'complete');
        if (whole && snapshots.some(({ zxid }) => zxid >= from)) return true;
        const data = Buffer.from('again');
        for (let index = 0; index < 20; index += 1) {
          await this.write({ kind: 'setData', path: '/every/many', data });
        }
        return undefined;
      },
      SNAPSHOT_DEADLINE_MS,
      QUIET_MS,
    );
  }

  /** Stays open, so that the last snapshot and log hold a session and its ephemeral. */
  async leaveOpen(): Promise<void> {
    await this.create('/every/still-here', Buffer.from('e'), CREATE_FLAGS.ephemeral);
    await this.snapshotTaken();
    this.client.drop();
  }

  async all(): Promise<void> {
    await this.plainWrites();
    await this.acls();
    await this.multis();
    if (this.modern) await this.extendedTypes();
    await this.sessions();
    await this.manyWrites();
    if (this.modern) await this.reconfig();
    await this.leaveOpen();
  }
}

function expectCode<T extends number | string>(got: T, wanted: T): void {
  if (got !== wanted) throw new Error(`the server answered ${got}, expected ${wanted}`);
}

/**
 * Under /every. Returns what the version has no transaction for, each with its reason; everything else was
 * done and acknowledged, or an error says what was not.
 */
export async function runEveryTransaction(lab: Lab): Promise<{ skipped: string[] }> {
  const run = await Run.open(lab);
  await run.all();
  if (atLeast(lab.version, '3.5.3')) return { skipped: [] };
  return { skipped: ['create2, containers, TTL nodes and reconfig: they came with 3.5'] };
}

/** Everything, from start to stop. */
export async function leaveEveryTransaction(lab: Lab): Promise<void> {
  await lab.start();
  await runEveryTransaction(lab);
  await lab.stop();
}
