/**
 * Keeps a copy equal to its source, transaction by transaction: a copy first, then what the source's leader
 * commits. A follower that was killed goes on after the last transaction that its marker names. Where transactions
 * were not seen one by one (the leader had no more than a snapshot to give), the target is not as it was left, or does
 * not take what one of them wrote, both sides are compared, and the differences applied.
 */
import { rm } from 'node:fs/promises';
import { decodeTxn } from '../../codec/txn';
import { isZkferryError, ZkferryError } from '../../model/errors';
import type { ZkSession } from '../../model/ports';
import { PERMS, type Rights } from '../../tree/copy/rights';
import { MAX_ACLS, type Survey } from '../../tree/copy/survey';
import { Ephemerals } from '../../tree/follow/ephemerals';
import { FollowOperations, type FollowStep } from '../../tree/follow/followOperations';
import type { OrderedWriter } from '../bulk/orderedWriter';
import { BREAKS_CONNECTION } from '../bulk/writerErrors';
import { takeTree, TapSource } from '../source/tapSource';
import type { Tap, TapEvent } from '../tap/tap';
import { discard as discardEvent } from '../tap/tapEvents';
import { zooKeeperCode } from '../zookeeper/errors';
import { plan, resultOf } from './copyTree';
import { EphemeralsLog } from './ephemeralsLog';
import { FollowProgress, Position } from './followProgress';
import { authOf, newCredential, rightsOf } from './identity';
import type { CopyJournal, JournalRecord } from './journal';
import { claimMarker } from './marker';
import type { CopyResult, FollowJob, FollowOptions, FollowResult, FollowStatus } from './options';
import { takeOutOwnEntries } from './ownEntries';
import { discard, openOwnSession, perform, writerFor } from './work';
import { zxidText } from '../../model/zxid';

/** Events worked out before what they change is kept and sent. */
const STRETCH = 1_000;
/** In a row, without a transaction applied between them. */
const MOST_FRUITLESS_RESYNCS = 3;
/** A target that is down for so long is worth a person's look. */
const STALL_TIMEOUT_MS = 600_000;
/** What an operation fails with where the target is not what it was when both sides were equal. */
const CHANGED_BY_OTHERS = ['NoNode', 'NodeExists', 'NotEmpty'];

interface Step extends FollowStep {
  event: Extract<TapEvent, { kind: 'txn' }>;
}

export class Follower {
  private readonly credential: string;
  private readonly ephemerals = new Ephemerals();
  private readonly progress = new FollowProgress();
  private tap: Tap | undefined;
  private log: EphemeralsLog | undefined;
  private rights: Rights | undefined;
  private result: CopyResult | undefined;
  private resumedFrom: bigint | undefined;
  private attached = false;
  private stopping = false;
  /** For the source: everything that it has given is sent. */
  private waits = false;
  /** The last transaction that came. */
  private seen = 0n;
  private resyncs = 0;
  private fruitless = 0;

  constructor(
    private readonly job: FollowJob,
    private readonly journal: CopyJournal,
    private readonly options: FollowOptions,
    private record: JournalRecord | undefined,
  ) {
    this.credential = record?.credential ?? newCredential();
  }

  async run(): Promise<FollowResult> {
    const startedAt = performance.now();
    const { signal } = this.options;
    const onAbort = (): void => this.stop();
    signal?.addEventListener('abort', onAbort, { once: true });
    const session = await openOwnSession(this.job, this.credential);
    try {
      const after = await this.resumable(session);
      this.tap = this.job.openTap(after);
      if (this.stopping) void this.tap.close();
      let taken: TapEvent[] | undefined = after === undefined ? [] : await this.follow([], session);
      while (taken !== undefined) {
        const later = await this.equalise(taken, session);
        if (later === undefined) break;
        taken = await this.follow(later, session);
      }
      if (this.options.execute && this.options.goesOn !== true)
        await discard(session, this.journal, this.record!);
      return { ...this.summary(), durationMs: performance.now() - startedAt };
    } finally {
      signal?.removeEventListener('abort', onAbort);
      await session.close();
      await this.closeTap();
      await this.log?.close();
    }
  }

  private stop(): void {
    this.stopping = true;
    void this.tap?.close();
  }

  /** The transaction up to which an earlier process was done, where all that it knew is still there. */
  private async resumable(session: ZkSession): Promise<bigint | undefined> {
    const { record, job, journal, ephemerals, options } = this;
    if (record?.phase !== 'follow' || !options.execute || record.mustCompare === true)
      return undefined;
    const { zxid } = await claimMarker(session, record.markerPath, this.credential);
    if (zxid === undefined || !(await EphemeralsLog.read(journal.ephemerals, zxid, ephemerals)))
      return undefined;
    this.log = await EphemeralsLog.begin(journal.ephemerals, zxid, ephemerals);
    this.rights = rightsOf(job.target, this.credential, record.isSuper);
    const left = { count: ephemerals.size, listed: [] };
    this.result = resultOf({ ...record.copied, ephemerals: left }, record, options);
    this.resumedFrom = zxid;
    this.seen = zxid;
    this.progress.appliedTo = zxid;
    return zxid;
  }

