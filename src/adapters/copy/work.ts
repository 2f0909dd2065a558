/** A copy between its plan and its end: begun here or taken up again, performed, and ended. */
import { isZkferryError, ZkferryError } from '../../model/errors';
import type { ZkSession } from '../../model/ports';
import { CopyOperations } from '../../tree/copy/operations';
import type { Survey } from '../../tree/copy/survey';
import type { SourceNode } from '../../tree/source';
import { OrderedWriter, type WriterOptions } from '../bulk/orderedWriter';
import { openRenewedSession } from '../zookeeper/renewedSession';
import { authOf, rightsOf } from './identity';
import type { CopyJournal, JournalRecord, SavedPlan } from './journal';
import { claimMarker, removeMarker, type Marker, type StepsDone } from './marker';
import { DEFAULT_MAX_REQUEST_BYTES, type CopyJob, type CopyOptions } from './options';
import { surveyTree } from './prepare';
import { takeSteps } from './steps';
import { isSuperuser, tryTarget } from './targetChecks';

/** Half the default of jute.maxbuffer: a batch shall not keep others waiting for long. */
const MAX_BATCH_BYTES = 512 * 1024;

export interface CopyWork {
  record: JournalRecord;
  plan: SavedPlan;
  survey: Survey;
  nodes: () => AsyncIterable<SourceNode[]>;
}

/** What a killed copy has kept. */
export async function takeUp(
  job: CopyJob,
  journal: CopyJournal,
  record: JournalRecord,
  options: CopyOptions & { onEphemeral?: (path: string, owner: bigint) => void },
): Promise<CopyWork> {
  const kept = await journal.source();
  const nodes = (again?: boolean) => kept.nodes(again);
  const survey = await surveyTree(job, { nodes, shown: record.source.shown }, options);
  return { record, plan: await journal.plan(record), survey, nodes };
}

export interface Performed {
  /** Steps that an earlier process had done. */
  stepsBefore: number;
  finalAcls: number;
}

/**
 * Takes all steps that are not taken yet. Where it fails before the first one, nothing is left on the target,
 * nor of the journal.
 */
export async function perform(
  job: CopyJob,
  journal: CopyJournal,
  work: CopyWork,
  session: ZkSession,
  options: CopyOptions & { follows?: boolean; isResync?: boolean },
): Promise<Performed> {
  const { record, survey } = work;
  const auth = authOf(job.target, record.credential);
  const target = { ...job.target, auth };
  let marker = await claimMarker(session, record.markerPath, record.credential);
  // What follows is planned anew each time.
  if (options.follows === true) marker = { ...marker, steps: 0 };
  if (marker.steps === 0) {
    options.onProgress?.({ phase: 'check', done: 0 });
    try {
      await proveSuper(session, marker, record, job);
      marker = await tryTarget(target, marker, survey);
    } catch (error) {
      // What another process works with now is not this one's to take away.
      const isOthers = isZkferryError(error) && error.type === 'EnsembleHeld';
      const isFinal = !isOthers && (!isZkferryError(error) || !error.retryable);
      if (isFinal && options.isResync !== true) await discard(session, journal, record);
      throw error;
    }
  }
  const rights = rightsOf(job.target, record.credential, record.isSuper);
  const operations = new CopyOperations(job.selection, survey, rights, options.follows);
  const writer = writerFor<StepsDone>(job, marker, record, options);
  try {
    const total = survey.nodes + survey.ancestors.size;
    await takeSteps(
      { ...work, selection: job.selection, operations, rootAction: record.rootAction, total },
      writer,
      marker.steps,
      options,
    );
  } finally {
    await writer.close();
  }
  return { stepsBefore: marker.steps, finalAcls: operations.finalAcls.length };
}

export function writerFor<P>(
  job: CopyJob,
  marker: Marker,
  { credential }: JournalRecord,
  options: CopyOptions,
  more: Pick<WriterOptions<P>, 'eager' | 'onAcknowledged' | 'onFailure' | 'stallTimeoutMs'> = {},
): OrderedWriter<P> {
  const { maxRequestBytes = DEFAULT_MAX_REQUEST_BYTES, opsPerSecond, stallTimeoutMs } = options;
  return new OrderedWriter<P>({
    ...job.target,
    auth: authOf(job.target, credential),
    marker,
    maxRequestBytes: Math.min(maxRequestBytes, MAX_BATCH_BYTES),
    ...(opsPerSecond !== undefined && { opsPerSecond }),
    ...(stallTimeoutMs !== undefined && { stallTimeoutMs }),
    ...more,
  });
}

/** Everything is on the target: the traces of the work go. */
export async function discard(
  session: ZkSession,
  journal: CopyJournal,
  record: JournalRecord,
): Promise<void> {
  await journal.write({ ...record, phase: 'done' });
  await removeMarker(session, record.markerPath);
  await journal.clear();
}

/** A session of the copy's own, for as long as the copy takes, whatever happens to its connections. */
export const openOwnSession = (job: CopyJob, credential: string): Promise<ZkSession> =>
  openRenewedSession({
    servers: [...job.target.servers],
    auth: authOf(job.target, credential),
    authFrom: job.target.authFrom,
  });

async function proveSuper(
  session: ZkSession,
  marker: Marker,
  { isSuper }: JournalRecord,
  { target }: CopyJob,
): Promise<void> {
  if (!isSuper || (await isSuperuser(session, marker))) return;
  throw new ZkferryError(
    'ZooKeeperAuthFailed',
    `${target.shown} does not take the credential of "super" in --target-auth for a superuser's: check the password and zookeeper.DigestAuthenticationProvider.superDigest there`,
  );
}
