/**
 * One attachment an ensemble, however many want its transactions: each attachment is one more learner that a
 * leader feeds. What each consumer gets is a tap like any other.
 *
 * The attachment is read as fast as it comes, and never waits for a consumer. One who falls behind is put off
 * (`lost`) and goes on by itself once it has room, as one whom a leader dropped does. Whoever needs what the
 * shared stream cannot give, a tree or older transactions, gets a tap of its own until the two streams meet;
 * one at a time.
 */
import { linkSync, mkdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { Semaphore } from '../ssh/semaphore';
import type { TapEvent } from './events';
import { RecentEvents } from './recentEvents';
import { SharedTapMember, type SharedStream } from './sharedTapMember';
import { openTap, type Tap, type TapOptions } from './tap';
import { discard } from './tapEvents';

export interface SharedTapsOptions {
  /** Kept for late joiners and slow ones, an ensemble: default 50,000 events … */
  recentEvents?: number;
  /** … of 32 MiB together. */
  recentBytes?: number;
}

/** One for a process. */
export class SharedTaps {
  private readonly taps = new Map<string, SharedTap>();

  constructor(private readonly options: SharedTapsOptions = {}) {}

  /**
   * Starts at once, like `openTap`. `ensemble` names the attachment: whoever may not see another's stream needs
   * another name. `servers`, `security` and the time limits of whoever comes first are those of the attachment;
   * `from`, `directory`, the bounds and `signal` are each consumer's own. When the attachment fails, it ends
   * for all of them with its error; when the last one closes, it is left.
   *
   * A tree is always read from the leader, as of now, but for those who come before the first one is there.
   * Given out of what is remembered, `attached` speaks of the shared attachment: what was committed in the
   * milliseconds before follows it.
   */
  join(ensemble: string, options: TapOptions): Tap {
    let shared = this.taps.get(ensemble);
    if (shared === undefined) {
      const opened = new SharedTap(options, this.options, () => {
        if (this.taps.get(ensemble) === opened) this.taps.delete(ensemble);
      });
      this.taps.set(ensemble, opened);
      shared = opened;
    }
    return shared.join(options);
  }
}

class SharedTap implements SharedStream {
  readonly recent: RecentEvents;
  readonly turns = new Semaphore(1);
  attached: Extract<TapEvent, { kind: 'attached' }> | undefined;
  private readonly tap: Tap;
  private readonly members = new Set<SharedTapMember>();
  private readonly running: Promise<void>;

  constructor(
    options: TapOptions,
    { recentEvents = 50_000, recentBytes = 32 << 20 }: SharedTapsOptions,
    private readonly onEnd: () => void,
  ) {
    this.tap = openTap({ ...options, signal: undefined });
    this.recent = new RecentEvents(recentEvents, recentBytes, options.from ?? 0n);
    this.running = this.run();
  }

  join(options: TapOptions): Tap {
    const member = new SharedTapMember(options, this);
    this.members.add(member);
    member.advance();
    return member;
  }

  async leave(member: SharedTapMember): Promise<void> {
    this.members.delete(member);
    if (this.members.size > 0) return;
    this.onEnd();
    await this.tap.close();
    await this.running;
  }

  private async run(): Promise<void> {
    try {
      for (let events = await this.tap.take(); events.length > 0; events = await this.tap.take())
        for (const event of events) await this.accept(event);
    } catch (error) {
      this.onEnd();
      for (const member of this.members) void member.end(error as Error);
    }
  }

  private async accept(event: TapEvent): Promise<void> {
    if (event.kind === 'snapshot' || event.kind === 'reset') {
      for (const member of this.members)
        if (member.isAbreast) member.pass(event.kind === 'reset' ? event : ownCopy(event, member));
      this.recent.begin(event.kind === 'reset' ? 0n : event.zxid);
      await discard(event);
    } else this.recent.push(event);
    if (event.kind !== 'txn') this.attached = event.kind === 'attached' ? event : undefined;
    for (const member of this.members) member.advance();
  }
}

type SnapshotEvent = Extract<TapEvent, { kind: 'snapshot' }>;

/** With a file of the member's own; undefined where the two directories cannot share one. */
function ownCopy(event: SnapshotEvent, { directory }: SharedTapMember): SnapshotEvent | undefined {
  const file = join(directory, `${basename(event.file)}-${randomBytes(4).toString('hex')}`);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    linkSync(event.file, file);
  } catch {
    return undefined;
  }
  return { ...event, file };
}
