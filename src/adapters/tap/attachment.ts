/** One connection to one leader, from its first word on the synchronisation to its end. */
import { rm } from 'node:fs/promises';
import type { Socket } from 'node:net';
import type { LearnerProtocol } from '../../codec/quorum/learnerProtocol';
import { encodeEpochAck, encodePingReply } from '../../codec/quorum/packet';
import { QuorumPacketDecoder } from '../../codec/quorum/packetDecoder';
import { SnapshotScanner } from '../../codec/quorum/snapshotScanner';
import type { LeaderConnection } from './connectLeader';
import type { EventQueue } from './eventQueue';
import type { TapEvent } from './events';
import { AheadReader, type ReadAhead } from './readAhead';
import type { FoundLeader } from './findLeader';
import { SnapshotSpool } from './snapshotSpool';
import { hostPort } from '../../model/hostPort';

/** How long a leader may take between two words while it synchronises: it may read its own logs first. */
const SYNC_SILENCE_MS = 30_000;
/** A leader pings twice a tick; a real learner leaves after syncLimit ticks of silence. */
const LEAST_SILENCE_MS = 4_000;

export type AttachmentEnd =
  | { kind: 'lost'; reason: string }
  | { kind: 'trunc'; leaderZxid: bigint }
  | { kind: 'gap'; got: bigint }
  /** Nothing another connection could do better. */
  | { kind: 'failed'; error: Error };

export interface AttachmentOptions {
  /** Where snapshots are put. */
  directory: string;
  minFreeBytes: number;
  /** Most time a snapshot may stand still, whoever holds it up. */
  snapshotStallMs: number;
  readAheadBytes: number;
  /** Once attached; absent: syncLimit × tickTime, at least 4 s. */
  silenceMs?: number;
  /** The last transaction delivered before; 0 for none. */
  seenUpTo: bigint;
  onAttached(): void;
}

export class Attachment {
  private readonly socket: Socket;
  private readonly protocol: LearnerProtocol;
  private readonly leader: FoundLeader;
  private readonly decoder = new QuorumPacketDecoder();
  private snapshot:
    { scanner: SnapshotScanner; spool: SnapshotSpool; ahead: AheadReader } | undefined;
  private by: 'diff' | 'snap' = 'diff';
  private silence: NodeJS.Timeout | undefined;
  private silenceMs = SYNC_SILENCE_MS;
  private receivedAt = 0;
  private heard = 0;
  /** Not reading on purpose: the consumer's queue is full, or a file is being opened or sealed. */
  private held = false;
  /** A file being opened or sealed: another attempt waits for it, whatever has become of the leader. */
  private filing: Promise<void> | undefined;
  /** The last zxid handed to the consumer, as a transaction or by a snapshot. */
  delivered: bigint;
  private ended = false;
  private settle!: (end: AttachmentEnd) => void;

  constructor(
    connection: LeaderConnection,
    private readonly queue: EventQueue<TapEvent>,
    private readonly options: AttachmentOptions,
  ) {
    this.socket = connection.socket;
    this.protocol = connection.protocol;
    this.leader = connection.leader;
    this.delivered = options.seenUpTo;
  }

