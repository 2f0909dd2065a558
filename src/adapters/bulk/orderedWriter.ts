/**
 * Writes to an ensemble in one order, many requests in flight over one session, each multi exactly once.
 *
 * Every multi also sets a marker znode, at the version it must have then: one that was in flight when the
 * connection broke is sent again only if the marker says that it was not applied, and a second writer with
 * the same marker is stopped by its first multi. The marker's data says how far the work is.
 *
 * ACLs can't be set by a multi. They are requests of their own in the same order, and may be sent twice:
 * setting one again changes nothing.
 */
import { decodeData, encodeRead, encodeSetAcl, OPCODE } from '../../codec/clientProtocol';
import {
  decodeMulti,
  encodeMulti,
  isDone,
  sizeInMulti,
  type OpResult,
  type WriteOp,
} from '../../codec/clientRequests';
import { isZkferryError } from '../../model/errors';
import type { ZkAcl } from '../../model/ports';
import { Connection } from '../zookeeper/connection';
import { operationError, zooKeeperCode } from '../zookeeper/errors';
import { BatchSize } from './batchSize';
import { Breaker } from './breaker';
import { Pace } from './pace';
import type { Batch, AclChange, Request } from './requests';
import { anotherWriter, breaksConnection, stalledTarget } from './writerErrors';
import type { WriterOptions } from './writerOptions';

export type { WriterOptions } from './writerOptions';

const MAX_IN_FLIGHT = 6;
/** ACLs that may be set and not yet be counted by the marker. */
export const MAX_ACLS_IN_FLIGHT = 256;
/** Half the default of jute.maxbuffer. */
const MAX_REQUEST_BYTES = 512 * 1024;
const STALL_TIMEOUT_MS = 60_000;
/** Of the marker's own operation, and of what frames the rest. */
const MARK_ROOM_BYTES = 512;
const SESSION_TIMEOUT_MS = 20_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** RuntimeInconsistency: what the server says of the operations that another one's failure undid. */
const UNDONE_WITH_ANOTHER = -2;

/** Between recoveries that lead nowhere; before the first there is none. */
const FIRST_PAUSE_MS = 50;
const MOST_PAUSE_MS = 1_000;
/** From then on the first request in flight goes alone until it is answered: it may be what breaks the connection. */
const ALONE_FROM = 2;
/** Of a target that is there, to a small request. */
const PROMPT_MS = 1_000;
/** Between requests that are not full. */
const LINGER_MS = 8;
const NO_NODE = -101;
const ANY_VERSION = -1;

/** `P`: how the work's position is said; the marker holds its JSON. */
export class OrderedWriter<P = unknown> {
  /** How far the work is once the operations added next are applied: written to the marker with them. */
  position: P | undefined;
  private openPosition: P | undefined;
  private connection: Connection;
  private readonly size = new BatchSize();
  private readonly pace: Pace;
  private readonly inFlight: Request<P>[] = [];
  private multisInFlight = 0;
  private open: WriteOp[] = [];
  private openBytes = 0;
  private nextVersion: number;
  /** What was cut goes out in the order in which it was cut. */
  private dispatched: Promise<void> = Promise.resolve();
  private failure: { error: unknown } | undefined;
  private recovering = false;
  /** Recoveries since the last answer. */
  private fruitless = 0;
  /** Only the first in flight was sent again; the others wait for its answer. */
  private isAlone = false;
  private readonly breaker: Breaker<Request<P>>;
  private waiting: (() => void)[] = [];
  private lingering: NodeJS.Timeout | undefined;
  private lastCut = 0;
  /** When the oldest request in flight was first sent, or one was answered. */
  private lastProgress = performance.now();
  private readonly acked = { ops: 0, bytes: 0 };
  private readonly maxInFlight: number;
  private readonly maxRequestBytes: number;
  private readonly stallTimeoutMs: number;

