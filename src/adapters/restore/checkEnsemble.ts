/** Reads everything that a repository holds of an ensemble, and says what is wrong with it. Restores nothing. */
import { isZkferryError, ZkferryError } from '../../model/errors';
import type { LogObject } from '../../model/repository';
import { asFarAs } from '../../planning/backup/asFarAs';
import type {
  ContentFinding,
  EnsembleContents,
  TimelineContents,
} from '../../planning/backup/contents';
import { explainContents } from '../../planning/backup/explain';
import { rangeFindings } from '../../planning/backup/restorable';
import { readSnapshot } from '../../codec/snapshot';
import { isGone } from '../repository/damage';
import { drillFindings } from '../repository/drills';
import { readLogObject } from '../repository/readLog';
import type { Repository } from '../repository/repository';

/**
 * How often a repository is listed anew because its writer took away what had been listed. What is sealed stays, and
 * nothing is looked for beyond the end of the first listing: a few do.
 */
const ATTEMPTS = 20;

export interface CheckOptions {
  signal?: AbortSignal;
  onProgress?: (progress: { doneBytes: number; totalBytes: number }) => void;
}

export interface EnsembleCheck {
  ok: boolean;
  objects: number;
  /** As stored. */
  bytes: number;
  /** What can be restored of what is sound, and every finding; a line each. */
  lines: string[];
  findings: ContentFinding[];
  /** What is sound. */
  contents: EnsembleContents;
}

/** Rejects with NotDecrypted where nothing can be read for want of an identity: that says nothing of the backup. */
export async function checkEnsemble(
  repository: Repository,
  ensemble: string,
  { signal, onProgress = () => undefined }: CheckOptions = {},
): Promise<EnsembleCheck> {
  const first = await repository.contents(ensemble, signal);
  let contents = first;
  const work = new Check(repository, onProgress, signal);
  let timelines: TimelineContents[];
  for (let attempt = 1; ; attempt += 1) {
    timelines = await work.look(contents);
    if (work.lost.length === 0 || attempt === ATTEMPTS) break;
    // A writer merges what it wrote, and seals it, meanwhile: what it took away is no longer listed.
    const now = asFarAs(first, await repository.contents(ensemble, signal));
    const listed = new Set(keysOf(now));
    if (work.lost.some((key) => listed.has(key))) break;
    contents = now;
  }
  if (work.unread !== undefined) throw work.unread;
  timelines.at(-1)?.findings.push(...(await drillFindings(repository, ensemble, signal)));
  const sound = { ...contents, timelines };
  const findings = timelines.flatMap((one) => [...one.findings, ...rangeFindings(one)]);
  return {
    ok: findings.every(({ severity }) => severity !== 'error'),
    ...{ objects: work.objects, bytes: work.doneBytes },
    lines: explainContents(sound),
    ...{ findings, contents: sound },
  };
}

/** Of everything whose place another object may have taken. */
const keysOf = ({ timelines }: EnsembleContents): string[] =>
  timelines.flatMap(({ bases, segments, pieces, unindexed }) => [
    ...bases.flatMap(({ key, configuration }) => [
      key,
      ...(configuration ? [configuration.key] : []),
    ]),
    ...[...segments, ...pieces, ...unindexed].map(({ key }) => key),
  ]);

const totalOf = ({ timelines }: EnsembleContents): number =>
  timelines
    .flatMap(({ bases, segments, pieces, unindexed }) => [
      ...bases.map(({ snapshot, configuration }) => snapshot.bytes + (configuration?.bytes ?? 0)),
      ...[...segments, ...pieces, ...unindexed].map(({ bytes = 0 }) => bytes),
    ])
    .reduce((sum, bytes) => sum + bytes, 0);

/** Reads each object once, whatever is listed meanwhile. */
class Check {
  objects = 0;
  doneBytes = 0;
  private totalBytes = 0;
  /** What was found of each key; undefined of one that is sound. */
  private readonly found = new Map<string, ContentFinding | undefined>();
  private gone = new Set<string>();

