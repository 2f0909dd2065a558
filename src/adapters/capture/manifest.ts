/** The index and state of one writer: what makes its segments count. Every change is durable before it is believed. */
import { keys } from '../../planning/backup/keys';
import { compareZxids, maxZxid, zxidText } from '../../model/zxid';
import {
  MAX_INDEX_SEGMENTS,
  REPOSITORY_FORMAT,
  type Hole,
  type IndexDocument,
  type LogObject,
  type StateDocument,
  type StoredObject,
} from '../../model/repository';
import type { TimelineContents } from '../../planning/backup/contents';
import { selfSha256Of } from '../repository/documents';
import type { Repository } from '../repository/repository';
import type { WriterPlace } from './shelf';

type Known = Pick<TimelineContents, 'indexes' | 'holes' | 'sealedUpTo' | 'durableUpTo'>;

const goesOn = (last: Hole, { after, reason }: Hole): boolean =>
  last.reason === reason &&
  compareZxids(last.after, after) <= 0 &&
  compareZxids(after, last.upTo) <= 0;

export class Manifest {
  private indexes: StoredObject[];
  private holes: Hole[];
  private bases: StoredObject[];
  private sealedUpTo: string | undefined;
  private durableUpTo: string | undefined;
  /** As the newest state says. */
  private toldUpTo: string | undefined;
  /** Of the index that is still being filled; `listed` is how it was written last, and the last of `indexes`. */
  private open: LogObject[] = [];
  private listed: StoredObject | undefined;
  private number = 0;
  /** Indexes that a newer one has replaced: to be deleted once the state no longer names them. */
  private superseded: string[] = [];
  private writing: Promise<void> = Promise.resolve();

  /** `known`: as the writer before left it; `bases`: manifests that are there. */
  constructor(
    private readonly repository: Repository,
    private readonly place: WriterPlace,
    known: Known,
    bases: StoredObject[],
  ) {
    this.indexes = [...known.indexes];
    this.holes = [...known.holes];
    this.sealedUpTo = known.sealedUpTo;
    this.durableUpTo = known.durableUpTo;
    this.bases = bases;
  }

  get namedHoles(): readonly Hole[] {
    return this.holes;
  }

  /** Sealed segments, in their order; they are in log/ already. */
  async add(segments: readonly LogObject[], signal?: AbortSignal): Promise<void> {
    for (let at = 0; at < segments.length;) {
      const room = MAX_INDEX_SEGMENTS - this.open.length;
      const some = segments.slice(at, at + room);
      this.open.push(...some);
      this.sealedUpTo = some.at(-1)!.last;
      at += some.length;
      await this.writeIndex(signal);
      if (this.open.length === MAX_INDEX_SEGMENTS) this.beginIndex();
    }
    await this.writeState(signal);
  }

  /** One that goes on where the last one ended, for the same reason, is the same: of whole bases there are thousands. */
  async addHole(hole: Hole, signal?: AbortSignal): Promise<void> {
    const isKnown = this.holes.some(
      ({ after, upTo }) => after === hole.after && upTo === hole.upTo,
    );
    const last = this.holes.at(-1);
    if (last !== undefined && goesOn(last, hole)) {
      this.holes.splice(-1, 1, { ...last, upTo: maxZxid(last.upTo, hole.upTo) });
    } else if (!isKnown) this.holes.push(hole);
    await this.writeState(signal);
  }

  /** Manifests of bases that are there now. */
  async setBases(bases: StoredObject[], signal?: AbortSignal): Promise<void> {
    this.bases = bases;
    await this.writeState(signal);
  }

  /** After a retention has taken segments away. */
  async replace(
    segments: readonly LogObject[],
    holes: Hole[],
    signal?: AbortSignal,
  ): Promise<void> {
    this.superseded.push(...this.indexes.map(({ key }) => key));
    this.beginIndex();
    this.indexes = [];
    this.holes = holes;
    await this.add(segments, signal);
  }

  private beginIndex(): void {
    this.open = [];
    this.listed = undefined;
  }

  /** Under a new key each time: the state that names the one before must stay true until it is replaced. */
  private async writeIndex(signal?: AbortSignal): Promise<void> {
    const { ensemble, timeline, generation } = this.place;
    const document: IndexDocument = { format: REPOSITORY_FORMAT, segments: this.open };
    this.number += 1;
    const key = keys.index(ensemble, timeline, generation, this.number);
    const stored = await this.repository.putDocument(key, document, signal);
    if (this.listed !== undefined) {
      this.indexes.pop();
      this.superseded.push(this.listed.key);
    }
    this.indexes.push(stored);
    this.listed = stored;
  }

  /** Everything up to it is in the repository; the next state says so. */
  reached(zxid: bigint): void {
    this.durableUpTo = maxZxid(this.durableUpTo ?? zxidText(0n), zxidText(zxid));
  }

  /** Only where the newest state does not say how far it reaches. */
  async tellReached(signal?: AbortSignal): Promise<void> {
    if (this.durableUpTo !== this.toldUpTo) await this.writeState(signal);
  }

  /** One after the other: of two at once the older one could come last. */
  writeState(signal?: AbortSignal): Promise<void> {
    const writing = this.writing.then(() => this.writeNow(signal));
    this.writing = writing.catch(() => undefined);
    return writing;
  }

  private async writeNow(signal?: AbortSignal): Promise<void> {
    const { ensemble, timeline, generation } = this.place;
    const document: Omit<StateDocument, 'selfSha256'> = {
      format: REPOSITORY_FORMAT,
      generation,
      timeline,
      indexes: this.indexes,
      bases: this.bases,
      holes: this.holes,
      ...(this.sealedUpTo !== undefined && { sealedUpTo: this.sealedUpTo }),
      ...(this.durableUpTo !== undefined && { durableUpTo: this.durableUpTo }),
      sealedAt: new Date().toISOString(),
    };
    const selfSha256 = selfSha256Of(document);
    const key = keys.state(ensemble, timeline, generation);
    await this.repository.putDocument(key, { ...document, selfSha256 }, signal);
    this.toldUpTo = document.durableUpTo;
    await this.repository.store.delete(this.superseded.splice(0), signal);
  }
}
