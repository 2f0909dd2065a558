/**
 * A hot backup of an ensemble under load, while what captures is killed, leaders are killed, and the repository takes
 * nothing for a while. What was acknowledged is held against what the repository has, at each kill and at the end; what
 * is restored against trees that a tap of its own kept meanwhile.
 */
import { strict as assert } from 'node:assert';
import { renameSync, rmSync } from 'node:fs';
import { DirectoryStore } from '../../src/adapters/repository/directoryStore';
import { openRepository } from '../../src/adapters/repository/openRepository';
import { readTxns } from '../../src/adapters/repository/readLog';
import type { Repository } from '../../src/adapters/repository/repository';
import { checkEnsemble } from '../../src/adapters/restore/checkEnsemble';
import { chooseFrom } from '../../src/adapters/restore/fromRepository';
import { openTap } from '../../src/adapters/tap';
import { createZooKeeperAdapter } from '../../src/adapters/zookeeper';
import type { Lab } from '../../src/lab/lab';
import { isZkferryError } from '../../src/model/errors';
import { chain, islandsOf } from '../../src/planning/backup/logCover';
import type { EnsembleContents, TimelineContents } from '../../src/planning/backup/contents';
import { restorableRanges } from '../../src/planning/backup/restorable';
import { fingerprintAt } from '../support/examineRepository';
import { JournaledWriter } from '../support/journaledWriter';
import { RecordedTrees, type RecordedTree } from '../support/recordedTrees';
import { addressesOf } from '../support/tapLab';
import { until } from '../support/until';
import { WriteLoad } from '../support/writeLoad';
import type { Capturer } from './capturers';

export interface Fire {
  durationMs: number;
  writesPerSecond: number;
  /** Of these so many are remembered. */
  journaledPerSecond: number;
  kills: number;
  leaderKills: number;
  outageMs: number;
  /** Trees to compare. */
  trees: number;
}

/** A report is up to a second old when it is told, and a dead leader is noticed a moment after its last acknowledgement. */
const SLACK_MS = 2_000;
/** Trees that are restored to a time as well, of those that a zxid was tried with. */
const BY_TIME = 5;
const DEADLINE_MS = 120_000;
const LEAST_RATE_SHARE = 0.5;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

type Fault = 'kill' | 'leader' | 'outage';

/** The outage amid the rest, leaders among kills. */
function faultsOf({ kills, leaderKills }: Fire): Fault[] {
  const faults: Fault[] = [];
  for (let kill = 0; kill < kills; kill += 1) {
    faults.push('kill');
    const due = Math.floor(((kill + 1) * leaderKills) / kills);
    while (faults.filter((fault) => fault === 'leader').length < due) faults.push('leader');
    if (kill === kills >> 1) faults.push('outage');
  }
  return faults;
}

export interface Stage {
  lab: Lab;
  ensemble: string;
  place: string;
  capturer: Capturer;
}

export async function backupUnderFire(stage: Stage, fire: Fire): Promise<void> {
  const { lab, capturer } = stage;
  const session = await createZooKeeperAdapter().openSession({ servers: addressesOf(lab) });
  for (const root of ['/load', '/journal']) await session.create(root, Buffer.alloc(0));
  await session.close();
  const trees = new RecordedTrees(openTap({ servers: addressesOf(lab), directory: lab.directory }));
  const { writesPerSecond, journaledPerSecond } = fire;
  const load = new WriteLoad({
    ...{ servers: addressesOf(lab), root: '/load' },
    writesPerSecond: writesPerSecond - journaledPerSecond,
  });
  const writer = new JournaledWriter(addressesOf(lab), '/journal', journaledPerSecond);
  const work = new UnderFire(stage, fire, writer);
  try {
    await capturer.start();
    await capturer.capturing();
    const startedAt = performance.now();
    const written = () => load.acknowledged + writer.journal.length;
    const before = written();
    await Promise.all([work.faults(), recordAll(trees, fire)]);
    const perSecond = ((written() - before) * 1_000) / (performance.now() - startedAt);
    await Promise.all([load.stop(), writer.stop()]);
    await work.caughtUp(trees);
    const points = [...trees.points, trees.now()];
    await capturer.stop();
    await work.conclude(points);
    process.stderr.write(
      `${Math.round(perSecond)} writes/s, ${writer.journal.length} remembered, ${load.failed + writer.failed} failed; ${work.told()}\n`,
    );
    assert.ok(perSecond > writesPerSecond * LEAST_RATE_SHARE, `only ${perSecond} writes/s`);
  } finally {
    await Promise.all([load.stop(), writer.stop()]);
    await capturer.kill();
    await trees.tapTree.tap.close();
  }
}

