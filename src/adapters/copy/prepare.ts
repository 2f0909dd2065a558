/** What a copy would do, and all that speaks against it: nothing is written. */
import { ZkferryError } from '../../model/errors';
import type { ZkSession } from '../../model/ports';
import { ACTION, type ConflictPolicy, type MergePlan } from '../../tree/copy/merge';
import { CopyOperations, counterRaises, type Unreachable } from '../../tree/copy/operations';
import type { Rights } from '../../tree/copy/rights';
import { Surveyor, type Survey } from '../../tree/copy/survey';
import { LineWriter } from '../../tree/diff/line';
import type { Listing } from '../../tree/listing';
import type { TreeSource } from '../../tree/source';
import type { SavedPlan } from './journal';
import {
  DEFAULT_MAX_COUNTER_RAISE,
  DEFAULT_MAX_REQUEST_BYTES,
  type CopyJob,
  type CopyOptions,
  type Credential,
} from './options';
import { persistently } from '../zookeeper/persistently';
import { planAgainst } from './planAgainst';
import { NO_ROOT } from './steps';
import { lookAtTarget, type TargetLook } from './targetLook';

export interface Prepared {
  survey: Survey;
  plan: SavedPlan;
  rootAction: number;
  counterPairs: number;
  rootAhead: boolean;
  created: number;
  changed: number;
  skipped: number;
}

type SurveyedSource = Omit<TreeSource, 'close'>;

export interface PrepareOptions extends CopyOptions {
  /** What follows the copy keeps it working on every node. */
  follows?: boolean;
  onEphemeral?: (path: string, owner: bigint) => void;
  /** An earlier copy between the same two has taken a number of `/` for its marker. */
  rootMayBeAhead?: boolean;
}

const LISTED = 10;

export async function prepare(
  job: CopyJob,
  source: SurveyedSource,
  session: ZkSession,
  rights: Rights,
  auth: readonly Credential[],
  options: PrepareOptions,
): Promise<Prepared> {
  const { selection, target } = job;
  const survey = await surveyTree(job, source, options);
  const look = await lookAtTarget(session, selection, rights, target.shown, options.znodeRoot);
  const policy = options.conflict ?? 'fail';
  const isTaken = (look.existing?.children.length ?? 0) > 0;
  if (isTaken && policy === 'fail') throw taken(look, target.shown, options.remedy);
  const merged =
    isTaken && policy !== 'fail'
      ? await compare(job, source, survey, rights, auth, policy, options)
      : undefined;
  const { raises, pairs, rootAhead } = raisesOf(survey, job, look, merged, policy, options);
  const rootAction = isTaken ? NO_ROOT : await rootActionOf(source, job, look, policy);
  return {
    survey,
    plan: {
      ...(merged !== undefined && { actions: merged.actions }),
      deletions: merged?.deletions ?? [],
      raises,
    },
    rootAction,
    counterPairs: pairs,
    rootAhead,
    created:
      merged?.created ??
      survey.nodes + survey.ancestors.size - (look.existing === undefined ? 0 : 1),
    changed: merged?.changed ?? 0,
    skipped: merged?.skipped ?? 0,
  };
}

/** The first pass over the source. */
export async function surveyTree(
  { selection }: Pick<CopyJob, 'selection'>,
  source: Pick<TreeSource, 'nodes' | 'shown'>,
  options: Pick<PrepareOptions, 'maxRequestBytes' | 'onEphemeral' | 'onProgress' | 'signal'>,
): Promise<Survey> {
  const { maxRequestBytes = DEFAULT_MAX_REQUEST_BYTES, onEphemeral, onProgress, signal } = options;
  const surveyor = new Surveyor(selection, maxRequestBytes, onEphemeral);
  for await (const nodes of source.nodes(true)) {
    signal?.throwIfAborted();
    for (const node of nodes) surveyor.add(node);
    onProgress?.({ phase: 'survey', done: surveyor.result.nodes });
  }
  const survey = surveyor.result;
  if (!survey.rootSeen)
    throw new ZkferryError(
      'ZooKeeperRequestFailed',
      `${selection.sourceRoot} does not exist at ${source.shown}`,
      { details: { code: 'NoNode', path: selection.sourceRoot } },
    );
  if (survey.nodes + survey.ephemerals.count === 0)
    throw new ZkferryError(
      'Refused',
      `nothing to copy: no znode of ${selection.sourceRoot} is meant; correct --include and --exclude`,
    );
  if (survey.tooLarge.count > 0)
    throw new ZkferryError(
      'Refused',
      `${survey.tooLarge.count} znode(s) are larger than the target takes (jute.maxbuffer ${maxRequestBytes}): ${named(survey.tooLarge, ({ path, bytes }) => `${path} (${bytes} bytes)`)}; raise jute.maxbuffer there and say so with --max-request-bytes, or leave them out with --exclude`,
    );
  return survey;
}