  /** Resolves, never rejects, when the connection has ended, by whomever; the socket is closed then. */
  async run(signal: AbortSignal): Promise<AttachmentEnd> {
    const end = new Promise<AttachmentEnd>((resolve) => (this.settle = resolve));
    const onAbort = (): void => this.end({ kind: 'lost', reason: 'the tap was closed' });
    const { socket } = this;
    socket.on('data', (chunk: Buffer) => this.received(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      this.lost(`the connection broke (${error.code ?? error.message})`),
    );
    socket.on('end', () => this.lost('the leader closed the connection'));
    socket.on('close', () => this.lost('the leader closed the connection'));
    signal.addEventListener('abort', onAbort, { once: true });
    if (signal.aborted) onAbort();
    else if (socket.destroyed) this.lost('the leader closed the connection');
    else {
      this.watchSilence();
      socket.resume();
    }
    const ended = await end;
    signal.removeEventListener('abort', onAbort);
    await this.snapshot?.spool.discard();
    await this.filing?.catch(() => undefined);
    return ended;
  }

  private end(end: AttachmentEnd): void {
    if (this.ended) return;
    this.ended = true;
    clearTimeout(this.silence);
    this.socket.destroy();
    this.settle(end);
  }

  private lost(reason: string): void {
    const { quorumHost, quorumPort } = this.leader;
    this.end({ kind: 'lost', reason: `${hostPort(quorumHost, quorumPort)}: ${reason}` });
  }

  private received(chunk: Buffer): void {
    this.heard += 1;
    this.receivedAt = performance.timeOrigin + performance.now();
    this.guarded(() => {
      if (this.snapshot === undefined) {
        this.decoder.push(chunk);
        this.readPackets();
      } else this.spool(chunk);
    });
  }

  private guarded(act: () => void): void {
    if (this.ended) return;
    try {
      act();
    } catch (error) {
      this.lost((error as Error).message);
    }
    if (!this.ended && !this.held) this.silence?.refresh();
  }

  /** Reads what is there until the consumer's queue is full; nothing is answered beyond that point. */
  private readPackets(): void {
    for (;;) {
      if (this.queue.full) return this.hold(this.queue.room());
      const packet = this.decoder.next();
      if (packet === undefined) return;
      const step = this.protocol.accept(packet);
      switch (step) {
        case 'txn':
          this.deliver();
          break;
        case 'ping':
          this.socket.write(encodePingReply(packet.zxid));
          break;
        case 'snap':
          return this.beginSnapshot();
        case 'trunc':
          return this.end({ kind: 'trunc', leaderZxid: packet.zxid });
        case 'gap':
          return this.end({ kind: 'gap', got: this.protocol.gapZxid });
        case 'newLeader':
          this.socket.write(encodeEpochAck(this.protocol.epoch));
          break;
        case 'upToDate':
          this.attached();
          break;
        case 'diff':
          if (this.protocol.lastZxid === 0n) return this.lost('it has no history yet');
          break;
        case 'leaderInfo':
        case 'nothing':
      }
    }
  }

  private deliver(): void {
    const { lastZxid: zxid, txn: bytes } = this.protocol;
    this.delivered = zxid;
    this.queue.push({ kind: 'txn', zxid, bytes, receivedAt: this.receivedAt }, bytes.length);
  }

  private attached(): void {
    const { epoch, lastZxid: zxid } = this.protocol;
    this.socket.write(encodeEpochAck(epoch));
    const { host, clientPort, quorumHost, quorumPort, version } = this.leader;
    const leader = { host, clientPort, quorumHost, quorumPort, version };
    this.queue.push({ kind: 'attached', leader, epoch, by: this.by, zxid }, 0);
    const { silenceMs = Math.max(LEAST_SILENCE_MS, this.leader.syncTimeoutMs) } = this.options;
    this.watchSilence(silenceMs);
    this.options.onAttached();
  }

  /** As `hold`, for no longer than a snapshot may stand still: a leader that sends one keeps all it cannot send. */
  private holdForFile(filing: Promise<void>): void {
    this.filing = filing;
    this.hold(filing);
    const { snapshotStallMs } = this.options;
    const timer = setTimeout(() => {
      setImmediate(() => {
        if (this.silence === timer) this.lost(`the disk did nothing for ${snapshotStallMs} ms`);
      });
    }, snapshotStallMs);
    this.silence = timer;
  }

  /** Leaves the socket alone until `until` resolves, then goes on where reading stopped. */
  private hold(until: Promise<unknown>): void {
    this.held = true;
    this.socket.pause();
    clearTimeout(this.silence);
    until.then(
      () => {
        this.held = false;
        if (this.ended) return;
        this.watchSilence(this.silenceMs);
        this.guarded(() => {
          if (this.snapshot === undefined) this.readPackets();
          else this.spool(this.decoder.takeRest());
        });
        if (!this.held && !this.ended) this.socket.resume();
      },
      (error: Error) => this.end({ kind: 'failed', error }),
    );
  }

  private beginSnapshot(): void {
    const { directory, minFreeBytes, snapshotStallMs, readAheadBytes, seenUpTo } = this.options;
    const { syncZxid } = this.protocol;
    // Instead of TRUNC, where it was asked to go on after the first zxid of an epoch.
    if (syncZxid < seenUpTo) return this.end({ kind: 'trunc', leaderZxid: syncZxid });
    this.by = 'snap';
    this.silenceMs = snapshotStallMs;
    const opening = SnapshotSpool.create(directory, syncZxid, {
      minFreeBytes,
      onFailure: (error) => this.end({ kind: 'failed', error }),
    });
    this.holdForFile(
      opening.then(async (spool) => {
        if (this.ended) await spool.discard();
        else
          this.snapshot = {
            ...{ scanner: new SnapshotScanner(), spool },
            ahead: new AheadReader(readAheadBytes),
          };
      }),
    );
  }

  private spool(chunk: Buffer): void {
    const { scanner, spool, ahead } = this.snapshot!;
    const bodyBytes = scanner.push(chunk);
    const body = chunk.subarray(0, bodyBytes);
    ahead.push(body);
    if (!spool.write(body, () => this.resumeSpooling())) this.socket.pause();
    if (!scanner.done) return;
    this.decoder.push(chunk.subarray(scanner.consumed));
    this.holdForFile(this.sealSnapshot(spool, ahead.result));
  }

  private resumeSpooling(): void {
    if (this.ended || this.held) return;
    this.silence?.refresh();
    this.socket.resume();
  }

  private async sealSnapshot(
    spool: SnapshotSpool,
    readAhead: ReadAhead | undefined,
  ): Promise<void> {
    const { file, bytes } = await spool.finish();
    if (this.ended) return rm(file, { force: true });
    this.snapshot = undefined;
    this.silenceMs = SYNC_SILENCE_MS;
    const { seenUpTo } = this.options;
    const { syncZxid: zxid } = this.protocol;
    this.delivered = zxid;
    const passedOver = seenUpTo > 0n && zxid > seenUpTo;
    this.queue.push(
      {
        kind: 'snapshot',
        file,
        bytes,
        zxid,
        ...(readAhead !== undefined && { readAhead }),
        ...(passedOver && { unseen: { after: seenUpTo, upTo: zxid } }),
      },
      0,
    );
  }

  /** Counts only time in which something could have come: not while held, nor while this process hung. */
  private watchSilence(limitMs = this.silenceMs): void {
    this.silenceMs = limitMs;
    clearTimeout(this.silence);
    this.silence = setTimeout(() => {
      const before = this.heard;
      // Timers run before the sockets are looked at: what lies there already counts.
      setImmediate(() => {
        if (this.ended || this.held) return;
        if (this.heard !== before) return this.watchSilence();
        const where = this.snapshot === undefined ? '' : ' in the middle of a snapshot';
        this.lost(`nothing came for ${limitMs} ms${where}`);
      });
    }, limitMs);
  }
}
