/**
 * Writes to an ensemble in one order, many multis in flight over one session, each exactly once.
 *
 * Every multi also sets a marker znode, at the version it must have then: one that was in flight when the
 * connection broke is sent again only if the marker says that it was not applied, and a second writer with
 * the same marker is stopped by its first multi. The marker's data says how far the work is.
 */
import { decodeData, encodeRead, OPCODE } from '../../codec/clientProtocol';
import {
  decodeMulti,
  encodeMulti,
  sizeInMulti,
  type OpResult,
  type WriteOp,
} from '../../codec/clientRequests';
import { isZkferryError, ZkferryError } from '../../model/errors';
import { Connection } from '../zookeeper/connection';
import { operationError, zooKeeperCode } from '../zookeeper/errors';
import type { ServerAddress } from '../zookeeper/fourLetterClient';
import { BatchSize } from './batchSize';
import { Pace } from './pace';

export interface WriterOptions {
  servers: readonly ServerAddress[];
  /** The servers, for messages. */
  shown: string;
  auth: readonly { scheme: string; credential: string }[];
  marker: {
    /** An existing znode that nobody else writes. */
    path: string;
    /** Its version now. */
    version: number;
  };
  /** Most bytes of one request; the target's jute.maxbuffer is the limit. */
  maxRequestBytes?: number;
  maxInFlight?: number;
  /** No limit where absent. */
  opsPerSecond?: number;
  /** Longest time without an acknowledgement, reconnecting included. */
  stallTimeoutMs?: number;
}

interface Batch {
  ops: WriteOp[];
  bytes: number;
  /** The marker's version before this batch. */
  version: number;
  position: Buffer;
  sentAt: number;
  /** Sent before; whether it was applied was not known. */
  again: boolean;
}

const MAX_IN_FLIGHT = 6;
/** Half the default of jute.maxbuffer. */
const MAX_REQUEST_BYTES = 512 * 1024;
const MAX_OPS = 1_000;
const STALL_TIMEOUT_MS = 60_000;
/** Of the marker's own operation, and of what frames the rest. */
const MARK_ROOM_BYTES = 512;
const SESSION_TIMEOUT_MS = 20_000;
const REQUEST_TIMEOUT_MS = 30_000;
/** RuntimeInconsistency: what the server says of the operations that another one's failure undid. */
const UNDONE_WITH_ANOTHER = -2;

export class OrderedWriter {
  /** Written to the marker with the operations added so far: how far the work is once they are applied. */
  position = '';
  private connection: Connection;
  private readonly size = new BatchSize();
  private readonly pace: Pace;
  private readonly inFlight: Batch[] = [];
  private open: WriteOp[] = [];
  private openBytes = 0;
  private nextVersion: number;
  private failure: { error: unknown } | undefined;
  private recovering = false;
  private wake: (() => void) | undefined;
  private lastProgress = performance.now();
  private readonly acked = { ops: 0, bytes: 0 };
  private readonly maxInFlight: number;
  private readonly maxRequestBytes: number;
  private readonly stallTimeoutMs: number;

  constructor(private readonly options: WriterOptions) {
    this.nextVersion = options.marker.version;
    this.maxInFlight = options.maxInFlight ?? MAX_IN_FLIGHT;
    this.maxRequestBytes = options.maxRequestBytes ?? MAX_REQUEST_BYTES;
    this.stallTimeoutMs = options.stallTimeoutMs ?? STALL_TIMEOUT_MS;
    this.pace = new Pace(options.opsPerSecond);
    this.connection = this.connect();
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
      this.open.length >= Math.min(MAX_OPS, this.size.ops) ||
      (this.open.length > 0 && this.openBytes + bytes > this.maxRequestBytes);
    if (!isFull) return this.take(ops, bytes);
    return this.cut().then(() => this.take(ops, bytes));
  }

  private take(ops: WriteOp[], bytes: number): undefined {
    this.open.push(...ops);
    this.openBytes += bytes;
  }

  /** Resolves once everything added is acknowledged. */
  async flush(): Promise<void> {
    await this.cut();
    await this.until(() => this.inFlight.length === 0);
  }

  async close(): Promise<void> {
    await this.connection.close();
  }

  private connect(): Connection {
    const { servers, auth, shown } = this.options;
    return new Connection({ servers, auth, shown, sessionTimeoutMs: SESSION_TIMEOUT_MS });
  }

