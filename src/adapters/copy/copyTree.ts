/**
 * Copies a tree into a living ensemble:
 *   1. survey the source, look at the target: all that speaks against the copy is found here
 *   2. without `execute` that is the end: nothing is written anywhere
 *   3. keep the plan and the source on local disk, and make a marker znode that only this copy may write
 *   4. try below the marker what only a try can tell of the target
 *   5. take the plan's steps in order; the marker counts them
 *   6. take the marker away
 * A copy that was killed goes on from what it kept, behind the steps that the marker counts.
 */
import { rm } from 'node:fs/promises';
import { isZkferryError, ZkferryError } from '../../model/errors';
import type { ZkSession } from '../../model/ports';
import type { Survey } from '../../tree/copy/survey';
import { emptyListing } from '../../tree/listing';
import type { KeptTree, TreeSource } from '../../tree/source';
import { keepTree } from '../source/keepTree';
import { zooKeeperCode } from '../zookeeper/errors';
import { authOf, claimsSuper, newCredential, pairOf, rightsOf, withCredential } from './identity';
import { CopyJournal, type JournalRecord } from './journal';
import { newMarkerPath } from './marker';
import type { CopyJob, CopyOptions, CopyResult } from './options';
import { prepare, type Prepared, type PrepareOptions } from './prepare';
import { discard, openOwnSession, perform, takeUp, type CopyWork } from './work';
import { zxidText } from '../../model/zxid';

const NOT_AS_PLANNED = ['NoNode', 'NodeExists', 'NotEmpty'];

/** A source on local disk, which is closed by whoever opened it. */
export type KeptSource = Omit<TreeSource, 'close' | 'kept'> & { kept: KeptTree };

export async function copyTree(job: CopyJob, options: CopyOptions): Promise<CopyResult> {
  const startedAt = performance.now();
  const journal = await CopyJournal.at(options.journals, pairOf(job));
  const act = () => copyWith(journal, job, options);
  const result = await (options.execute ? journal.alone(act) : act());
  return { ...result, durationMs: performance.now() - startedAt };
}

async function copyWith(
  journal: CopyJournal,
  job: CopyJob,
  options: CopyOptions,
): Promise<CopyResult> {
  const given = await journal.read();
  const isGivenUp = given?.phase === 'copy' && options.startOver === true && options.execute;
  // What the one that is given up has made may be open to nobody but its own identity.
  const anew = isGivenUp ? withCredential(job, given.credential) : job;
  // What speaks against the new copy must be said while the old one can still be gone on with.
  if (isGivenUp) await begin(anew, journal, { ...options, execute: false });
  const left = await leftBehind(job, journal, options);
  if (left === undefined) return begin(anew, journal, options);
  if (left.phase === 'done') return endedBefore(left, options);
  return goOn(job, journal, left, options);
}

/**
 * What an unfinished copy between the same two has left; nothing once that is given up. One that had only its marker
 * left to remove (`done`) has ended with this.
 */
export async function leftBehind(
  job: CopyJob,
  journal: CopyJournal,
  options: CopyOptions & { follows?: boolean },
): Promise<JournalRecord | undefined> {
  const left = await journal.read();
  if (left === undefined) return undefined;
  if (left.phase !== 'done' && options.startOver !== true) {
    refuseOther(left, journal, job, options);
    return left;
  }
  if (!options.execute) return undefined;
  const session = await openOwnSession(job, left.credential);
  try {
    await discard(session, journal, left);
  } finally {
    await session.close();
  }
  return options.startOver === true ? undefined : left;
}

export const endedBefore = (left: JournalRecord, options: CopyOptions): CopyResult =>
  resultOf({ ...left.copied, ephemerals: emptyListing() }, left, options);

function refuseOther(
  left: JournalRecord,
  journal: CopyJournal,
  job: CopyJob,
  { conflict = 'fail', follows = false }: CopyOptions & { follows?: boolean },
): void {
  const others = [
    ...(left.patterns === job.selection.patterns ? [] : ['--include and --exclude']),
    ...(left.policy === conflict ? [] : [`--conflict (it was ${left.policy})`]),
    ...(left.follows === follows ? [] : ['--follow']),
  ];
  if (others.length === 0) return;
  throw new ZkferryError(
    'Refused',
    `a copy between the same two, begun ${left.startedAt}, has not ended (${journal.shown}), and was given another ${others.join(', ')}: give the same to go on with it, or --start-over to give it up`,
  );
}

async function begin(
  job: CopyJob,
  journal: CopyJournal,
  options: CopyOptions,
): Promise<CopyResult> {
  const source = await job.openSource();
  try {
    return await withKept(source, options, async (kept) => {
      const credential = newCredential();
      const session = await openOwnSession(job, credential);
      try {
        const work = await plan(job, journal, kept, session, credential, options);
        if (!options.execute) return resultOf(work.survey, work.record, options);
        return await carryOut(job, journal, work, session, options);
      } finally {
        await session.close();
      }
    });
  } finally {
    await source.close();
  }
}