async function recordAll(trees: RecordedTrees, fire: Fire): Promise<void> {
  for (let tree = 0; tree < fire.trees; tree += 1) {
    await pause((fire.durationMs / fire.trees) * (0.5 + Math.random()) * 0.9);
    await trees.record();
  }
}

class UnderFire {
  private worstBehindMs = 0;
  private holes = 0;
  private compared = 0;
  private edges = 0;

  constructor(
    private readonly stage: Stage,
    private readonly fire: Fire,
    private readonly writer: JournaledWriter,
  ) {}

  async faults(): Promise<void> {
    const faults = faultsOf(this.fire);
    const end = performance.now() + this.fire.durationMs;
    for (const [index, fault] of faults.entries()) {
      const left =
        end - performance.now() - (index <= faults.indexOf('outage') ? this.fire.outageMs : 0);
      await pause(Math.max(0, (left / (faults.length - index)) * Math.random()));
      if (fault === 'kill') await this.kill();
      else if (fault === 'leader') await this.leader();
      else await this.outage();
    }
    await pause(Math.max(0, end - performance.now()));
  }

  told(): string {
    return `at worst ${Math.round(this.worstBehindMs)} ms of acknowledged writes were not there when it was killed; ${this.holes} holes; ${this.compared} restored trees compared`;
  }

  private repository(): Promise<Repository> {
    return openRepository(new DirectoryStore(this.stage.place));
  }

  private async timeline(): Promise<TimelineContents> {
    const { timelines } = await (await this.repository()).contents(this.stage.ensemble);
    assert.equal(timelines.length, 1, 'the timeline that it began');
    return timelines[0]!;
  }

  /** Everything that was acknowledged before what was told as lag is there. */
  private async kill(): Promise<void> {
    const { capturer } = this.stage;
    const { journal } = this.writer;
    const killedAt = Date.now();
    const { report } = capturer;
    await capturer.kill();
    const reached = islandsOf(await this.timeline()).at(-1)!.upTo;
    const missing = journal.filter(({ zxid, atMs }) => zxid > reached && atMs < killedAt);
    const oldest = missing[0]?.atMs ?? killedAt;
    this.worstBehindMs = Math.max(this.worstBehindMs, killedAt - oldest);
    if (report !== undefined) {
      const due = report.atMs - report.lagMs - SLACK_MS;
      assert.ok(
        oldest >= due,
        `acknowledged ${due - oldest} ms before what the lag allows to miss`,
      );
      if (report.durableUpTo !== undefined)
        assert.ok(
          BigInt(report.durableUpTo) <= reached,
          `${report.durableUpTo} was told as durable`,
        );
    }
    await capturer.start();
    await capturer.capturing();
  }

  private async leader(): Promise<void> {
    const { lab } = this.stage;
    const leader = await until('a leader', () => lab.leader(), DEADLINE_MS);
    await lab.killServer(leader);
    const { length } = this.writer.journal;
    await until(
      'writes after the leader was killed',
      () => this.writer.journal.length > length + 100 || undefined,
      DEADLINE_MS,
    );
    await lab.startServer(leader);
    await lab.waitServing();
  }

  private async outage(): Promise<void> {
    const { place, capturer } = this.stage;
    renameSync(place, `${place}.gone`);
    await pause(this.fire.outageMs);
    rmSync(place, { recursive: true, force: true });
    renameSync(`${place}.gone`, place);
    await until(
      () => `nothing to wait; ${JSON.stringify(capturer.report)}`,
      () => (capturer.report?.state === 'capturing' && capturer.report.lagMs < 10_000) || undefined,
      DEADLINE_MS,
    );
  }

