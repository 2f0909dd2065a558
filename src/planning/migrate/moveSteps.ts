/** Makers of the steps that physical and logical migrations are made of. Ids of the way back begin with `rollback/`. */
import type { Phase, PlanStep, StepActivity } from '../../model/plan';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export interface MoveFrame {
  source: string;
  target: string;
  settleTimeoutMs: number;
  /** Snapshot and log of the source, plain. */
  treeBytes: number;
}

/** Sending and writing, at least. */
const LEAST_BYTES_PER_MS = 5_000;

type Side = NonNullable<PlanStep['side']>;

const otherOf = (side: Side): Side => (side === 'source' ? 'target' : 'source');
type Words = Pick<PlanStep, 'title' | 'why' | 'undo' | 'waitsFor' | 'timeoutMs'> &
  Partial<Pick<PlanStep, 'gate' | 'gateReason' | 'promptly' | 'checksClients' | 'otherSide'>>;

/** `back`: of the way back. */
export function moveSteps(frame: MoveFrame, back = false) {
  const transferMs = 10 * MINUTE_MS + Math.ceil(frame.treeBytes / LEAST_BYTES_PER_MS);
  const nameOf = (side: Side): string => (side === 'source' ? frame.source : frame.target);
  const make = (activity: StepActivity, phase: Phase, side: Side, words: Words): PlanStep => ({
    id: `${back ? 'rollback/' : ''}${activity}/${side}`,
    phase: back ? 'rollback' : phase,
    activity,
    side,
    guard: { kind: 'none' },
    ...words,
  });
  return {
    awaitCapture: (side: Side) =>
      make('awaitCapture', 'sync', side, {
        title: `capture ${nameOf(side)} until the repository is right behind it`,
        why: 'a capture only reads',
        undo: 'the capture ends; what was captured stays in the repository',
        waitsFor: 'a base is stored, and what is committed is there a moment later',
        timeoutMs: 12 * HOUR_MS,
      }),
    sendAhead: (side: Side) =>
      make('sendAhead', 'sync', side, {
        title: `send to ${nameOf(side)} what is captured already, and see where the logs stand`,
        why: `nothing is put in place there, and ${nameOf(otherOf(side))} is only read: it shortens the time without writes`,
        undo: 'removed',
        waitsFor: 'the newest base is on every server',
        timeoutMs: 6 * transferMs,
      }),
    fence: (side: Side, words: Partial<Words> = {}) =>
      make('fenceServers', 'fence', side, {
        title: `close every server of ${nameOf(side)} to clients`,
        why: `from here on nothing is acknowledged by ${nameOf(side)}; members still reach each other`,
        undo: 'opened again',
        waitsFor: 'a write is refused by every one of its servers, observers too',
        timeoutMs: 5 * MINUTE_MS,
        ...words,
      }),
    liftFence: (side: Side) =>
      make('liftFence', 'open', side, {
        title: `open ${nameOf(side)} to clients`,
        why: 'the other side takes no writes',
        undo: 'closed again',
        waitsFor: 'clients reach it',
        timeoutMs: 5 * MINUTE_MS,
      }),
    stop: (side: Side) =>
      make('stopEnsemble', 'fence', side, {
        title: `stop every server of ${nameOf(side)}, the leader last`,
        why: 'no client can reach them; what they have logged is final once none runs',
        undo: 'started again on the data they have',
        waitsFor: 'no process is left; masked, so that nothing else starts them',
        timeoutMs: 10 * MINUTE_MS,
        promptly: true,
      }),
    keepDown: (side: Side) =>
      make('stopEnsemble', 'prepare', side, {
        title: `make sure that no server of ${nameOf(side)} runs, or can be started by anything else`,
        why: 'they have no data yet, and nobody uses them',
        undo: 'none needed: they stay masked until somebody starts them',
        waitsFor: 'no process is there; masked',
        timeoutMs: 10 * MINUTE_MS,
      }),
    reconcile: (side: Side) =>
      make('reconcileTail', 'drain', side, {
        title: `make the repository complete from the logs of ${nameOf(side)} themselves`,
        why: 'the stream alone may miss what a leader acknowledged in its last moment; a quorum has it',
        undo: 'nothing to undo',
        waitsFor: 'the history that a quorum holds is in the repository, to its last transaction',
        timeoutMs: 30 * MINUTE_MS,
        promptly: true,
      }),
    prepareData: (side: Side) =>
      make('prepareRestore', 'open', side, {
        title: `make the data for ${nameOf(side)}`,
        why: 'every object is read, every digest compared, before anything is put anywhere',
        undo: 'removed from the worker',
        waitsFor: 'they are whole on the worker',
        timeoutMs: 6 * transferMs,
        promptly: true,
      }),
    setAside: (side: Side) =>
      make('setAsideEverywhere', 'open', side, {
        title: `set the data of ${nameOf(side)} aside`,
        why: 'renamed, not copied, and never deleted',
        undo: 'renamed back',
        waitsFor: 'the directories have their new names on every server',
        timeoutMs: 10 * MINUTE_MS,
        promptly: true,
      }),
    place: (side: Side) =>
      make('placeEverywhere', 'open', side, {
        title: `put the data on every server of ${nameOf(side)}`,
        why: 'every member gets the same, so that whoever leads has all of it',
        undo: 'set aside again',
        waitsFor: 'every file is there with its checksum',
        timeoutMs: transferMs,
        promptly: true,
      }),
    start: (side: Side) =>
      make('startEnsemble', 'open', side, {
        title: `start every server of ${nameOf(side)}`,
        why: back
          ? 'no server of the other side takes writes'
          : `no server of ${frame.source} runs: one side and only one takes writes`,
        undo: 'stopped again',
        waitsFor: 'their processes run',
        timeoutMs: 5 * MINUTE_MS,
        promptly: true,
      }),
    verifyRestored: (side: Side) =>
      make('verifyRestored', 'open', side, {
        title: `prove that ${nameOf(side)} serves the tree`,
        why: 'the tree is read from its leader and compared with the one out of the repository',
        undo: 'nothing was changed',
        waitsFor: 'every member serves, and what was not written since is as it was',
        timeoutMs: frame.settleTimeoutMs + 2 * transferMs,
        promptly: true,
      }),
    verifyServing: (side: Side) =>
      make('verifyBroughtBack', 'open', side, {
        title: `prove that ${nameOf(side)} serves`,
        why: 'nothing is changed by looking',
        undo: 'nothing was changed',
        waitsFor: 'every member that served before serves',
        timeoutMs: frame.settleTimeoutMs + 2 * MINUTE_MS,
      }),
    copy: (side: Side) =>
      make('copyTrees', 'sync', side, {
        title: `copy ${nameOf(side)} to ${nameOf(otherOf(side))}, and follow`,
        why: `${nameOf(side)} is only read; ${nameOf(otherOf(side))} takes requests in order`,
        undo: 'what was copied stays; the run only stops following',
        waitsFor: 'the copy has come to within a second of what it copies',
        timeoutMs: 24 * HOUR_MS,
      }),
    /** While both are written to. */
    compareLive: (side: Side): PlanStep => ({
      ...make('compareTrees', 'verify', side, {
        title: 'compare both trees, node by node, while they are written to',
        why: 'nothing is changed by looking',
        undo: 'nothing to undo',
        waitsFor: 'no difference stays as it is',
        timeoutMs: 2 * HOUR_MS,
      }),
      id: 'compareTrees/live',
    }),
    /** Of the side that is closed with the one that it is kept equal to. */
    compareFollowed: (side: Side): PlanStep => ({
      ...make('compareTrees', 'watch', side, {
        title: `compare ${nameOf(otherOf(side))}, which is closed, with ${nameOf(side)}`,
        why: 'nothing is changed by looking',
        undo: 'nothing to undo',
        waitsFor:
          'both are looked at; a difference is told, and left to who decides at the next gate',
        timeoutMs: 2 * HOUR_MS,
      }),
      id: 'compareTrees/followed',
    }),
    compare: (side: Side): PlanStep => ({
      ...make('compareTrees', 'drain', side, {
        title: 'compare both trees, node by node',
        why: 'nothing is changed by looking',
        undo: 'nothing to undo',
        waitsFor: 'no difference is left',
        timeoutMs: 2 * HOUR_MS,
      }),
      id: `${back ? 'rollback/' : ''}compareTrees/drained`,
    }),
    drain: (side: Side) =>
      make('drainTrees', 'drain', side, {
        title: `bring over what ${nameOf(side)} has committed last`,
        why: 'it takes no more writes from clients, so this comes to an end',
        undo: 'nothing to undo',
        waitsFor:
          'its last transaction is applied, and the marker of the copy and what it had put into ACLs are gone',
        timeoutMs: 30 * MINUTE_MS,
        promptly: true,
      }),
    awaitSessionExpiry: (side: Side) =>
      make('awaitSessionExpiry', 'open', side, {
        title: `let the sessions of ${nameOf(side)} end`,
        why: 'ephemerals are not copied: no client may still believe that it holds a lock there',
        undo: 'nothing to undo',
        waitsFor: 'the longest session timeout has passed, or every session has ended',
        timeoutMs: 2 * HOUR_MS,
        promptly: true,
      }),
    openNewSide: () =>
      make('openNewSide', 'open', 'target', {
        title: `open ${frame.target}`,
        why: 'it has all that the old side acknowledged; the old side takes no writes',
        undo: 'what is written to it from now on is brought back first',
        waitsFor: 'a write commits there',
        timeoutMs: 5 * MINUTE_MS,
        promptly: true,
      }),
    endCopy: (side: Side) =>
      make('endCopy', 'retire', side, {
        title: `take away the marks that the copy has left on ${nameOf(otherOf(side))}`,
        why: 'nothing follows any more',
        undo: 'nothing to undo',
        waitsFor: 'its marker is gone',
        timeoutMs: 5 * MINUTE_MS,
      }),
  };
}
