/**
 * Copies a tree into a living ensemble:
 *   1. survey the source, and look at the target: all that speaks against the copy is found here
 *   2. without `execute` that is the end: nothing is written anywhere
 *   3. make a marker znode that only this copy may write: it says how far the copy is
 *   4. create every node, parents first; raise counters; set the ACLs that had to wait
 *   5. take the marker away
 */
import { randomBytes } from 'node:crypto';
import { ZkferryError } from '../../model/errors';
import type { ZkSession } from '../../model/ports';
import {
  CopyOperations,
  counterRaises,
  raiseOperations,
  type Identity,
} from '../../tree/copy/operations';
import type { Selection } from '../../tree/copy/selection';
import { Surveyor, type Survey } from '../../tree/copy/survey';
import type { TreeSource } from '../../tree/source';
import { OrderedWriter } from '../bulk/orderedWriter';
import { digestId } from '../zookeeper/ownedNodes';
import { openSession } from '../zookeeper/session';
import type { ServerAddress } from '../zookeeper/fourLetterClient';
import { setFinalAcls } from './finalAcls';
import { makeMarker, removeMarker } from './marker';
import { lookAtTarget, type TargetLook } from './targetLook';

export interface CopyTarget {
  servers: readonly ServerAddress[];
  shown: string;
  auth: readonly { scheme: string; credential: string }[];
}

export interface CopyOptions {
  execute: boolean;
  /** Creates and deletes that raising counters may take altogether. */
  maxCounterRaise?: number;
  /** The target's jute.maxbuffer. */
  maxRequestBytes?: number;
  opsPerSecond?: number;
  /** Where the marker lives. */
  znodeRoot?: string;
  onProgress?: (progress: CopyProgress) => void;
  signal?: AbortSignal;
}

export interface CopyProgress {
  phase: 'survey' | 'write' | 'counters' | 'acls';
  done: number;
  total?: number;
}

export interface CopyResult {
  executed: boolean;
  nodes: number;
  bytes: number;
  containers: number;
  ttls: number;
  ephemerals: Survey['ephemerals'];
  /** Creates and deletes that raise counters. */
  counterPairs: number;
  /** The target's `/` has given one number more than the source's: its own was taken for the copy's marker. */
  rootAhead: boolean;
  /** ACLs set at the end, since they would have kept the copy out. */
  finalAcls: number;
  /** From the first look to the last acknowledgement. */
  durationMs: number;
}

export const DEFAULT_MAX_COUNTER_RAISE = 1_000_000;
/** The default of jute.maxbuffer. */
export const DEFAULT_MAX_REQUEST_BYTES = 0xfffff;
const LISTED = 10;

export async function copyTree(
  source: TreeSource,
  target: CopyTarget,
  selection: Selection,
  options: CopyOptions,
): Promise<CopyResult> {
  const startedAt = performance.now();
  const maxRequestBytes = options.maxRequestBytes ?? DEFAULT_MAX_REQUEST_BYTES;
  const survey = await surveyOf(source, selection, maxRequestBytes, options);
  const own = `zkferry-copy:${randomBytes(18).toString('hex')}`;
  const auth = [...target.auth, { scheme: 'digest', credential: own }];
  const session = await openSession({ servers: [...target.servers], auth: [...auth] });
  try {
    const look = await lookAtTarget(session, selection, target.shown, options.znodeRoot);
    const { raises, pairs, rootAhead } = refuseUnreachable(survey, selection, look, options);
    const result: CopyResult = {
      executed: options.execute,
      nodes: survey.nodes,
      bytes: survey.bytes,
      containers: survey.containers,
      ttls: survey.ttls,
      ephemerals: survey.ephemerals,
      counterPairs: pairs,
      rootAhead,
      finalAcls: 0,
      durationMs: 0,
    };
    if (options.execute) {
      const identities: [Identity, ...Identity[]] = [
        { scheme: 'digest', id: digestId(own) },
        ...target.auth
          .filter(({ scheme }) => scheme === 'digest')
          .map(({ scheme, credential }) => ({ scheme, id: digestId(credential) })),
      ];
      const operations = new CopyOperations(selection, survey, identities);
      await write({
        source,
        target: { ...target, auth },
        session,
        own,
        look,
        operations,
        survey,
        raises,
        options,
        maxRequestBytes,
      });
      result.finalAcls = operations.finalAcls.length;
    }
    result.durationMs = performance.now() - startedAt;
    return result;
  } finally {
    await session.close();
  }
}

