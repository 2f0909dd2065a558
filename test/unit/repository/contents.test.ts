/** What a repository holds is told as it is: whatever is missing or damaged is named, left out, and never an error. */
import type { StoredEntry } from '../../../src/model/backupPorts';
import type { LogObject, StoredObject } from '../../../src/model/repository';
import type { TimelineContents } from '../../../src/planning/backup/contents';
import { keys, prefixes } from '../../../src/planning/backup/keys';
import { E, make, putState, type Made } from '../../support/backedUp';
import { putLogObject, range } from '../../support/logObjects';
import { directoryPlace, s3Place, type Place } from '../../support/stores';

const timelineOf = async ({ repository }: Made): Promise<TimelineContents> =>
  (await repository.contents(E)).timelines[0]!;

const rangesOf = (objects: readonly LogObject[]): string[] =>
  objects.map(({ after, last }) => `${after}-${last}`);

describe.each([
  ['a directory', () => Promise.resolve<Place>(directoryPlace())],
  ['S3', () => s3Place() as Promise<Place>],
])('a whole repository in %s', (_, open) => {
  it('is told as it was written, without findings', async () => {
    const made = await make(await open());
    expect(await made.repository.ensembles()).toEqual([E]);
    const contents = await made.repository.contents(E);
    expect(contents.timelines).toHaveLength(1);
    const timeline = contents.timelines[0]!;
    expect(timeline).toMatchObject({ number: 1, generation: 2, sealedUpTo: '0x1e', findings: [] });
    expect(timeline.segments).toEqual(made.segments);
    expect(timeline.pieces).toEqual(made.pieces);
    expect(timeline.bases.map(({ key }) => key)).toEqual(made.bases.map(({ key }) => key));
    expect(timeline.indexes).toEqual(made.indexes);
    await made.place.close();
  });
});

describe('a repository whose writer is at work', () => {
  let made: Made;
  beforeEach(async () => {
    made = await make(directoryPlace());
  });
  afterEach(() => made.place.close());

  /** Listings come in pages: `meanwhile` happens before the page that would have shown what it changes. */
  const whileListing = (prefix: string, meanwhile: (() => Promise<void>)[]): void => {
    const { store } = made.repository;
    const list = store.list.bind(store);
    store.list = async function* (of, signal) {
      const change = of === prefix ? meanwhile.shift() : undefined;
      const before: StoredEntry[] = [];
      for await (const page of list(of, signal)) before.push(...page);
      await change?.();
      const now = new Set<string>();
      for await (const page of list(of, signal)) page.forEach(({ key }) => now.add(key));
      yield before.filter(({ key }) => now.has(key));
    };
  };

  it('shows no gap where pieces are merged between the pages of a listing', async () => {
    const tail = keys.pieces(E, 1, 2);
    const add = (after: number, last: number): Promise<LogObject> =>
      putLogObject(made.repository, tail, after, range(after + 1, last));
    const parts = [await add(40, 41), await add(41, 42)];
    const merge = async (): Promise<void> => {
      parts.push(await add(40, 42));
      await made.place.store.delete(parts.splice(0, 2).map(({ key }) => key));
    };
    const mergeAgain = async (): Promise<void> => {
      await add(33, 42);
      await made.place.store.delete([made.pieces[1]!.key, parts[0]!.key]);
    };
    whileListing(prefixes.tails(E, 1), [merge, mergeAgain]);
    const timeline = await timelineOf(made);
    expect(timeline.findings).toEqual([]);
    expect(rangesOf(timeline.pieces)).toEqual(['0x1e-0x21', '0x21-0x2a']);
  });

  it('has no findings where it sealed while it was looked at', async () => {
    const seal = async (): Promise<void> => {
      const sealed = await putLogObject(made.repository, keys.log(E, 1), 30, range(31, 40));
      const segments = [made.segments[2]!, sealed];
      const { key } = made.indexes[1]!;
      const index = await made.repository.putDocument(key, { format: 1, segments });
      await putState(made.repository, 2, [made.indexes[0]!, index], made.bases, '0x28');
      await made.place.store.delete(made.pieces.map((piece) => piece.key));
    };
    whileListing(prefixes.timeline(E, 1), [seal]);
    const timeline = await timelineOf(made);
    expect(timeline.findings).toEqual([]);
    expect(timeline.sealedUpTo).toBe('0x28');
    expect(rangesOf(timeline.segments)).toContain('0x1e-0x28');
  });
});

