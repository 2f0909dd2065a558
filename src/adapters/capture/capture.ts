/**
 * Captures an ensemble into a repository, until stopped:
 *
 *   1. claim    a writer's generation; a writer before it stops at its next seal
 *   2. adopt    what earlier writers left unsealed is sealed as it is
 *   3. follow   the leader's stream after the last transaction there; whatever leads, without gap or repetition
 *   4. mend     a range the stream passed over is filled from the members' logs, or named as a hole
 *   5. base     where none leads into the stream: from the snapshot it began with, or one asked for
 *
 * Of a source that gives whole trees only, 3 and 4 come to a hole between one base and the next.
 *
 * A history that no longer holds what was captured begins a timeline.
 */
import { rm } from 'node:fs/promises';
import { isZkferryError } from '../../model/errors';
import { keepsBasesOnly, type CaptureSourceName } from '../../model/backupInputs';
import type { DrillDocument, EnsembleDocument } from '../../model/repository';
import { zxidText } from '../../model/zxid';
import { RPO } from '../../planning/backup/rpo';
import { BASES_ONLY } from '../../planning/backup/standAlone';
import { epochsBetween } from './epochsBetween';
import { timeAt, timeOf, type CapturedTxn, type TxnTime } from './pendingLog';
import type { Tap, TapEvent, TapLeader } from '../tap';
import { lastDrill } from '../repository/drills';
import {
  claimGeneration,
  readEnsemble,
  refuseForeign,
  refuseIfReplaced,
  writeEnsemble,
} from './claim';
import type { CaptureOptions, CaptureProgress } from './options';
import { takeSnapshot } from './takeSnapshot';
import { nowMs } from './timing';
import { Track } from './track';

export type { CaptureOptions, CaptureProgress } from './options';

const PROGRESS_EVERY_MS = 1_000;
const ADOPTIONS = 5;
/** What is captured is sealed when its time has come, which on a calm ensemble may be never. */
const LOOK_AROUND_EVERY_MS = 5_000;
/** Of a store that is slow or dear to ask. */
const LOOK_AROUND_FLUSHES = 15;

/** Resolves once everything is sealed after `stop`; rejects with what ended it. */
export async function capture(options: CaptureOptions): Promise<CaptureProgress> {
  const run = await CaptureRun.begin(options);
  const timer = setInterval(() => options.onProgress(run.progress()), PROGRESS_EVERY_MS);
  const looking = setInterval(
    () => void run.lookAround(),
    Math.max(LOOK_AROUND_EVERY_MS, LOOK_AROUND_FLUSHES * options.repository.store.leastFlushMs),
  );
  try {
    await run.follow();
    return run.progress();
  } finally {
    clearInterval(timer);
    clearInterval(looking);
  }
}

class CaptureRun {
  private tap: Tap | undefined;
  private replaced: Error | undefined;
  private drill: DrillDocument | undefined;
  private freshBase: boolean;
  private attachedTo: TapLeader | undefined;
  private detachedSince = nowMs();
  private newest: TxnTime | undefined;
  private snapshot: Extract<TapEvent, { kind: 'snapshot' }> | undefined;

  private constructor(
    private readonly options: CaptureOptions,
    private readonly generation: number,
    private timelines: EnsembleDocument['timelines'],
    private track: Track,
  ) {
    this.freshBase = options.freshBase === true;
  }

  static async begin(options: CaptureOptions): Promise<CaptureRun> {
    const { repository, ensemble, owner, members, signal } = options;
    const known = await readEnsemble(repository, ensemble, signal);
    if (known !== undefined && options.acceptForeign !== true)
      refuseForeign(known, members, repository.store.shown);
    const generation = await claimGeneration(repository, ensemble, owner, signal);
    const timelines = known?.timelines ?? [firstTimeline()];
    await writeEnsemble(repository, ensemble, { members, timelines }, signal);
    const track = await CaptureRun.takeOver(options, generation, timelines.at(-1)!.number);
    return new CaptureRun(options, generation, timelines, track);
  }

  /** A writer that still works may merge pieces while they are adopted: then once more. */
  private static async takeOver(
    options: CaptureOptions,
    generation: number,
    timeline: number,
  ): Promise<Track> {
    const { repository, ensemble, signal } = options;
    const place = { ensemble, timeline, generation };
    for (let attempt = 1; ; attempt += 1) {
      const { timelines } = await repository.contents(ensemble, signal);
      const contents = timelines.find(({ number }) => number === timeline);
      const adopted = contents && (await Track.adopt(options, contents));
      if (adopted === undefined || adopted.isWhole || attempt === ADOPTIONS)
        return Track.take(options, place, contents, adopted);
    }
  }

