/** One timeline of one ensemble, as its writer works on it: the stream into the log, bases beside it. */
import type { Hole } from '../../model/repository';
import type { TimelineContents } from '../../planning/backup/contents';
import { compareZxids, zxidText } from '../../model/zxid';
import { islandsOf } from '../../planning/backup/logCover';
import { standsAlone } from '../../planning/backup/standAlone';
import { adopt, type Adopted } from './adopt';
import { findBases, type KnownBase } from './bases';
import { refuseIfReplaced } from './claim';
import { LogWriter } from './logWriter';
import { Manifest } from './manifest';
import type { CaptureOptions } from './options';
import { retire } from './retire';
import { Shelf, type WriterPlace } from './shelf';
import { SpoolQueue } from './spoolQueue';
import { detailsOf, storeBase, type BaseFile } from './storeBase';

const RETIRE_EVERY_MS = 3_600_000;
const SEGMENT_MS = 60_000;
const SEGMENT_BYTES = 16 << 20;
const MEMORY_BYTES = 16 << 20;
const SPOOL_BYTES = 1 << 30;

/** The zxids of bases that stand alone. */
const standing = (bases: ReadonlyMap<string, KnownBase>): string[] =>
  [...bases.values()]
    .filter(({ manifest }) => standsAlone(manifest))
    .map(({ manifest }) => manifest.usableFrom);

/** The zxids after which the log of bases that do not stand alone begins. */
const begun = (bases: ReadonlyMap<string, KnownBase>): string[] =>
  [...bases.values()]
    .filter(({ manifest }) => !standsAlone(manifest))
    .map(({ manifest }) => manifest.snapshotZxid);

export class Track {
  readonly writer: LogWriter;
  private readonly queue: SpoolQueue;
  private bases = new Map<string, KnownBase>();
  /** Nothing is left of them. */
  readonly retiredTimelines: number[] = [];
  private retireAt = 0;
  /** Of the base that is being stored. */
  private storing: Promise<void> | undefined;

  private constructor(
    private readonly options: CaptureOptions,
    readonly place: WriterPlace,
    private readonly manifest: Manifest,
    after: bigint,
    /** After it the log goes on whole until now; undefined while nothing tells after which transaction it begins. */
    private wholeAfter: bigint | undefined,
  ) {
    const { segmentMs = SEGMENT_MS, segmentBytes = SEGMENT_BYTES, signal, directory } = options;
    const { memoryBytes = MEMORY_BYTES, spoolBytes = SPOOL_BYTES } = options;
    this.queue = new SpoolQueue({ directory, memoryBytes, maxBytes: spoolBytes });
    this.writer = new LogWriter({
      ...{ after, manifest, segmentMs, segmentBytes, signal, queue: this.queue },
      shelf: new Shelf(options.repository, place),
      checkClaim: () => this.beforeSeal(),
    });
  }

  /** Seals what earlier writers left, and goes on after it. `contents`: of the timeline; undefined for a new one. */
  static async take(
    options: CaptureOptions,
    place: WriterPlace,
    contents: TimelineContents | undefined,
    adopted: Adopted | undefined,
  ): Promise<Track> {
    const { repository, signal } = options;
    const bases = await findBases(repository, place, new Map(), signal);
    const manifest = new Manifest(
      ...([repository, place] as const),
      contents ?? { indexes: [], holes: [] },
      [...bases.values()].map(({ stored }) => stored),
    );
    const sealed = adopted?.segments.at(-1)?.last ?? contents?.sealedUpTo;
    if (sealed !== undefined) manifest.reached(BigInt(sealed));
    await manifest.add(adopted?.segments ?? [], signal);
    await repository.store.delete(adopted?.spent.map(({ key }) => key) ?? [], signal);
    // Where bases stood alone, or nothing was committed after one until its capture ended, they are as far as it came.
    const reached = sealed === undefined ? begun(bases) : [sealed];
    const last = [...standing(bases), ...reached].sort(compareZxids).at(-1);
    const wholeAfter = last === undefined ? undefined : startOf(contents, BigInt(last));
    const track = new Track(options, place, manifest, BigInt(last ?? 0), wholeAfter);
    track.bases = bases;
    return track;
  }

  static adopt(options: CaptureOptions, contents: TimelineContents): Promise<Adopted> {
    return adopt(options.repository, options.ensemble, contents, options.signal);
  }

  /** After which the stream is to go on; undefined where it has to begin with a snapshot. */
  get from(): bigint | undefined {
    return this.wholeAfter === undefined ? undefined : this.writer.durableUpTo;
  }

  get isFull(): boolean {
    return this.queue.isFull;
  }