  /** A copy, or what both sides differ in. Gives the transactions that came meanwhile; undefined for a dry run. */
  private async equalise(taken: TapEvent[], session: ZkSession): Promise<TapEvent[] | undefined> {
    const { job, journal, options, record: before } = this;
    const tapped = await takeTree(this.tap!, job.source, taken);
    try {
      this.report('comparing');
      this.ephemerals.clear();
      this.progress.forget();
      const work = await plan(
        job,
        journal,
        TapSource.of(job.source, tapped),
        session,
        this.credential,
        {
          ...options,
          follows: true,
          onEphemeral: (path, owner) => this.ephemerals.add(path, owner),
          ...(before !== undefined && {
            conflict: 'mirror' as const,
            rootMayBeAhead: before.counts.rootAhead,
          }),
        },
      );
      const planned = work.record;
      this.result ??= resultOf(work.survey, planned, options);
      if (!options.execute) return undefined;
      this.rights = rightsOf(job.target, this.credential, planned.isSuper);
      const record = {
        ...(before ?? planned),
        rootAction: planned.rootAction,
        ownEntries: before?.ownEntries === true || needsOwnEntries(work.survey, this.rights),
      };
      await journal.write(record);
      this.record = record;
      await perform(job, journal, { ...work, record }, session, {
        ...options,
        follows: true,
        isResync: before !== undefined,
      });
      this.record = { ...record, phase: 'follow', mustCompare: undefined };
      await this.beginLog(tapped.zxid);
      await journal.write(this.record);
      this.attached = true;
      this.seen = tapped.zxid;
      this.progress.appliedTo = tapped.zxid;
      return tapped.later;
    } catch (error) {
      throw before?.mustCompare === true ? stillRefused(error, options) : error;
    } finally {
      await rm(tapped.tree.file, { force: true });
    }
  }

  private async beginLog(zxid: bigint): Promise<void> {
    await this.log?.close();
    this.log = await EphemeralsLog.begin(this.journal.ephemerals, zxid, this.ephemerals);
  }

  /** Until it is stopped (undefined), or both sides must be compared (what was taken from the tap for that). */
  private async follow(later: TapEvent[], session: ZkSession): Promise<TapEvent[] | undefined> {
    const { job, options, progress } = this;
    const record = this.record!;
    const marker = await claimMarker(session, record.markerPath, this.credential);
    const writer = writerFor<Position>(job, marker, record, options, {
      eager: true,
      onAcknowledged: ({ zxid }) => {
        progress.acknowledged(zxid);
        // Where nothing is written at the source any more, nothing else would tell that all of it has arrived.
        if (this.waits && progress.lagTransactions === 0) this.reportFollowing();
      },
      // While nothing is written at the source, nothing else would tell.
      onFailure: () => void this.tap?.close(),
      stallTimeoutMs: STALL_TIMEOUT_MS,
    });
    const before = progress.transactions;
    try {
      const snapshotOn = await this.applyAll(later, writer);
      await writer.flush();
      if (snapshotOn === undefined) await this.finish(writer);
      else this.resyncs += 1;
      return snapshotOn;
    } catch (error) {
      this.fruitless = progress.transactions > before ? 0 : this.fruitless + 1;
      const code = zooKeeperCode(error) ?? '';
      // The source may have less there by now: sent one by one, nothing after it would ever be applied.
      if (code === BREAKS_CONNECTION) await this.keep({ mustCompare: true });
      else if (!CHANGED_BY_OTHERS.includes(code)) throw error;
      if (this.stopping || this.fruitless >= MOST_FRUITLESS_RESYNCS) throw error;
      this.resyncs += 1;
      await this.closeTap();
      this.tap = job.openTap();
      return [];
    } finally {
      await writer.close();
    }
  }