/** A source that is not on local disk is read to it once. */
async function withKept<T>(
  source: TreeSource,
  { spool, onProgress }: CopyOptions,
  act: (source: KeptSource) => Promise<T>,
): Promise<T> {
  const { shown, knowsTypes, kept: there } = source;
  if (there !== undefined)
    return act({
      shown,
      knowsTypes,
      kept: there,
      ...zxidOf(source),
      nodes: (again) => source.nodes(again),
    });
  const kept = await keepTree(source, spool, (done) => onProgress?.({ phase: 'read', done }));
  try {
    return await act({
      ...{ shown, knowsTypes, kept },
      ...zxidOf(source),
      nodes: (again) => kept.nodes(again),
    });
  } finally {
    await rm(kept.file, { force: true });
  }
}

const zxidOf = ({ zxid }: TreeSource) => (zxid === undefined ? {} : { zxid });

/** Looks at both sides; with `execute` the plan of a copy is kept, and nothing else is done yet. */
export async function plan(
  job: CopyJob,
  journal: CopyJournal,
  source: KeptSource,
  session: ZkSession,
  credential: string,
  options: PrepareOptions,
): Promise<CopyWork> {
  const isSuper = claimsSuper(job.target);
  const rights = rightsOf(job.target, credential, isSuper);
  const auth = authOf(job.target, credential);
  const prepared = await prepare(job, source, session, rights, auth, options);
  const record: JournalRecord = {
    format: 1,
    startedAt: new Date().toISOString(),
    patterns: job.selection.patterns,
    policy: options.conflict ?? 'fail',
    follows: options.follows ?? false,
    ...{ credential, isSuper, phase: 'copy' },
    markerPath: newMarkerPath(options.znodeRoot),
    ownEntries: false,
    source: {
      shown: source.shown,
      zxid: source.zxid === undefined ? undefined : zxidText(source.zxid),
    },
    rootAction: prepared.rootAction,
    hasActions: prepared.plan.actions !== undefined,
    counts: countsOf(prepared),
    copied: copiedOf(prepared.survey),
  };
  if (options.execute && options.follows !== true)
    await journal.begin(record, prepared.plan, source.kept);
  return { record, plan: prepared.plan, survey: prepared.survey, nodes: () => source.nodes() };
}

async function goOn(
  job: CopyJob,
  journal: CopyJournal,
  record: JournalRecord,
  options: CopyOptions,
): Promise<CopyResult> {
  const work = await takeUp(job, journal, record, options);
  if (!options.execute) return resultOf(work.survey, record, options);
  const session = await openOwnSession(job, record.credential);
  try {
    return await carryOut(job, journal, work, session, options);
  } finally {
    await session.close();
  }
}

async function carryOut(
  job: CopyJob,
  journal: CopyJournal,
  work: CopyWork,
  session: ZkSession,
  options: CopyOptions,
): Promise<CopyResult> {
  const { stepsBefore, finalAcls } = await perform(job, journal, work, session, options).catch(
    (error: unknown) => {
      throw changedByOthers(error) ?? error;
    },
  );
  await discard(session, journal, work.record);
  return {
    ...resultOf(work.survey, work.record, options),
    finalAcls,
    ...(stepsBefore > 0 && { resumedAfter: stepsBefore }),
  };
}

/** The plan no longer fits the target, and will not when the same command is given again. */
function changedByOthers(error: unknown): ZkferryError | undefined {
  if (!isZkferryError(error) || !NOT_AS_PLANNED.includes(zooKeeperCode(error) ?? ''))
    return undefined;
  return new ZkferryError(
    error.type,
    `${error.message}: somebody else has changed the target since the copy was planned; keep others from writing there, give the copy up with --start-over, and say with --conflict, or in the field conflict of a run, what becomes of what is there`,
    error.options,
  );
}

const copiedOf = ({ nodes, bytes, containers, ttls }: Survey): JournalRecord['copied'] => ({
  ...{ nodes, bytes, containers, ttls },
});

const countsOf = ({
  created,
  changed,
  plan: { deletions },
  skipped,
  counterPairs,
  rootAhead,
}: Prepared): JournalRecord['counts'] => ({
  ...{ created, changed, skipped, counterPairs, rootAhead },
  deleted: deletions.length,
});

export function resultOf(
  {
    nodes,
    bytes,
    containers,
    ttls,
    ephemerals,
  }: Pick<Survey, 'nodes' | 'bytes' | 'containers' | 'ttls' | 'ephemerals'>,
  { counts, source }: JournalRecord,
  { execute }: CopyOptions,
): CopyResult {
  return {
    executed: execute,
    ...{ nodes, bytes, containers, ttls, ephemerals },
    ...counts,
    finalAcls: 0,
    durationMs: 0,
    ...(source.zxid !== undefined && { zxid: source.zxid }),
  };
}