  private get source(): CaptureSourceName {
    return this.options.source ?? 'stream';
  }

  progress(): CaptureProgress {
    const { writer, place, newestBase, holes } = this.track;
    const { counts, trouble: unwritable } = writer;
    const lag = writer.lag();
    const detachedMs = this.attachedTo === undefined ? Math.round(nowMs() - this.detachedSince) : 0;
    const from = this.track.from;
    const trouble = unwritable
      ? `${unwritable.reason} (since ${unwritable.since})`
      : this.attachedTo === undefined && this.tap?.trouble;
    return {
      state: this.attachedTo === undefined ? 'attaching' : unwritable ? 'spooling' : 'capturing',
      source: this.source,
      rpo: RPO[this.source],
      timeline: place.timeline,
      generation: place.generation,
      ...(from !== undefined && { durableUpTo: zxidText(from) }),
      lag: { ...lag, ms: Math.max(lag.ms, detachedMs) },
      txns: counts.txns,
      plainBytes: counts.plainBytes,
      storedBytes: counts.storedBytes,
      segments: counts.segments,
      spooledBytes: this.track.spooledBytes,
      ...(this.attachedTo && { leader: `${this.attachedTo.host}:${this.attachedTo.clientPort}` }),
      ...(trouble && { trouble }),
      ...(newestBase && { lastBase: shownBase(newestBase) }),
      ...(this.drill && { lastDrill: shownDrill(this.drill) }),
      storingBase: this.track.isStoringBase,
      holes: holes.length,
      ...(holes.length > 0 && { lastHole: shownHole(holes.at(-1)!) }),
    };
  }

  /** What others did in the repository. Where that cannot be told now, the next look, seal, or the end does it. */
  async lookAround(): Promise<void> {
    const { repository, ensemble, signal } = this.options;
    try {
      await refuseIfReplaced(repository, ensemble, this.generation, signal);
      await this.track.noticeBases();
      await this.track.tellReached();
      this.drill = await lastDrill(repository, ensemble, signal);
    } catch (error) {
      if (!isZkferryError(error) || error.type !== 'WriterReplaced') return;
      this.replaced = error;
      await this.tap?.close();
    }
  }

  async follow(): Promise<void> {
    const { openTap, directory, signal, stop } = this.options;
    const tap = openTap({ from: this.track.from, directory, signal });
    this.tap = tap;
    const onStop = (): void => void tap.close();
    stop.addEventListener('abort', onStop, { once: true });
    if (stop.aborted) onStop();
    try {
      for (let events = await tap.take(); events.length > 0; events = await tap.take()) {
        await this.accept(events);
        while (this.track.isFull) await this.track.writer.room();
        if (this.track.retiredTimelines.length > 0) await this.dropTimelines();
      }
      signal.throwIfAborted();
      if (this.replaced !== undefined) throw this.replaced;
    } finally {
      stop.removeEventListener('abort', onStop);
      await tap.close();
      await this.forgetSnapshot();
      await this.track.close();
    }
  }

  private async accept(events: readonly TapEvent[]): Promise<void> {
    let txns: CapturedTxn[] = [];
    const flush = async (): Promise<void> => {
      if (txns.length === 0) return;
      const { zxid, bytes } = txns.at(-1)!;
      this.newest = { zxid, timeMs: timeOf(bytes) };
      await this.track.writer.push(txns);
      txns = [];
    };
    for (const event of events) {
      if (event.kind === 'txn') {
        const { zxid, bytes, receivedAt } = event;
        txns.push({ zxid, bytes: Buffer.from(bytes), receivedAt });
        continue;
      }
      await flush();
      await this.acceptOther(event);
    }
    await flush();
  }

  private async acceptOther(event: Exclude<TapEvent, { kind: 'txn' }>): Promise<void> {
    switch (event.kind) {
      case 'snapshot':
        await this.acceptSnapshot(event);
        break;
      case 'attached':
        this.attachedTo = event.leader;
        await this.acceptAttached(event);
        break;
      case 'lost':
        this.detach();
        break;
      case 'reset':
        this.detach();
        await this.beginTimeline(event.reason);
        break;
      case 'gap':
        break;
    }
    this.options.onProgress(this.progress());
  }

  private detach(): void {
    if (this.attachedTo !== undefined) this.detachedSince = nowMs();
    this.attachedTo = undefined;
  }