async function surveyOf(
  source: TreeSource,
  selection: Selection,
  maxRequestBytes: number,
  { onProgress, signal }: CopyOptions,
): Promise<Survey> {
  const surveyor = new Surveyor(selection, maxRequestBytes);
  for await (const nodes of source.nodes()) {
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
  if (survey.tooLarge.count > 0)
    throw new ZkferryError(
      'Unsupported',
      `${survey.tooLarge.count} znode(s) are larger than the target takes (jute.maxbuffer ${maxRequestBytes}): ${survey.tooLarge.listed
        .slice(0, LISTED)
        .map(({ path, bytes }) => `${path} (${bytes} bytes)`)
        .join(
          ', ',
        )}; raise jute.maxbuffer there and say so with --max-request-bytes, or leave them out with --exclude`,
    );
  return survey;
}

function refuseUnreachable(
  survey: Survey,
  selection: Selection,
  look: TargetLook,
  { maxCounterRaise = DEFAULT_MAX_COUNTER_RAISE }: CopyOptions,
) {
  const { raises, pairs, ...found } = counterRaises(survey, selection, (path) =>
    path === selection.targetRoot ? look.rootNext : 0,
  );
  // The copy's own subtree at `/` takes a number where none may be to spare: said, not refused.
  const unreachable = found.unreachable.filter(
    ({ path, aheadBy }) => !(look.takesNumberOfRoot && path === look.root && aheadBy === 1),
  );
  if (unreachable.length > 0)
    throw new ZkferryError(
      'Unsupported',
      `${unreachable.length} parent(s) cannot get the source's next sequence number: ${unreachable
        .slice(0, LISTED)
        .map(({ path, reason }) => `${path}: ${reason}`)
        .join('; ')}`,
      { details: { unreachable: unreachable.slice(0, LISTED) } },
    );
  if (pairs > maxCounterRaise)
    throw new ZkferryError(
      'Unsupported',
      `raising sequence counters would take ${pairs} creates and deletes, more than ${maxCounterRaise}: ${[
        ...raises,
      ]
        .sort((a, b) => b.pairs - a.pairs)
        .slice(0, LISTED)
        .map(({ path, pairs: some }) => `${path} (${some})`)
        .join(', ')}; allow it with --max-counter-raise`,
    );
  return { raises, pairs, rootAhead: unreachable.length < found.unreachable.length };
}

interface Work {
  source: TreeSource;
  target: CopyTarget;
  session: ZkSession;
  own: string;
  look: TargetLook;
  operations: CopyOperations;
  survey: Survey;
  raises: ReturnType<typeof counterRaises>['raises'];
  options: CopyOptions;
  maxRequestBytes: number;
}

async function write(work: Work): Promise<void> {
  const { source, target, session, operations, survey, options, look } = work;
  const marker = await makeMarker(session, options.znodeRoot, work.own);
  const writer = new OrderedWriter({
    ...target,
    marker,
    maxRequestBytes: Math.min(work.maxRequestBytes, 512 * 1024),
    ...(options.opsPerSecond !== undefined && { opsPerSecond: options.opsPerSecond }),
  });
  try {
    const total = survey.nodes + survey.ancestors.size;
    let done = 0;
    for await (const nodes of source.nodes()) {
      options.signal?.throwIfAborted();
      for (const node of nodes) {
        if (!operations.makes(node)) continue;
        const op = operations.create(node);
        done += 1;
        if (op.path === look.root && look.rootExists) {
          // Only its data can differ here: its ACL comes with the final ones.
          if ('data' in op) await writer.add({ kind: 'setData', path: op.path, data: op.data });
          operations.keepRootAcl(node.acl, op.path);
          continue;
        }
        const full = writer.add(op);
        writer.position = `nodes ${done}`;
        if (full !== undefined) await full;
      }
      options.onProgress?.({ phase: 'write', done: Math.min(done, total), total });
    }
    for (const raise of work.raises)
      for (const pair of raiseOperations(raise)) {
        const full = writer.add(...pair);
        if (full !== undefined) await full;
      }
    await writer.flush();
    options.onProgress?.({ phase: 'acls', done: 0, total: operations.finalAcls.length });
    await setFinalAcls(target, operations.finalAcls);
    await removeMarker(session, marker.path, options.znodeRoot);
  } finally {
    await writer.close();
  }
}
