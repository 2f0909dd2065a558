/** What must hold of a capture, whatever it writes to: held against what an ensemble committed. */
import { strict as assert } from 'node:assert';
import { existsSync, readdirSync } from 'node:fs';
import { checkEnsemble } from '../../src/adapters/restore/checkEnsemble';
import { chooseFrom } from '../../src/adapters/restore/fromRepository';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper';
import type { Lab } from '../../src/lab/lab';
import type { TimelineContents } from '../../src/planning/backup/contents';
import { compareZxids } from '../../src/model/zxid';
import { treeOf } from './backupTree';
import type { CapturePlace } from './capturePlace';
import { fingerprintAt } from './examineRepository';
import { ENSEMBLE, RunningCapture } from './runningCapture';
import { addressesOf, assertEqual } from './tapLab';
import { until } from './until';
import { WriteLoad } from './writeLoad';

/** An S3 server that hangs is taken for one after 130 s at most. */
const DEADLINE_MS = 180_000;

interface Stage {
  lab: Lab;
  place: CapturePlace;
}

let loads = 0;

async function startLoad(lab: Lab): Promise<WriteLoad> {
  const root = `/load-${(loads += 1)}`;
  const session = await createZooKeeperAdapter().openSession({ servers: addressesOf(lab) });
  await session.create(root, Buffer.alloc(0));
  await session.close();
  return new WriteLoad({ servers: addressesOf(lab), root, writesPerSecond: 400 });
}

const written = (load: WriteLoad, more: number): Promise<true> => {
  const goal = load.acknowledged + more;
  return until(`${more} writes`, () => load.acknowledged >= goal || undefined, DEADLINE_MS);
};

async function timelineOf(place: CapturePlace): Promise<TimelineContents> {
  const { timelines } = await (await place.reading()).contents(ENSEMBLE);
  return timelines.at(-1)!;
}

/** The tree that the repository restores equals the leader's, and nothing is said against what lies there. */
async function assertWhole(stage: Stage, attempt = 1): Promise<TimelineContents> {
  const { lab, place } = stage;
  const contents = await timelineOf(place);
  assert.deepEqual(contents.findings, []);
  assert.deepEqual(contents.holes, []);
  const restored = await treeOf(await place.reading(), contents);
  try {
    await assertEqual(lab, [restored]);
    return contents;
  } catch (error) {
    if (attempt > 1 || !/every tap at one zxid/.test((error as Error).message)) throw error;
  }
  // A session of the load that could not be closed in time expired after the capture had ended.
  const later = new RunningCapture(lab, place.writing);
  await later.capturing();
  await later.stop();
  return assertWhole(stage, attempt + 1);
}

/** The load is ended whatever happens: it would go on against servers that are gone. */
async function underLoad(lab: Lab, work: (load: WriteLoad) => Promise<void>): Promise<void> {
  const load = await startLoad(lab);
  try {
    await work(load);
  } finally {
    await load.stop();
  }
}

const everything = (stage: Stage): Promise<void> =>
  underLoad(stage.lab, async (load) => {
    const running = new RunningCapture(stage.lab, stage.place.writing);
    await running.capturing();
    await written(load, 2_000);
    await load.stop();
    const progress = await running.stop();
    assert.ok(progress.lag.p50Ms! < 5_000, `lag p50 is ${progress.lag.p50Ms} ms`);
    const contents = await assertWhole(stage);
    assert.deepEqual(contents.pieces, []);
    assert.ok(contents.segments.length > 1);
    assert.equal(contents.bases.length, 1);
  });

const killed = (stage: Stage): Promise<void> =>
  underLoad(stage.lab, async (load) => {
    for (let kill = 0; kill < 3; kill += 1) {
      const running = new RunningCapture(stage.lab, stage.place.writing);
      await running.capturing();
      await written(load, 500);
      await running.abort();
    }
    assert.ok((await timelineOf(stage.place)).pieces.length > 0);
    const last = new RunningCapture(stage.lab, stage.place.writing);
    await last.capturing();
    await written(load, 200);
    await load.stop();
    await last.stop();
    await assertWhole(stage);
  });

const twoAtOnce = (stage: Stage): Promise<void> =>
  underLoad(stage.lab, async (load) => {
    const first = new RunningCapture(stage.lab, stage.place.writing);
    await first.capturing();
    await written(load, 500);
    const second = new RunningCapture(stage.lab, stage.place.writing);
    await second.until(
      'the second to capture',
      ({ state, txns }) => state === 'capturing' && txns > 500,
    );
    await first.ended;
    assert.equal((first.error as { type?: string } | undefined)?.type, 'WriterReplaced');
    await load.stop();
    await second.stop();
    await assertWhole(stage);
  });