  private async cut(): Promise<void> {
    if (this.open.length === 0) return this.until(() => true);
    const batch: Batch = {
      ops: this.open,
      bytes: this.openBytes,
      version: this.nextVersion++,
      position: Buffer.from(this.position),
      sentAt: 0,
      again: false,
    };
    this.open = [];
    this.openBytes = 0;
    await this.pace.take(batch.ops.length);
    await this.until(() => this.inFlight.length < this.maxInFlight && !this.recovering);
    this.inFlight.push(batch);
    this.send(batch);
  }

  /** Woken at every answer; fails with the first failure of any batch. */
  private async until(holds: () => boolean): Promise<void> {
    for (;;) {
      if (this.failure !== undefined) throw this.failure.error;
      if (holds()) return;
      await new Promise<void>((resolve) => (this.wake = resolve));
    }
  }

  private send(batch: Batch): void {
    batch.sentAt = performance.now();
    const { path } = this.options.marker;
    const mark: WriteOp = {
      kind: 'setData',
      path,
      data: batch.position,
      version: batch.version,
    };
    this.connection
      .request(
        { operation: 'multi', path: batch.ops[0]?.path ?? path, timeoutMs: REQUEST_TIMEOUT_MS },
        // The marker first: whoever comes second is told so, and not that a node exists.
        (xid) => encodeMulti(xid, [mark, ...batch.ops], batch.bytes + MARK_ROOM_BYTES),
        decodeMulti,
      )
      .then(
        (results) => this.answered(batch, results),
        (error: unknown) => this.unanswered(error),
      )
      .finally(() => this.wake?.());
  }

  private answered(batch: Batch, results: OpResult[]): void {
    if (this.failure !== undefined || this.recovering) return;
    const codes = results.map((result) => (result.kind === 'error' ? result.code : 0));
    const failed = codes.findIndex((code) => code !== 0 && code !== UNDONE_WITH_ANOTHER);
    if (failed === -1) {
      this.inFlight.shift();
      this.acked.ops += batch.ops.length;
      this.acked.bytes += batch.bytes;
      this.lastProgress = performance.now();
      this.size.answered(this.lastProgress - batch.sentAt, batch.ops.length);
      return;
    }
    if (failed === 0) {
      // Sent again, and the first one was applied after all: the marker tells.
      if (batch.again) return this.recover();
      return this.fail(
        new ZkferryError(
          'EnsembleHeld',
          `somebody else writes with the marker ${this.options.marker.path} at ${this.options.shown}: let one of the two end`,
        ),
      );
    }
    const { kind, path } = batch.ops[failed - 1]!;
    const where = { operation: kind, path, servers: this.options.shown };
    this.fail(operationError(codes[failed]!, where));
  }

  private unanswered(error: unknown): void {
    if (this.failure !== undefined) return;
    if (isZkferryError(error) && error.retryable) this.recover();
    else this.fail(error);
  }

  private fail(error: unknown): void {
    this.failure ??= { error };
  }

  private recover(): void {
    if (this.recovering) return;
    this.recovering = true;
    void this.resend()
      .catch((error: unknown) => this.fail(error))
      .finally(() => {
        this.recovering = false;
        this.wake?.();
      });
  }

  /** Asks the marker what was applied, and sends the rest again, in order. */
  private async resend(): Promise<void> {
    const version = await this.markerVersion();
    const last = this.inFlight.at(-1);
    if (last !== undefined && version > last.version + 1)
      throw new ZkferryError(
        'EnsembleHeld',
        `the marker ${this.options.marker.path} at ${this.options.shown} is at version ${version}, beyond what this process sent: somebody else writes with it`,
      );
    while (this.inFlight.length > 0 && this.inFlight[0]!.version < version) {
      const applied = this.inFlight.shift()!;
      this.acked.ops += applied.ops.length;
      this.acked.bytes += applied.bytes;
      this.lastProgress = performance.now();
    }
    this.recovering = false;
    for (const batch of this.inFlight) {
      batch.again = true;
      this.send(batch);
    }
  }

  private async markerVersion(): Promise<number> {
    const { path } = this.options.marker;
    for (;;) {
      const leftMs = this.lastProgress + this.stallTimeoutMs - performance.now();
      try {
        const request = { operation: 'get', path, timeoutMs: Math.max(1, leftMs) };
        const { stat } = await this.connection.request(
          request,
          (xid) => encodeRead(xid, OPCODE.getData, path),
          decodeData,
        );
        return stat.version;
      } catch (error) {
        if (leftMs <= 1 || !isZkferryError(error) || !error.retryable) throw error;
        if (zooKeeperCode(error) === 'SessionExpired') this.connection = this.connect();
      }
    }
  }
}