describe('a repository whose writer seals during every look', () => {
  it('is not taken for one with an older state', async () => {
    const made = await make(directoryPlace());
    const { store } = made.repository;
    const list = store.list.bind(store);
    let end = 40;
    let pieces = made.pieces.map(({ key }) => key);
    let sealed: LogObject[] = [await sealedUpTo(40)];
    function sealedUpTo(upTo: number): Promise<LogObject> {
      const after = upTo === 40 ? 30 : upTo - 1;
      return putLogObject(made.repository, keys.log(E, 1), after, range(after + 1, upTo));
    }
    // The segment is shown, then the state names it and its pieces go, then these are listed.
    store.list = async function* (of, signal) {
      if (of === prefixes.tails(E, 1) && pieces.length > 0) {
        const index = await made.repository.putDocument(keys.index(E, 1, 2, end), {
          format: 1,
          segments: [made.segments[2]!, ...sealed],
        });
        const upTo = sealed.at(-1)!.last;
        await putState(made.repository, 2, [made.indexes[0]!, index], made.bases, upTo);
        await store.delete(pieces.splice(0));
      }
      if (of === prefixes.states(E, 1) && pieces.length === 0) {
        end += 1;
        const tail = keys.pieces(E, 1, 2);
        pieces = [(await putLogObject(made.repository, tail, end - 1, range(end, end))).key];
        sealed = [...sealed, await sealedUpTo(end)];
      }
      yield* list(of, signal);
    };
    const timeline = await timelineOf(made);
    expect(timeline.unindexed).not.toEqual([]);
    expect(timeline.findings).toEqual([]);
    await made.place.close();
  });
});