const unwritable = (stage: Stage): Promise<void> =>
  underLoad(stage.lab, async (load) => {
    const { place, lab } = stage;
    const running = new RunningCapture(lab, place.writing, { memoryBytes: 100_000 });
    await running.capturing();
    place.away();
    try {
      await running.until('transactions on disk', (it) => it.spooledBytes > 0, DEADLINE_MS);
      await running.until('trouble', ({ trouble }) => trouble !== undefined, DEADLINE_MS);
      assert.equal(running.progress?.state, 'spooling');
      await written(load, 500);
    } finally {
      place.back();
    }
    await running.until(
      'nothing to wait',
      ({ spooledBytes, lag }) => spooledBytes === 0 && lag.ms < 5_000,
      DEADLINE_MS,
    );
    await load.stop();
    await running.stop();
    await assertWhole(stage);
    const left = existsSync(running.spool) ? readdirSync(running.spool) : [];
    assert.equal(left.join(), '');
  });

const leaderDies = (stage: Stage): Promise<void> =>
  underLoad(stage.lab, async (load) => {
    const { lab, place } = stage;
    const running = new RunningCapture(lab, place.writing);
    await running.capturing();
    await written(load, 500);
    const { leader } = running.progress!;
    const dying = lab.members.find(({ host, clientPort }) => `${host}:${clientPort}` === leader)!;
    await lab.killServer(dying.name);
    await running.until('another leader', (it) => it.leader !== undefined && it.leader !== leader);
    await written(load, 500);
    await lab.startServer(dying.name);
    await load.stop();
    await running.stop();
    await assertWhole(stage);
  });

/** What had been there for a while and is gone is missed, though nothing came after it. */
const endIsMissed = (stage: Stage): Promise<void> =>
  underLoad(stage.lab, async (load) => {
    const { lab, place } = stage;
    const running = new RunningCapture(lab, place.writing, { segmentMs: 600_000 });
    await running.capturing();
    await written(load, 500);
    const told = await until(
      'a state that says how far the log reaches',
      async () => {
        const { durableUpTo, pieces } = await timelineOf(place);
        return pieces.length > 0 && durableUpTo !== undefined ? durableUpTo : undefined;
      },
      DEADLINE_MS,
      500,
    );
    await running.abort();
    const before = await timelineOf(place);
    assert.ok(compareZxids(before.pieces.at(-1)!.last, told) >= 0);
    // One may still come: that of the last moment.
    await until(
      'no piece',
      async () => {
        const { pieces } = await timelineOf(place);
        await place.writing.store.delete(pieces.map(({ key }) => key));
        return pieces.length === 0 || undefined;
      },
      DEADLINE_MS,
      500,
    );
    const repository = await place.reading();
    const { contents, findings } = await checkEnsemble(repository, ENSEMBLE);
    const gone = new RegExp(
      `up to ${contents.timelines[0]!.durableUpTo} are missing: .*there once`,
    );
    assert.ok(
      findings.some(({ severity, message }) => severity === 'error' && gone.test(message)),
      JSON.stringify(findings),
    );
    await assert.rejects(chooseFrom(repository, contents, { kind: 'latest' }), gone);
    await load.stop();
    // What the leader still has is captured again after the base of before; else there is a hole that is named.
    const next = new RunningCapture(lab, place.writing);
    await next.capturing();
    const { durableUpTo } = await next.stop();
    const after = await repository.contents(ENSEMBLE);
    const { zxid } = await chooseFrom(repository, after, { kind: 'latest' });
    assert.equal(zxid, durableUpTo);
    const now = await checkEnsemble(repository, ENSEMBLE);
    assert.deepEqual(
      now.findings.filter(({ severity }) => severity === 'error'),
      [],
    );
  });

/** Pieces are merged and sealed while others read them. */
const readMeanwhile = (stage: Stage): Promise<void> =>
  underLoad(stage.lab, async (load) => {
    const running = new RunningCapture(stage.lab, stage.place.writing, { segmentMs: 1_000 });
    await running.capturing();
    await written(load, 200);
    const repository = await stage.place.reading();
    for (let look = 0; look < 5; look += 1) {
      const { findings } = await checkEnsemble(repository, ENSEMBLE);
      assert.deepEqual(findings, []);
      const contents = await repository.contents(ENSEMBLE);
      await fingerprintAt(repository, contents, { kind: 'latest' });
    }
    await load.stop();
    await running.stop();
  });

export const captureClaims: Record<string, (stage: Stage) => Promise<void>> = {
  'everything an ensemble commits is in the repository, and makes the same tree': everything,
  'a capture that dies leaves what the next one goes on after, without gap or repetition': killed,
  'of two captures at once the later one goes on, and the earlier one ends': twoAtOnce,
  'while the repository takes nothing transactions wait on disk, and nothing is missing afterwards':
    unwritable,
  'when the leader dies nothing that was acknowledged is missing': leaderDies,
  'pieces of the very end that are gone are missed': endIsMissed,
  'what is read while it is merged and sealed is sound': readMeanwhile,
};