  /** Gives the events from a snapshot on, where one comes; undefined once stopped. */
  private async applyAll(
    later: TapEvent[],
    writer: OrderedWriter<Position>,
  ): Promise<TapEvent[] | undefined> {
    const operations = new FollowOperations(this.job.selection, this.rights!, this.ephemerals);
    for (let events = later; ; events = await this.take()) {
      for (let from = 0; from < events.length; from += STRETCH) {
        const stretch = events.slice(from, from + STRETCH);
        const snapshotAt = stretch.findIndex(({ kind }) => kind === 'snapshot');
        if (snapshotAt === -1) await this.apply(stretch, writer, operations);
        else {
          await this.apply(stretch.slice(0, snapshotAt), writer, operations);
          const rest = events.slice(from + snapshotAt);
          if (!this.stopping) return rest;
          this.attached = false;
          for (const event of rest) await discardEvent(event);
          return undefined;
        }
      }
      if (events.length === 0 && events !== later) return undefined;
      writer.nudge();
      this.reportFollowing();
      const { stopAt } = this.options;
      if (stopAt !== undefined && this.attached && this.seen >= stopAt) this.stop();
    }
  }

  private async take(): Promise<TapEvent[]> {
    this.waits = true;
    try {
      return await this.tap!.take();
    } finally {
      this.waits = false;
    }
  }

  /** What they do to ephemerals is kept before anything of them is sent. */
  private async apply(
    events: readonly TapEvent[],
    writer: OrderedWriter<Position>,
    operations: FollowOperations,
  ): Promise<void> {
    const log = await this.logWithRoom(writer);
    const steps: Step[] = [];
    for (const event of events) {
      if (event.kind !== 'txn') this.attached = event.kind === 'attached';
      else {
        steps.push({ event, ...operations.of(decodeTxn(event.bytes)) });
        log.add(event.zxid, this.ephemerals.takeChanges());
      }
    }
    await log.write();
    for (const step of steps) {
      const full = this.send(step, writer);
      if (full !== undefined) await full;
    }
  }

  private async logWithRoom(writer: OrderedWriter<Position>): Promise<EphemeralsLog> {
    if (this.log!.isLong) {
      await writer.flush();
      await this.beginLog(this.seen);
    }
    return this.log!;
  }

  private send(
    { event, ops, acl }: Step,
    writer: OrderedWriter<Position>,
  ): Promise<void> | undefined {
    this.seen = event.zxid;
    writer.position = new Position(event.zxid);
    if (ops.length === 0 && acl === undefined) return undefined;
    this.progress.sent(event.zxid, event.receivedAt);
    const isFirstOwn = !this.record!.ownEntries && this.rights!.ownUsed;
    const add = () => (acl === undefined ? writer.add(...ops) : writer.setAcl(acl.path, acl.acl));
    return isFirstOwn ? this.keep({ ownEntries: true }).then(add) : add();
  }

  private keep(change: Partial<JournalRecord>): Promise<void> {
    this.record = { ...this.record!, ...change };
    return this.journal.write(this.record);
  }

  private async finish(writer: OrderedWriter<Position>): Promise<void> {
    this.report('stopping');
    if (!this.record!.ownEntries || this.options.goesOn === true) return;
    const { job, rights } = this;
    const target = { ...job.target, auth: authOf(job.target, this.credential) };
    await takeOutOwnEntries(target, job.selection, rights!, writer);
  }

  private reportFollowing(): void {
    this.report(this.attached ? 'following' : 'detached');
  }

  private report(state: FollowStatus['state']): void {
    const { progress } = this;
    this.options.onFollow?.({
      state,
      zxid: zxidText(progress.appliedTo),
      lagTransactions: progress.lagTransactions,
      lagMs: progress.lagMs,
      transactions: progress.transactions,
    });
  }

  private summary(): FollowResult {
    const { lag, transactions, appliedTo } = this.progress;
    return {
      ...this.result!,
      ...(this.resumedFrom !== undefined && { resumedFrom: zxidText(this.resumedFrom) }),
      ...(this.options.execute && { zxid: zxidText(appliedTo) }),
      transactions,
      resyncs: this.resyncs,
      complete: this.attached,
      lagP50Ms: lag.quantile(0.5),
      lagP99Ms: lag.quantile(0.99),
    };
  }

  /** What waits in the tap may be a snapshot on disk. */
  private async closeTap(): Promise<void> {
    const { tap } = this;
    if (tap === undefined) return;
    await tap.close();
    for (;;) {
      const events = await tap.take().catch(() => []);
      for (const event of events) await discardEvent(event);
      if (events.length === 0) return;
    }
  }
}

/** What broke the connection is there still. */
function stillRefused(error: unknown, { remedy }: FollowOptions): unknown {
  if (!isZkferryError(error) || error.type !== 'Refused') return error;
  return new ZkferryError(
    error.type,
    remedy === undefined
      ? `${error.message}; the same command goes on once the target takes it, or the source has it no more (with another --exclude: --start-over --conflict mirror)`
      : `${error.message}; resume once the target takes it, or the source has it no more`,
    error.options,
  );
}

const needsOwnEntries = ({ acls }: Survey, rights: Rights): boolean =>
  acls.size >= MAX_ACLS || [...acls.values()].some(({ acl }) => !rights.has(acl, PERMS.all));
