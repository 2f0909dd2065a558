/**
 * Measures for how long an ensemble takes no writes.
 *
 * One session to each server alone writes its own znode every interval; what counts is that any of them is
 * acknowledged, so a server that is restarted on purpose leaves no gap. Those sessions expire
 * when their one server is away for long, and are replaced silently. One more session, the witness, has the
 * whole list like an ordinary client: it writes too, and its expiry is a session lost.
 */
import { setMaxListeners } from 'node:events';
import type { SessionOptions } from '../../model/ports';
import type { WriteGap } from '../../model/status';
import { pause } from '../pause';
import { ensureCanary } from './canary';
import type { ServerAddress } from './fourLetterClient';
import { ensureOwned, unlessCode, type ZnodeRoot } from './ownedNodes';
import {
  beginSegment,
  noteAck,
  noteUnobserved,
  openGapAt,
  silentMsAt,
  type GapState,
  type MeasuredGap,
} from './probeMath';
import { openSession, type OpenSession } from './session';

export interface ProbeCarry {
  /** ISO time of the newest acknowledgement so far. */
  lastAckAt?: string;
  /** When the segment before ended, and its observed silence up to then: without them a silence that spans two segments is partly unobserved. */
  endedAt?: string;
  silentMs?: number;
}

/** What one call measured; also the `carry` of the next. */
export interface ProbeSegment extends ProbeCarry {
  startedAt: string;
  endedAt: string;
  acknowledgedWrites: number;
  failedWrites: number;
  /** Expiries of the witness. */
  sessionsLost: number;
  /** Gaps that ended in this segment. */
  writeGaps: WriteGap[];
  /** A gap that still went on at the end: the next segment reports it, with this one's share. */
  openGap?: WriteGap;
  unobservedMs: number;
  silentMs: number;
}

export interface AvailabilityProbeOptions extends ZnodeRoot {
  /** The first `MAX_SINGLE_WRITERS` get a session of their own: name voters first. */
  servers: ServerAddress[];
  auth?: SessionOptions['auth'];
  /** Between two writes of one session. Default 50. */
  intervalMs?: number;
  /** Shortest silence that is called a gap. Default 250. */
  gapThresholdMs?: number;
  /** Ends the segment; so does `signal`, which is no failure. */
  durationMs?: number;
  carry?: ProbeCarry;
  signal?: AbortSignal;
  /** Called about once a second. */
  onProgress?: (segment: ProbeSegment) => void;
}

const MAX_SINGLE_WRITERS = 9;
const SESSION_TIMEOUT_MS = 10_000;
/** The witness is there to keep its session: it writes this much less often. */
const WITNESS_INTERVALS = 5;
const CONNECT_TIMEOUT_MS = 30_000;
const OPERATION_TIMEOUT_MS = 5_000;
const REOPEN_AFTER_MS = 20;
/** Connecting at the start of a segment is not the ensemble's silence, unless it takes longer than this. */
const CONNECT_GRACE_MS = 2_000;
const CLOCK_EVERY_MS = 50;
/** A clock tick later than this: the prober itself stood still. */
const STALL_MS = 100;
const PROGRESS_EVERY_MS = 1_000;

const isoOf = (ms: number): string => new Date(ms).toISOString();
const gapOf = ({ startedAtMs, gapMs }: MeasuredGap): WriteGap => ({
  startedAt: isoOf(startedAtMs),
  gapMs: Math.round(gapMs),
});
const msOf = (iso: string | undefined): number | undefined =>
  iso === undefined ? undefined : Date.parse(iso);

/** Runs until `durationMs` passed or `signal` aborts, then gives what it measured. Never rejects for an ensemble that is down. */
export async function runAvailabilityProbe(
  options: AvailabilityProbeOptions,
): Promise<ProbeSegment> {
  const stop = new AbortController();
  // Every writer listens to it: that many listeners are no leak.
  setMaxListeners(0, stop.signal);
  const measure = new Measurement(options);
  const onAbort = (): void => stop.abort();
  options.signal?.addEventListener('abort', onAbort, { once: true });
  if (options.signal?.aborted) stop.abort();
  const timer =
    options.durationMs === undefined ? undefined : setTimeout(onAbort, options.durationMs);
  const clock = setInterval(() => measure.tick(), CLOCK_EVERY_MS);

  const singles = options.servers.slice(0, MAX_SINGLE_WRITERS).map((server) => [server]);
  try {
    await Promise.all(
      [options.servers, ...singles].map((servers, index) =>
        keepWriting(
          options,
          measure,
          { servers, name: `probe-${index}`, witness: index === 0 },
          stop.signal,
        ),
      ),
    );
  } finally {
    clearInterval(clock);
    clearTimeout(timer);
    options.signal?.removeEventListener('abort', onAbort);
  }
  return measure.segment();
}