describe('a repository that is damaged', () => {
  let made: Made;
  const ALL = ['0x0-0xa', '0xa-0x14', '0x14-0x1e'];
  beforeEach(async () => {
    made = await make(directoryPlace());
  });
  afterEach(() => made.place.close());

  const truncate = async (key: string): Promise<void> => {
    const body = await made.place.store.get(key);
    await made.place.store.put(key, body.subarray(0, body.length >> 1));
  };
  const flip = async (key: string): Promise<void> => {
    const body = Buffer.from(await made.place.store.get(key));
    body[body.length >> 1]! ^= 1;
    await made.place.store.put(key, body);
  };
  const remove = (key: string): Promise<void> => made.place.store.delete([key]);
  const swap = async (one: string, other: string): Promise<void> => {
    const [first, second] = [await made.place.store.get(one), await made.place.store.get(other)];
    await made.place.store.put(one, second);
    await made.place.store.put(other, first);
  };
  const found = (timeline: TimelineContents): string[] =>
    timeline.findings.map(({ code, key }) => `${code} ${key}`);

  it('by a missing or a truncated segment names it and leaves it out', async () => {
    await remove(made.segments[1]!.key);
    await truncate(made.segments[2]!.key);
    const timeline = await timelineOf(made);
    expect(found(timeline)).toEqual([
      `ObjectMissing ${made.segments[1]!.key}`,
      `ObjectDamaged ${made.segments[2]!.key}`,
    ]);
    expect(rangesOf(timeline.segments)).toEqual(ALL.slice(0, 1));
  });

  it.each([
    ['removed', 'IndexMissing', (key: string) => remove(key)],
    ['truncated', 'IndexDamaged', (key: string) => truncate(key)],
  ])('by an index that was %s leaves its segments as unindexed', async (_, code, damage) => {
    await damage(made.indexes[0]!.key);
    const timeline = await timelineOf(made);
    expect(found(timeline)).toEqual([`${code} ${made.indexes[0]!.key}`]);
    expect(rangesOf(timeline.segments)).toEqual(ALL.slice(2));
    expect(rangesOf(timeline.unindexed)).toEqual(ALL.slice(0, 2));
  });

  it('by a flipped byte of any document names that document', async () => {
    for (const { key } of [...made.indexes, ...made.bases, made.state]) {
      const sound = await made.place.store.get(key);
      await flip(key);
      const timeline = await timelineOf(made);
      expect(found(timeline).filter((text) => text.endsWith(key))).toHaveLength(1);
      await made.place.store.put(key, sound);
    }
    expect((await timelineOf(made)).findings).toEqual([]);
  });

  it('by swapped indexes names both', async () => {
    await swap(made.indexes[0]!.key, made.indexes[1]!.key);
    const timeline = await timelineOf(made);
    expect(found(timeline)).toEqual(made.indexes.map(({ key }) => `IndexOlder ${key}`));
  });

  it('by an index older than the state names it, and what it still lists is used', async () => {
    await made.repository.putDocument(made.indexes[0]!.key, {
      format: 1,
      segments: made.segments.slice(0, 1),
    });
    const timeline = await timelineOf(made);
    expect(found(timeline)).toEqual([`IndexOlder ${made.indexes[0]!.key}`]);
    expect(rangesOf(timeline.segments)).toEqual([ALL[0], ALL[2]]);
    expect(rangesOf(timeline.unindexed)).toEqual([ALL[1]]);
  });

  it('by an index that names a segment by the facts of another does not believe it', async () => {
    const [first, second] = made.segments as [LogObject, LogObject, LogObject];
    const segments = [{ ...first, key: second.key }];
    const index = await made.repository.putDocument(made.indexes[0]!.key, { format: 1, segments });
    await putState(made.repository, 2, [index, made.indexes[1]!], made.bases, '0x1e');
    expect(found(await timelineOf(made))).toEqual([`IndexDamaged ${index.key}`]);
  });

  it('by nothing but a writer that died between index and state is whole up to the state', async () => {
    const newer = await putLogObject(made.repository, keys.log(E, 1), 30, range(31, 35));
    await made.repository.putDocument(made.indexes[1]!.key, {
      format: 1,
      segments: [made.segments[2]!, newer],
    });
    const timeline = await timelineOf(made);
    expect(timeline.findings).toEqual([]);
    expect(rangesOf(timeline.segments)).toEqual(ALL);
    expect(rangesOf(timeline.unindexed)).toEqual(['0x1e-0x23']);
  });

  it('by a damaged state falls back on the one before, and says so', async () => {
    await flip(made.state.key);
    const timeline = await timelineOf(made);
    expect(found(timeline)).toContain(`StateDamaged ${made.state.key}`);
    expect(timeline.generation).toBe(1);
    expect(rangesOf(timeline.segments)).toEqual(ALL.slice(0, 2));
    expect(rangesOf(timeline.unindexed)).toEqual(ALL.slice(2));
    expect(timeline.bases).toHaveLength(1);
  });

  it('by a state that is whole, but another generation’s, does not take it', async () => {
    await made.place.store.copy(keys.state(E, 1, 1), keys.state(E, 1, 3));
    expect(await timelineOf(made)).toMatchObject({ generation: 2 });
    expect(found(await timelineOf(made))).toEqual([`StateDamaged ${keys.state(E, 1, 3)}`]);
  });

  it('without any state still tells what the names and manifests tell', async () => {
    await made.place.store.delete([1, 2].map((generation) => keys.state(E, 1, generation)));
    const timeline = await timelineOf(made);
    expect(found(timeline)).toEqual([`StateMissing ${prefixes.states(E, 1)}`]);
    expect(timeline.generation).toBe(0);
    expect(timeline.bases).toHaveLength(2);
    expect(rangesOf(timeline.unindexed)).toEqual(ALL);
    expect(timeline.pieces).toEqual(made.pieces);
  });

  it('by manifests and snapshots that are missing, swapped or cut leaves those bases out', async () => {
    const [first, second] = made.bases as [StoredObject, StoredObject];
    const snapshot = first.key.replace('.json', '.snapshot.zst');
    await remove(snapshot);
    await remove(second.key);
    const timeline = await timelineOf(made);
    expect(found(timeline)).toEqual([
      `ObjectMissing ${snapshot}`,
      `ManifestMissing ${second.key}`,
      `ObjectUnknown ${second.key.replace('.json', '.snapshot.zst')}`,
    ]);
    expect(timeline.bases).toEqual([]);
  });

  it('by swapped manifests names both', async () => {
    await swap(made.bases[0]!.key, made.bases[1]!.key);
    const timeline = await timelineOf(made);
    expect(found(timeline).filter((text) => text.startsWith('ManifestDamaged'))).toHaveLength(2);
    expect(timeline.bases).toEqual([]);
  });

  it('by foreign files names them and goes on', async () => {
    const foreign = [`${keys.log(E, 1)}readme.txt`, `${keys.pieces(E, 1, 1)}x`];
    for (const key of foreign) await made.place.store.put(key, Buffer.from('x'));
    const timeline = await timelineOf(made);
    expect(found(timeline)).toEqual(foreign.map((key) => `ObjectUnknown ${key}`));
    expect(rangesOf(timeline.segments)).toEqual(ALL);
  });

  it.each([
    ['damaged', () => truncate(keys.ensemble(E))],
    ['missing', () => remove(keys.ensemble(E))],
  ])('by its document being %s still tells its timelines', async (_, damage) => {
    await damage();
    const timeline = await timelineOf(made);
    expect(found(timeline)).toEqual([`EnsembleDamaged ${keys.ensemble(E)}`]);
    expect(rangesOf(timeline.segments)).toEqual(ALL);
  });

  it('is not asked about an ensemble it has nothing of: the message names those it has', async () => {
    for (const name of ['payments', '..', 'a/b']) {
      await expect(made.repository.contents(name)).rejects.toMatchObject({
        type: 'ObjectMissing',
        message: expect.stringContaining(E),
      });
    }
  });
});