  get spooledBytes(): number {
    return this.queue.spooledBytes;
  }

  get holes(): readonly Hole[] {
    return this.manifest.namedHoles;
  }

  get newestBase(): KnownBase | undefined {
    return [...this.bases.values()].sort((one, other) =>
      one.manifest.takenAt < other.manifest.takenAt ? -1 : 1,
    )[this.bases.size - 1];
  }

  get isStoringBase(): boolean {
    return this.storing !== undefined;
  }

  /** Whether a base leads into what is captured now. */
  get hasBase(): boolean {
    const { wholeAfter = 0n } = this;
    return [...this.bases.values()].some(
      ({ manifest }) => !standsAlone(manifest) && BigInt(manifest.snapshotZxid) >= wholeAfter,
    );
  }

  /** Whether a base that stands alone is of that very zxid. */
  standsAt(zxid: bigint): boolean {
    return standing(this.bases).some((one) => BigInt(one) === zxid);
  }

  /** The log begins after a snapshot's zxid; one that has begun already goes on as it is. */
  async begin(zxid: bigint): Promise<void> {
    if (this.wholeAfter !== undefined) return;
    this.writer.beginAfter(zxid);
    this.wholeAfter = zxid;
    await this.manifest.writeState(this.options.signal);
  }

  /** A range without its transactions; the stream goes on after it. */
  async skip(after: bigint, upTo: bigint, reason: string): Promise<void> {
    await this.writer.settle();
    const hole = {
      after: zxidText(after),
      upTo: zxidText(upTo),
      reason,
      at: new Date().toISOString(),
    };
    await this.manifest.addHole(hole, this.options.signal);
    this.writer.beginAfter(upTo);
    this.wholeAfter = upTo;
  }

  /** Stores a base beside the stream; `done` is called once its file is no longer needed. */
  addBase(base: BaseFile, done: () => Promise<void>): void {
    const before = this.storing ?? Promise.resolve();
    const storing = before
      .then(() => this.writer.insist(() => this.store(base)))
      .catch((error: unknown) => this.writer.fail(error))
      .then(done)
      .finally(() => {
        if (this.storing === storing) this.storing = undefined;
      });
    this.storing = storing;
  }

  private async store(base: BaseFile): Promise<void> {
    const { repository, signal, baseBytesPerSecond } = this.options;
    const details = await detailsOf(this.options, signal);
    const stored = await storeBase(
      ...([repository, this.place, base, details, signal, baseBytesPerSecond] as const),
    );
    this.bases.set(stored.stored.key, stored);
    await this.listBases();
    this.retireAt = 0;
  }

  /** Everything pushed so far is sealed. */
  async close(): Promise<void> {
    await this.storing;
    await this.writer.insist(() => this.noticeBases());
    await this.writer.close();
  }

  private async beforeSeal(): Promise<void> {
    const { repository, ensemble, signal } = this.options;
    await refuseIfReplaced(repository, ensemble, this.place.generation, signal);
    await this.noticeBases();
    if (performance.now() >= this.retireAt) await this.retire();
  }

  /** Bases that others took beside this capture are there: from now on they count, and the next seal retires others. */
  async noticeBases(): Promise<void> {
    const { repository, signal } = this.options;
    const known = new Set(this.bases.keys());
    const found = await findBases(repository, this.place, this.bases, signal);
    for (const [key, base] of this.bases) if (!known.has(key)) found.set(key, base);
    const isSame =
      found.size === this.bases.size && [...found.keys()].every((key) => this.bases.has(key));
    if (isSame) return;
    this.bases = found;
    await this.listBases();
    this.retireAt = 0;
  }

  /** How far the log reaches, so that its end is missed where it goes; once there is anything. */
  async tellReached(): Promise<void> {
    if (this.wholeAfter !== undefined) await this.manifest.tellReached(this.options.signal);
  }

  private async retire(): Promise<void> {
    const { repository, retention, signal } = this.options;
    if (retention === undefined) return;
    this.retireAt = performance.now() + RETIRE_EVERY_MS;
    const { timelines } = await retire(repository, this.place, this.manifest, retention, signal);
    this.retiredTimelines.push(...timelines);
    this.bases = await findBases(repository, this.place, new Map(), signal);
  }

  private listBases(): Promise<void> {
    return this.manifest.setBases(
      [...this.bases.values()].map(({ stored }) => stored),
      this.options.signal,
    );
  }
}

/** Of the part of the log that ends with `last`. */
const startOf = (contents: TimelineContents | undefined, last: bigint): bigint =>
  contents === undefined
    ? last
    : (islandsOf(contents).find(({ after, upTo }) => after < last && last <= upTo)?.after ?? last);