  async caughtUp({ tapTree }: RecordedTrees): Promise<void> {
    await until(
      'everything in the repository',
      async () => {
        if (tapTree.error !== undefined) throw tapTree.error;
        const { upTo } = islandsOf(await this.timeline()).at(-1)!;
        return upTo === tapTree.last || undefined;
      },
      DEADLINE_MS,
      1_000,
    );
  }

  /** Continuity holds or the hole is named; what was acknowledged is there; what was is restored. */
  async conclude(points: RecordedTree[]): Promise<void> {
    const repository = await this.repository();
    const { contents, findings } = await checkEnsemble(repository, this.stage.ensemble);
    const timeline = contents.timelines[0]!;
    this.holes = timeline.holes.length;
    const unnamed = findings.filter(({ code }) => code !== 'LogHole' || this.holes === 0);
    assert.deepEqual(unnamed, []);
    await this.assertAcknowledged(repository, timeline);
    const ranges = restorableRanges(timeline);
    const isRestorable = ({ zxid }: RecordedTree): boolean =>
      ranges.some(({ from, to }) => BigInt(from) <= BigInt(zxid) && BigInt(zxid) <= BigInt(to));
    const restorable = points.filter(isRestorable);
    if (this.holes === 0) assert.equal(restorable.length, points.length);
    for (const { zxid, timeMs, fingerprint } of restorable) {
      const right = { zxid, fingerprint };
      const byZxid = await fingerprintAt(repository, contents, { kind: 'zxid', zxid });
      assert.deepEqual(byZxid, right, `restored to ${zxid}`);
      const byTime = await this.chosenAt(repository, contents, timeMs);
      if (byTime !== undefined)
        assert.equal(byTime, zxid, `chosen for ${new Date(timeMs).toISOString()}`);
      this.compared += 1;
    }
    // One zxid makes one tree, however it was found: a few are enough.
    for (const { zxid, timeMs, fingerprint } of restorable.slice(0, BY_TIME)) {
      if ((await this.chosenAt(repository, contents, timeMs)) === undefined) continue;
      const byTime = await fingerprintAt(repository, contents, { kind: 'time', timeMs });
      assert.deepEqual(
        byTime,
        { zxid, fingerprint },
        `restored to ${new Date(timeMs).toISOString()}`,
      );
      this.compared += 1;
    }
  }

  /** Undefined at the edge of a hole, where nothing tells whether what is in it is of the same millisecond. */
  private async chosenAt(
    repository: Repository,
    contents: EnsembleContents,
    timeMs: number,
  ): Promise<string | undefined> {
    try {
      return (await chooseFrom(repository, contents, { kind: 'time', timeMs })).zxid;
    } catch (error) {
      if (!isZkferryError(error) || error.type !== 'NotRestorable' || this.holes === 0) throw error;
      this.edges += 1;
      assert.ok(this.edges <= 2 * this.holes, error.message);
      return undefined;
    }
  }

  private async assertAcknowledged(
    repository: Repository,
    timeline: TimelineContents,
  ): Promise<void> {
    const missing = new Set(this.writer.journal.map(({ zxid }) => zxid));
    const first = timeline.bases.map(({ snapshotZxid }) => BigInt(snapshotZxid)).sort()[0]!;
    const objects =
      timeline.holes.length === 0
        ? chain(timeline, `0x${first.toString(16)}`)
        : islandsOf(timeline).flatMap((island) => island.objects);
    for await (const { zxid } of readTxns(repository, objects, { after: first, acrossHoles: true }))
      missing.delete(zxid);
    const lost = [...missing].filter(
      (zxid) =>
        zxid > first &&
        !timeline.holes.some(({ after, upTo }) => zxid > BigInt(after) && zxid <= BigInt(upTo)),
    );
    assert.deepEqual(lost, [], 'acknowledged and nowhere in the repository');
  }
}