  constructor(private readonly options: WriterOptions<P>) {
    this.nextVersion = options.marker.version;
    this.maxInFlight = options.maxInFlight ?? MAX_IN_FLIGHT;
    this.maxRequestBytes = options.maxRequestBytes ?? MAX_REQUEST_BYTES;
    this.stallTimeoutMs = options.stallTimeoutMs ?? STALL_TIMEOUT_MS;
    this.pace = new Pace(options.opsPerSecond);
    this.breaker = new Breaker(options.servers.length);
    this.connection = this.connect();
  }

  /** The marker's version once everything cut so far is applied: after `flush`, its version. */
  get markerVersion(): number {
    return this.nextVersion;
  }

  /** Acknowledged so far, and how long an answer takes now. */
  get stats(): { ops: number; bytes: number; latencyMs: number } {
    return { ...this.acked, latencyMs: this.size.latencyMs };
  }

  /**
   * Takes the next operations, which go into one transaction. Returns a promise, to be awaited before the
   * next call, where a batch had to be sent first. It rejects with the failure of any operation so far.
   */
  add(...ops: WriteOp[]): Promise<void> | undefined {
    let bytes = 0;
    for (const op of ops) bytes += sizeInMulti(op);
    const isFull =
      this.open.length >= this.size.ops ||
      (this.open.length > 0 && this.openBytes + bytes > this.maxRequestBytes);
    const { position } = this;
    if (!isFull) return this.take(ops, bytes, position);
    return this.cut().then(() => this.take(ops, bytes, position));
  }

  /**
   * Sets an ACL after all operations added before, whatever version it has. `again`: an earlier process may
   * have set it, and thereby shut itself out.
   */
  async setAcl(path: string, acl: readonly ZkAcl[], again = false): Promise<void> {
    const { position } = this;
    await this.cut();
    await this.dispatch({ kind: 'acl', path, acl, position, again });
  }

  /**
   * Sends what was added, for whoever has nothing to add just now: at once where nothing is in flight, a moment
   * after the last request otherwise, since each costs the target a round of its quorum, however small.
   */
  nudge(): void {
    if (this.open.length === 0 || !this.mayCut() || this.lingering !== undefined) return;
    const waitMs = this.inFlight.length === 0 ? 0 : this.lastCut + LINGER_MS - performance.now();
    if (waitMs <= 0) return void this.cut().catch(() => undefined);
    this.lingering = setTimeout(() => {
      this.lingering = undefined;
      this.nudge();
    }, waitMs);
  }

  /** Resolves once everything added is acknowledged, and the marker says `position`. */
  async flush(): Promise<void> {
    this.openPosition = this.position;
    await this.cut(true);
    await this.until(() => this.inFlight.length === 0);
  }

  async close(): Promise<void> {
    clearTimeout(this.lingering);
    await this.connection.close();
  }

  private take(ops: WriteOp[], bytes: number, position: P | undefined): undefined {
    this.openPosition = position;
    for (const op of ops) this.open.push(op);
    this.openBytes += bytes;
  }

  private connect(): Connection {
    const { servers, auth, authFrom, shown } = this.options;
    return new Connection({ servers, auth, authFrom, shown, sessionTimeoutMs: SESSION_TIMEOUT_MS });
  }

  private mayCut(): boolean {
    return this.multisInFlight < this.maxInFlight && !this.recovering && this.failure === undefined;
  }

  /** `evenEmpty`: for the marker's sake. */
  private cut(evenEmpty = false): Promise<void> {
    if (this.open.length === 0 && !evenEmpty) return this.until(() => true);
    const { open: ops, openBytes: bytes, openPosition: position } = this;
    const version = this.nextVersion++;
    this.lastCut = performance.now();
    this.open = [];
    this.openBytes = 0;
    return this.dispatch({ kind: 'multi', ops, bytes, version, position, sentAt: 0, again: false });
  }