  constructor(
    private readonly repository: Repository,
    private readonly onProgress: NonNullable<CheckOptions['onProgress']>,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** Listed, and gone when it was to be read. */
  get lost(): string[] {
    return [...this.gone];
  }

  /** Why none of the objects could be decrypted; undefined where one could, and where there is none. */
  get unread(): ZkferryError | undefined {
    const found = [...this.found.values()];
    const foreign = found.find((finding) => finding?.code === 'NotDecrypted');
    return foreign === undefined || found.includes(undefined)
      ? undefined
      : new ZkferryError('NotDecrypted', foreign.message);
  }

  async look(contents: EnsembleContents): Promise<TimelineContents[]> {
    for (const key of this.gone) this.found.delete(key);
    this.gone = new Set();
    this.totalBytes = Math.max(totalOf(contents), this.doneBytes);
    const timelines: TimelineContents[] = [];
    for (const timeline of contents.timelines) timelines.push(await this.timeline(timeline));
    return timelines;
  }

  /** Without what is not sound, which becomes findings. */
  private async timeline(timeline: TimelineContents): Promise<TimelineContents> {
    const findings = [...timeline.findings];
    const keep = async <T extends { key: string }>(
      all: readonly T[],
      bytes: (one: T) => number,
      look: (one: T) => Promise<void>,
    ): Promise<T[]> => {
      const sound: T[] = [];
      for (const one of all) {
        const finding = await this.lookAt(one.key, bytes(one), () => look(one));
        if (finding === undefined) sound.push(one);
        else findings.push(finding);
      }
      return sound;
    };
    const log = (objects: readonly LogObject[]) =>
      keep(
        objects,
        ({ bytes = 0 }) => bytes,
        async (object) => void (await readLogObject(this.repository, object, this.signal)),
      );
    // A tree restores without its configuration files.
    await keep(
      timeline.bases.flatMap(({ configuration }) => configuration ?? []),
      ({ bytes }) => bytes,
      async (configuration) => void (await this.repository.unseal(configuration, this.signal)),
    );
    return {
      ...timeline,
      bases: await keep(
        timeline.bases,
        ({ snapshot }) => snapshot.bytes,
        (base) => this.snapshot(base),
      ),
      segments: await log(timeline.segments),
      pieces: await log(timeline.pieces),
      unindexed: await log(timeline.unindexed),
      findings,
    };
  }

  private async snapshot({ snapshot }: TimelineContents['bases'][number]): Promise<void> {
    const chunks = this.repository.unsealStream(snapshot, this.signal);
    let end: string | undefined;
    for await (const part of readSnapshot(chunks))
      if (part.kind === 'end' && part.end.kind !== 'complete') end = part.end.reason;
    if (end !== undefined) throw new NotWhole(`${snapshot.key} is no whole snapshot: ${end}`);
  }

  private async lookAt(
    key: string,
    bytes: number,
    read: () => Promise<void>,
  ): Promise<ContentFinding | undefined> {
    if (!this.found.has(key)) {
      this.signal?.throwIfAborted();
      this.objects += 1;
      this.doneBytes += bytes;
      this.onProgress({ doneBytes: this.doneBytes, totalBytes: this.totalBytes });
      this.found.set(key, await this.findingOf(key, read));
    }
    return this.found.get(key);
  }

  private async findingOf(
    key: string,
    read: () => Promise<void>,
  ): Promise<ContentFinding | undefined> {
    try {
      await read();
      return undefined;
    } catch (error) {
      if (!(error instanceof NotWhole) && !(isZkferryError(error) && !error.retryable)) throw error;
      if (isGone(error)) this.gone.add(key);
      const isForeign = isZkferryError(error) && error.type === 'NotDecrypted';
      const code = isForeign ? 'NotDecrypted' : 'ObjectDamaged';
      return { code, severity: 'error', key, message: error.message };
    }
  }
}

class NotWhole extends Error {}