async function compare(
  job: CopyJob,
  source: SurveyedSource,
  survey: Survey,
  rights: Rights,
  auth: readonly Credential[],
  policy: Exclude<ConflictPolicy, 'fail'>,
  options: PrepareOptions,
): Promise<MergePlan> {
  const { selection, target } = job;
  const operations = new CopyOperations(selection, survey, rights);
  options.onProgress?.({ phase: 'compare', done: 0 });
  const there = await persistently(() => job.openTarget(auth));
  let merged: MergePlan;
  try {
    merged = await planAgainst({
      ...{ source, target: there, selection, survey, operations, rights, policy },
      directory: options.spool,
      ...(options.signal !== undefined && { signal: options.signal }),
    });
  } finally {
    await there.close();
  }
  const at = (relative: string) => selection.targetOfRelative(relative);
  const { ephemerals, forbidden, otherType, excluded } = merged.refused;
  const refusals: [Listing<string>, string][] = [
    [ephemerals, 'held by sessions of the target, in the way of the copy'],
    [forbidden, 'closed to the copy by their ACLs: give --target-auth of their owner'],
    [
      otherType,
      'of another type than at the source, with children: only conflict mirror (--conflict, or that field of a run) takes them away',
    ],
    [excluded, 'left out with --exclude, below nodes that are to go'],
  ];
  for (const [listing, why] of refusals)
    if (listing.count > 0)
      throw new ZkferryError(
        'Refused',
        `${listing.count} znode(s) of ${target.shown} are ${why}: ${named(listing, at)}`,
      );
  return merged;
}

function raisesOf(
  survey: Survey,
  { selection }: CopyJob,
  look: TargetLook,
  merged: MergePlan | undefined,
  policy: ConflictPolicy,
  options: PrepareOptions,
) {
  const { maxCounterRaise = DEFAULT_MAX_COUNTER_RAISE, rootMayBeAhead = false } = options;
  const mayBeAhead = policy === 'skip' || options.mayBeAhead === true;
  const root = { next: look.existing?.next ?? 0, children: 0 };
  const { raises, pairs, unreachable } = counterRaises(survey, selection, (path) => {
    const there = merged?.existing.get(selection.relativePath(path));
    if (path !== selection.sourceRoot) return there ?? { next: 0, children: 0 };
    return { ...root, children: there?.children ?? 0 };
  });
  for (const { path, by } of merged?.refused.ahead.listed ?? [])
    unreachable.push({ path: selection.targetOfRelative(path), ...aheadOf(by) });
  // The copy's own subtree at `/` takes a number where none may be to spare: said, not refused.
  const isOwnNumber = ({ path, aheadBy }: Unreachable) =>
    (look.takesNumberOfRoot || rootMayBeAhead) && path === look.root && aheadBy === 1;
  const inTheWay = unreachable.filter(
    (entry) => !isOwnNumber(entry) && !(mayBeAhead && entry.aheadBy !== undefined),
  );
  if (inTheWay.length > 0)
    throw new ZkferryError(
      'Refused',
      `${inTheWay.length} parent(s) cannot get the source's next sequence number: ${inTheWay
        .slice(0, LISTED)
        .map(({ path, reason }) => `${path}: ${reason}`)
        .join('; ')}`,
      { details: { unreachable: inTheWay.slice(0, LISTED) } },
    );
  if (pairs > maxCounterRaise)
    throw new ZkferryError(
      'Refused',
      `raising sequence counters would take ${pairs} creates and deletes, more than ${maxCounterRaise}: ${[
        ...raises,
      ]
        .sort((a, b) => b.pairs - a.pairs)
        .slice(0, LISTED)
        .map(({ path, pairs: some }) => `${path} (${some})`)
        .join(', ')}; allow it with --max-counter-raise`,
    );
  return { raises, pairs, rootAhead: unreachable.some(isOwnNumber) };
}

export const aheadOf = (by: number) => ({
  aheadBy: by,
  reason: `the target has given ${by} numbers more than the source, and nothing lowers a counter`,
});

/** A root without children is made the source's, unless all that exists is to be left alone. */
async function rootActionOf(
  source: SurveyedSource,
  { selection }: CopyJob,
  look: TargetLook,
  policy: ConflictPolicy,
): Promise<number> {
  if (look.existing === undefined) return NO_ROOT;
  if (policy === 'skip') return ACTION.leave;
  for await (const nodes of source.nodes()) {
    const root = nodes.find(({ path }) => path === selection.sourceRoot);
    if (root === undefined) continue;
    if (!selection.means(root.path)) return ACTION.leave;
    const sameAcl = LineWriter.aclText(root.acl) === LineWriter.aclText(look.existing.acl);
    const sameData = Buffer.compare(root.data ?? EMPTY, look.existing.data ?? EMPTY) === 0;
    const sameNull = (root.data === null) === (look.existing.data === null);
    return (
      (sameAcl ? ACTION.leave : ACTION.setAcl) |
      (sameData && sameNull ? ACTION.leave : ACTION.setData)
    );
  }
  return ACTION.leave;
}

const EMPTY = Buffer.alloc(0);

const taken = (
  { root, existing }: TargetLook,
  shown: string,
  remedy = 'say with --conflict, or in the field conflict of a run, what becomes of them: skip, overwrite or mirror',
): ZkferryError => {
  const children = existing!.children;
  return new ZkferryError(
    'ZooKeeperRequestFailed',
    `${root} at ${shown} has ${children.length} child(ren) already (${[...children].sort().slice(0, LISTED).join(', ')}): ${remedy}`,
    { details: { code: 'NodeExists', path: root } },
  );
};

const named = <T>({ count, listed }: Listing<T>, show: (entry: T) => string): string =>
  `${listed.slice(0, LISTED).map(show).join(', ')}${count > LISTED ? ` and ${count - LISTED} more` : ''}`;