  private dispatch(item: Request<P>): Promise<void> {
    this.dispatched = this.dispatched.then(async () => {
      await this.pace.take(item.kind === 'multi' ? item.ops.length : 1);
      await this.until(() => this.hasRoomFor(item) && !this.recovering);
      if (this.inFlight.length === 0) this.lastProgress = performance.now();
      this.inFlight.push(item);
      if (item.kind === 'multi') this.multisInFlight += 1;
      if (!this.isAlone) this.send(item);
    });
    return this.dispatched;
  }

  private hasRoomFor(item: Request<P>): boolean {
    if (item.kind === 'multi') return this.multisInFlight < this.maxInFlight;
    return this.inFlight.length < MAX_ACLS_IN_FLIGHT;
  }

  /** Looks at every answer; fails with the first failure of any request. */
  private async until(holds: () => boolean): Promise<void> {
    for (;;) {
      if (this.failure !== undefined) throw this.failure.error;
      if (holds()) return;
      await new Promise<void>((resolve) => this.waiting.push(resolve));
    }
  }

  private wake(): void {
    const { waiting } = this;
    this.waiting = [];
    for (const resolve of waiting) resolve();
    if (this.options.eager === true) this.nudge();
  }

  private send(item: Request<P>): void {
    (item.kind === 'multi' ? this.sendBatch(item) : this.sendAcl(item))
      .catch((error: unknown) => this.unanswered(error))
      .finally(() => this.wake());
  }

  private async sendBatch(batch: Batch<P>): Promise<void> {
    batch.sentAt = performance.now();
    const { path } = this.options.marker;
    const data = Buffer.from(JSON.stringify(batch.position ?? null));
    const mark: WriteOp = { kind: 'setData', path, data, version: batch.version };
    const results = await this.connection.request(
      { operation: 'multi', path: batch.ops[0]?.path ?? path, timeoutMs: REQUEST_TIMEOUT_MS },
      // The marker first: whoever comes second is told so, and not that a node exists.
      (xid) => encodeMulti(xid, batch.ops, batch.bytes + MARK_ROOM_BYTES, mark),
      // Thousands of paths that are known already need not be read again.
      (body) => (isDone(body) ? [] : decodeMulti(body)),
    );
    this.answered(batch, results);
  }

  private async sendAcl(change: AclChange<P>): Promise<void> {
    const { path, acl } = change;
    try {
      await this.connection.request(
        { operation: 'setAcl', path, timeoutMs: REQUEST_TIMEOUT_MS },
        (xid) => encodeSetAcl(xid, path, acl, ANY_VERSION),
        () => undefined,
      );
    } catch (error) {
      // One whose answer was lost has set it, and shut this writer out.
      if (!change.again || zooKeeperCode(error) !== 'NoAuth') throw error;
    }
    if (this.failure === undefined && !this.recovering) this.done(1);
  }

  /** The first `count` requests in flight were applied. */
  private done(count: number): void {
    if (count === 0) return;
    this.fruitless = 0;
    let position: P | undefined;
    for (const item of this.inFlight.splice(0, count)) {
      position = item.position;
      this.acked.ops += item.kind === 'acl' ? 1 : item.ops.length;
      if (item.kind === 'acl') continue;
      this.multisInFlight -= 1;
      this.acked.bytes += item.bytes;
    }
    this.lastProgress = performance.now();
    if (position !== undefined) this.options.onAcknowledged?.(position);
    if (!this.isAlone || this.recovering) return;
    this.isAlone = false;
    for (const item of this.inFlight) this.send(item);
  }

  private answered(batch: Batch<P>, results: OpResult[]): void {
    if (this.failure !== undefined || this.recovering) return;
    const codes = results.map((result) => (result.kind === 'error' ? result.code : 0));
    const failed = codes.findIndex((code) => code !== 0 && code !== UNDONE_WITH_ANOTHER);
    if (failed === -1) {
      this.done(1);
      this.size.answered(this.lastProgress - batch.sentAt, batch.ops.length);
      return;
    }
    if (failed === 0) {
      // Sent again, and the first one was applied after all: the marker tells.
      if (batch.again) return this.recover();
      return this.fail(anotherWriter(this.options));
    }
    const op = batch.ops[failed - 1]!;
    if (op.kind === 'delete' && op.mayBeGone === true && codes[failed] === NO_NODE) {
      batch.ops.splice(failed - 1, 1);
      return this.recover();
    }
    const { kind, path } = op;
    const { shown: servers, authFrom } = this.options;
    const where = { operation: kind, path, servers, authFrom };
    this.fail(operationError(codes[failed]!, where));
  }