class Measurement {
  failed = 0;
  sessionsLost = 0;
  private state: GapState;
  private readonly startMs: number;
  private readonly clockBase = Date.now() - performance.now();
  private connectedOnce = false;
  private lastTickMs: number;
  private lastProgressMs: number;

  constructor(private readonly options: AvailabilityProbeOptions) {
    this.startMs = this.lastTickMs = this.lastProgressMs = this.now();
    this.state = beginSegment(this.startMs, options.gapThresholdMs ?? 250, {
      lastAckMs: msOf(options.carry?.lastAckAt),
      endedMs: msOf(options.carry?.endedAt),
      silentMs: options.carry?.silentMs,
    });
  }

  /** Wall time that never jumps. */
  private now(): number {
    return this.clockBase + performance.now();
  }

  acknowledged(): void {
    this.state = noteAck(this.state, this.now());
  }

  connected(): void {
    if (this.connectedOnce) return;
    this.connectedOnce = true;
    const tookMs = this.now() - this.startMs;
    if (tookMs <= CONNECT_GRACE_MS) this.state = noteUnobserved(this.state, this.now(), tookMs);
  }

  tick(): void {
    const now = this.now();
    const lateMs = now - this.lastTickMs - CLOCK_EVERY_MS;
    this.lastTickMs = now;
    if (lateMs > STALL_MS) this.state = noteUnobserved(this.state, now, lateMs);
    if (now - this.lastProgressMs >= PROGRESS_EVERY_MS) {
      this.lastProgressMs = now;
      this.options.onProgress?.(this.segment());
    }
  }

  segment(): ProbeSegment {
    const now = this.now();
    const open = openGapAt(this.state, now);
    return {
      startedAt: isoOf(this.startMs),
      endedAt: isoOf(now),
      acknowledgedWrites: this.state.acknowledged,
      failedWrites: this.failed,
      sessionsLost: this.sessionsLost,
      writeGaps: this.state.gaps.map(gapOf),
      ...(open && { openGap: gapOf(open) }),
      unobservedMs: Math.round(this.state.unobservedMs),
      silentMs: Math.round(silentMsAt(this.state, now)),
      ...(this.state.lastAckMs !== undefined && { lastAckAt: isoOf(this.state.lastAckMs) }),
    };
  }
}

interface Writer {
  servers: ServerAddress[];
  name: string;
  witness: boolean;
}

async function keepWriting(
  options: AvailabilityProbeOptions,
  measure: Measurement,
  writer: Writer,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const session = await openSession({
      servers: writer.servers,
      auth: options.auth,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      operationTimeoutMs: OPERATION_TIMEOUT_MS,
      signal,
    }).catch(() => undefined);
    if (session) {
      measure.connected();
      void session.ended.then((end) => {
        if (end === 'expired' && writer.witness) measure.sessionsLost += 1;
      });
      await writeUntilEnded(session, options, measure, writer, signal);
      await session.close();
    }
    await pause(REOPEN_AFTER_MS, signal);
  }
}

async function writeUntilEnded(
  session: OpenSession,
  options: AvailabilityProbeOptions,
  measure: Measurement,
  { name, witness }: Writer,
  signal: AbortSignal,
): Promise<void> {
  const intervalMs = (options.intervalMs ?? 50) * (witness ? WITNESS_INTERVALS : 1);
  const path = `${options.root}/canary/${name}`;
  let ended = false;
  void session.ended.then(() => (ended = true));
  let prepared = false;
  while (!ended && !signal.aborted) {
    const started = performance.now();
    const wasConnected = session.isConnected;
    try {
      if (!prepared) {
        await prepare(session, options, path);
        prepared = true;
      }
      await session.set(path, Buffer.from(String(Date.now())));
      measure.acknowledged();
    } catch {
      // Stopping closes the session under a write: nobody refused that one.
      if (wasConnected && !signal.aborted) measure.failed += 1;
      prepared = false;
    }
    await pause(Math.max(1, intervalMs - (performance.now() - started)), signal);
  }
}

/** Usually one read: the znode is there from the first segment on. */
async function prepare(session: OpenSession, place: ZnodeRoot, path: string): Promise<void> {
  const there = await unlessCode(['NoNode'], () => session.exists(path), null);
  if (there !== null) return;
  await ensureCanary(session, place);
  await ensureOwned(session, path, place.credential);
}