  private async acceptSnapshot(event: Extract<TapEvent, { kind: 'snapshot' }>): Promise<void> {
    await this.forgetSnapshot();
    this.snapshot = event;
    const { unseen, zxid } = event;
    if (unseen === undefined) {
      await this.track.begin(zxid);
      return;
    }
    await this.mend(unseen.after, unseen.upTo);
  }

  /** Fills the range, as far as the members' logs go, and names what is missing. */
  private async mend(after: bigint, upTo: bigint): Promise<void> {
    const { fill, signal } = this.options;
    // Nobody captured after such a base, so it was not to be expected that anybody still has it.
    if (keepsBasesOnly(this.source) || this.track.standsAt(after)) {
      await this.track.skip(after, upTo, BASES_ONLY);
      return;
    }
    let last = after;
    let reason = `the leader no longer had these transactions to give${epochsBetween(after, upTo)}`;
    try {
      if (fill !== undefined)
        for await (const { zxid, bytes } of fill({ after, upTo }, signal)) {
          await this.track.writer.push([{ zxid, bytes: Buffer.from(bytes), receivedAt: nowMs() }]);
          last = zxid;
        }
    } catch (error) {
      signal.throwIfAborted();
      if (!isZkferryError(error)) throw error;
      reason += `, nor had the members' own logs: ${error.message}`;
    }
    if (last < upTo) await this.track.skip(last, upTo, reason.slice(0, 1_000));
  }

  private async acceptAttached({ zxid }: Extract<TapEvent, { kind: 'attached' }>): Promise<void> {
    const { snapshot, track } = this;
    this.snapshot = undefined;
    const isWanted = this.freshBase || !track.hasBase;
    this.freshBase = false;
    if (!isWanted || track.isStoringBase) {
      if (snapshot !== undefined) await rm(snapshot.file, { force: true });
      return;
    }
    if (snapshot === undefined) {
      await this.takeBase();
      return;
    }
    const { file, zxid: snapshotZxid, readFrom } = snapshot;
    const base = { file, snapshotZxid, usableFrom: zxid, usableFromMs: timeAt(zxid, this.newest) };
    const serverVersion = this.attachedTo?.version;
    track.addBase(
      {
        ...{ ...base, source: this.source },
        ...(readFrom !== undefined && { readFrom }),
        ...(serverVersion !== undefined && { serverVersion }),
      },
      () => rm(file, { force: true }),
    );
  }

  private async takeBase(): Promise<void> {
    const { openTap, directory, signal } = this.options;
    const taken = await takeSnapshot(openTap, directory, signal, this.source);
    this.track.addBase(taken, () => rm(taken.file, { force: true }));
  }

  private async beginTimeline(reason: string): Promise<void> {
    const { repository, ensemble, members, signal } = this.options;
    await this.forgetSnapshot();
    const leftAt = this.track.from;
    await this.track.close();
    const number = this.timelines.at(-1)!.number + 1;
    this.timelines = [
      ...this.timelines,
      {
        number,
        startedAt: new Date().toISOString(),
        reason: reason.slice(0, 500),
        ...(leftAt !== undefined && { leftAt: zxidText(leftAt) }),
      },
    ];
    await writeEnsemble(repository, ensemble, { members, timelines: this.timelines }, signal);
    const place = { ensemble, timeline: number, generation: this.generation };
    this.track = await Track.take(this.options, place, undefined, undefined);
  }

  private async dropTimelines(): Promise<void> {
    const { repository, ensemble, members, signal } = this.options;
    const gone = this.track.retiredTimelines.splice(0);
    this.timelines = this.timelines.filter(({ number }) => !gone.includes(number));
    await writeEnsemble(repository, ensemble, { members, timelines: this.timelines }, signal);
  }

  private async forgetSnapshot(): Promise<void> {
    if (this.snapshot !== undefined) await rm(this.snapshot.file, { force: true });
    this.snapshot = undefined;
  }
}

const firstTimeline = (): EnsembleDocument['timelines'][number] => ({
  number: 1,
  startedAt: new Date().toISOString(),
  reason: 'the first capture',
});

const shownBase = ({ manifest }: NonNullable<Track['newestBase']>) => ({
  usableFrom: manifest.usableFrom,
  takenAt: manifest.takenAt,
  ...(manifest.nodes !== undefined && { nodes: manifest.nodes }),
  bytes: manifest.snapshot.bytes,
  ...(manifest.readFrom !== undefined && { readFrom: manifest.readFrom }),
});

const shownDrill = ({ at, ok, zxid }: DrillDocument) => ({ at, ok, zxid });

const shownHole = ({ after, upTo, reason }: Track['holes'][number]): string =>
  `(${after}, ${upTo}]: ${reason}`;