  private unanswered(error: unknown): void {
    // While recovering everything in flight is about to be sent again.
    if (this.failure !== undefined || this.recovering) return;
    const isStalled = performance.now() - this.lastProgress > this.stallTimeoutMs;
    if (isZkferryError(error) && error.retryable && !isStalled)
      this.recover(zooKeeperCode(error) === 'ConnectionLoss');
    else this.fail(error);
  }

  /** What can pass is a failure only where it has not passed for too long. */
  private fail(error: unknown): void {
    if (this.failure !== undefined) return;
    const isStalled = isZkferryError(error) && error.retryable;
    // Otherwise it answers, and a request may be what breaks the connection.
    const isDown = this.fruitless === 0;
    const forMs = performance.now() - this.lastProgress;
    this.failure = {
      error: isStalled ? stalledTarget(error, { shown: this.options.shown, forMs, isDown }) : error,
    };
    this.options.onFailure?.();
  }

  private recover(isBroken = false): void {
    if (this.recovering) return;
    this.recovering = true;
    void this.resend(isBroken)
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.recovering = false;
        this.wake();
      });
  }

  /** Asks the marker what was applied, and sends the rest again, in order. */
  private async resend(isBroken: boolean): Promise<void> {
    const [first] = this.inFlight;
    const askedAt = performance.now();
    const version = await this.readMarkerVersion();
    const isPrompt = performance.now() - askedAt < PROMPT_MS;
    if (version > this.lastVersion + 1)
      throw anotherWriter(
        this.options,
        `it is at version ${version}, beyond what this process sent`,
      );
    const firstLeft = this.inFlight.findIndex(
      (item) => item.kind === 'multi' && item.version >= version,
    );
    const lastApplied = this.inFlight
      .slice(0, firstLeft === -1 ? this.inFlight.length : firstLeft)
      .map(({ kind }) => kind)
      .lastIndexOf('multi');
    this.done(lastApplied + 1);
    if (isBroken && this.isAlone && isPrompt && first !== undefined && first === this.inFlight[0])
      this.refuseBreaker(first);
    const pauseMs = Math.min(MOST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.fruitless) - FIRST_PAUSE_MS;
    this.fruitless += 1;
    if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    this.recovering = false;
    this.isAlone = this.fruitless >= ALONE_FROM && this.inFlight.length > 0;
    for (const item of this.inFlight) item.again = true;
    for (const item of this.isAlone ? this.inFlight.slice(0, 1) : this.inFlight) this.send(item);
  }

  private refuseBreaker(request: Request<P>): void {
    const broken = this.breaker.broke(request, performance.now());
    if (broken !== undefined) throw breaksConnection(request, broken, this.options.shown);
  }

  /** Of the last batch that was sent. */
  private get lastVersion(): number {
    const waiting = this.inFlight.filter((item) => item.kind === 'multi');
    return waiting.at(-1)?.version ?? this.nextVersion - 1;
  }

  private async readMarkerVersion(): Promise<number> {
    const { path } = this.options.marker;
    const leftMs = () => this.lastProgress + this.stallTimeoutMs - performance.now();
    for (;;) {
      try {
        const request = { operation: 'get', path, timeoutMs: Math.max(1, leftMs()) };
        const { stat } = await this.connection.request(
          request,
          (xid) => encodeRead(xid, OPCODE.getData, path),
          decodeData,
        );
        return stat.version;
      } catch (error) {
        if (leftMs() <= 1 || !isZkferryError(error) || !error.retryable) throw error;
        if (zooKeeperCode(error) === 'SessionExpired') this.connection = this.connect();
      }
    }
  }
}
