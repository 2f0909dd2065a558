/** What a shared tap said lately, so that whoever comes later or is slow for a moment can go on from it. */
import type { TapEvent } from './events';

/** What an event costs beside its bytes. */
const EVENT_BYTES = 256;

/** Snapshots and resets are never among them: what came before one is given up with `begin`. */
export type RecentEvent = Exclude<TapEvent, { kind: 'snapshot' } | { kind: 'reset' }>;

interface Entry {
  event: RecentEvent;
  /** The last transaction up to and including this event. */
  upTo: bigint;
}

/**
 * At most `maxEvents` and `maxBytes` (and what the newest one alone has beyond that) of events without a hole
 * between their transactions. Places in it are numbers that only grow; the oldest go first.
 */
export class RecentEvents {
  private entries: Entry[] = [];
  /** Those before it are given up already, and cut off now and then. */
  private oldest = 0;
  private bytes = 0;
  /** The place of `entries[0]`. */
  private offset = 0;

  /** `base`: the transaction that the first event comes after; 0 where a snapshot is due. */
  constructor(
    private readonly maxEvents: number,
    private readonly maxBytes: number,
    private base: bigint,
  ) {}

  /** The place of the oldest event. */
  get start(): number {
    return this.offset + this.oldest;
  }

  /** The place of the next event to come. */
  get end(): number {
    return this.offset + this.entries.length;
  }

  /** The event at a place from `start` up to, not including, `end`. */
  at(place: number): RecentEvent {
    return this.entries[place - this.offset]!.event;
  }

  push(event: RecentEvent): void {
    const upTo = event.kind === 'txn' ? event.zxid : (this.entries.at(-1)?.upTo ?? this.base);
    this.entries.push({ event, upTo });
    this.bytes += bytesOf(event);
    while (this.end - this.start > 1 && this.isOver()) {
      const { event: given, upTo: before } = this.entries[this.oldest]!;
      this.base = before;
      this.bytes -= bytesOf(given);
      this.oldest += 1;
    }
    if (this.oldest <= this.entries.length / 2) return;
    this.entries = this.entries.slice(this.oldest);
    this.offset += this.oldest;
    this.oldest = 0;
  }

  /** Gives up everything: what comes next does not follow from it, but from `base`. */
  begin(base: bigint): void {
    this.offset = this.end;
    this.entries = [];
    this.oldest = 0;
    this.bytes = 0;
    this.base = base;
  }

  /** Where one goes on who has everything up to exactly this transaction; undefined where it is not here. */
  placeAfter(zxid: bigint): number | undefined {
    let low = this.oldest;
    let high = this.entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.entries[middle]!.upTo <= zxid) low = middle + 1;
      else high = middle;
    }
    const before = low === this.oldest ? this.base : this.entries[low - 1]!.upTo;
    return before === zxid ? this.offset + low : undefined;
  }

  private isOver(): boolean {
    return this.end - this.start > this.maxEvents || this.bytes > this.maxBytes;
  }
}

const bytesOf = (event: RecentEvent): number =>
  EVENT_BYTES + (event.kind === 'txn' ? event.bytes.length : 0);
