/**
 * One server's turn: drain, stop, package, configuration, start, proof, soak. The same turn forward and
 * back; what differs is the activity that changes the package and the one that changes the files.
 */
import type { ConfigChange, Phase, PlanStep } from '../model/plan';
import { takeOutTemporary } from './configMigration';
import type { OrderedServer } from './serverOrder';
import { stepTimeoutMs, type Waits } from './stepTimes';

export interface Turn {
  direction: 'forward' | 'rollback';
  server: string;
  rank: OrderedServer['rank'];
  from: string;
  to: string;
  waits: Waits;
  /** Whether there is anything to do before the stop: a drain hook or a time to wait. */
  drains: boolean;
  /** Forward only: the changes its configuration needs. */
  changes?: ConfigChange[];
}

const whyRank: Record<OrderedServer['rank'], string> = {
  unhealthy:
    'it does not serve, so its stop costs nothing, and the others hold the quorum without it',
  observer: 'it never votes: the quorum is the same with and without it',
  follower:
    'the others alone hold a synced quorum that just committed a write, and all of them serve',
  leader: 'the others hold a synced quorum, all have had their turn, and the ensemble elects once',
};

/** Steps in order, ids unique within a plan: `3.9.6/zk2/stopServer`, on the way back `rollback/3.8.4/zk2/…`. */
export function serverTurn(turn: Turn): PlanStep[] {
  return [
    ...(turn.drains ? [drainNode(turn)] : []),
    stopServer(turn),
    ...(turn.direction === 'forward'
      ? [upgradePackage(turn), migrateConfiguration(turn)]
      : [revertPackage(turn), restoreConfiguration(turn)]),
    startServer(turn),
    verifyQuorum(turn),
    soak(turn),
  ];
}

/** For a server whose turn forward was begun but has changed nothing: it only needs to be running, and proven. */
export const bringBack = (turn: Turn): PlanStep[] => [startServer(turn), verifyQuorum(turn)];

const phaseOf = ({ direction }: Turn): Phase => (direction === 'forward' ? 'upgrade' : 'rollback');

function base(turn: Turn, activity: PlanStep['activity']) {
  const prefix = turn.direction === 'forward' ? '' : 'rollback/';
  return {
    id: `${prefix}${turn.to}/${turn.server}/${activity}`,
    phase: phaseOf(turn),
    activity,
    server: turn.server,
    role: turn.rank,
    fromVersion: turn.from,
    toVersion: turn.to,
  };
}

const stoppedByUs = ({ server }: Turn): PlanStep['guard'] => ({ kind: 'serverIsStopped', server });
const none: PlanStep['guard'] = { kind: 'none' };

/** On the way back the undo of a step is to go on with the way back. */
const undoOf = (turn: Turn, forward: string): string =>
  turn.direction === 'forward' ? forward : 'none: run the step again';

const drainNode = (turn: Turn): PlanStep => ({
  ...base(turn, 'drainNode'),
  title: `drain ${turn.server}`,
  why: 'clients are led to other servers before this one stops',
  guard: none,
  undo: 'the undrain hook runs once the server serves again',
  waitsFor: `the drain hook${turn.waits.drainMs > 0 ? ` and ${turn.waits.drainMs} ms` : ''}`,
  timeoutMs: stepTimeoutMs.drain(turn.waits),
});

const stopServer = (turn: Turn): PlanStep => ({
  ...base(turn, 'stopServer'),
  title: `stop ${turn.server} (${turn.rank})`,
  why: whyRank[turn.rank],
  guard: { kind: 'serverMayStop', server: turn.server },
  undo: undoOf(turn, `${turn.server} is started again on ${turn.from}`),
  waitsFor: 'its process is gone; masked, so that nothing else starts it meanwhile',
  timeoutMs: stepTimeoutMs.stop,
});

const upgradePackage = (turn: Turn): PlanStep => ({
  ...base(turn, 'upgradePackage'),
  title: `install ${turn.to} on ${turn.server}`,
  why: 'the server is stopped and the package was verified when it was staged',
  guard: stoppedByUs(turn),
  undo: `${turn.from} is installed again`,
  waitsFor: `${turn.to} is the installed version`,
  timeoutMs: stepTimeoutMs.install,
});

function migrateConfiguration(turn: Turn): PlanStep {
  const { changes = [] } = turn;
  return {
    ...base(turn, 'migrateConfiguration'),
    title:
      changes.length === 0
        ? `keep the configuration of ${turn.server}`
        : `change ${changes.length} setting(s) of ${turn.server}`,
    why: 'the server is stopped; its configuration is saved first; JVM flags, heap and limits stay',
    guard: stoppedByUs(turn),
    undo: 'the saved configuration is put back, byte for byte',
    waitsFor: 'the files are written',
    timeoutMs: stepTimeoutMs.configuration,
    changes,
  };
}

const revertPackage = (turn: Turn): PlanStep => ({
  ...base(turn, 'revertPackage'),
  title: `install ${turn.to} on ${turn.server} again`,
  why: 'the server is stopped, and its former package was kept on the host',
  guard: stoppedByUs(turn),
  undo: undoOf(turn, ''),
  waitsFor: `${turn.to} is the installed version`,
  timeoutMs: stepTimeoutMs.install,
});

const restoreConfiguration = (turn: Turn): PlanStep => ({
  ...base(turn, 'restoreConfiguration'),
  title: `put back the configuration of ${turn.server}`,
  why: 'the server is stopped; the copy was saved before the first change',
  guard: stoppedByUs(turn),
  undo: undoOf(turn, ''),
  waitsFor: 'the files are as they were',
  timeoutMs: stepTimeoutMs.configuration,
});

const startServer = (turn: Turn): PlanStep => ({
  ...base(turn, 'startServer'),
  title: `start ${turn.server} on ${turn.to}`,
  why: 'package and configuration fit each other; it joins as a learner of the present leader',
  guard: none,
  undo: undoOf(turn, `${turn.server} is stopped and returned to ${turn.from}`),
  waitsFor: 'its process runs',
  timeoutMs: stepTimeoutMs.start,
});

function verifyQuorum(turn: Turn): PlanStep {
  const removed = takeOutTemporary(turn.changes ?? [], 'untilServerIsUp');
  const then = removed.map(({ setting }) => `; then ${setting} is taken out again`).join('');
  return {
    ...base(turn, 'verifyQuorum'),
    title: `prove ${turn.server} is back`,
    why: 'nothing is changed by looking',
    guard: none,
    undo: undoOf(turn, 'nothing to undo'),
    waitsFor: `it serves as ${turn.to}, has caught up, a write was committed through it, and connections, outstanding requests and latency have settled${then}`,
    timeoutMs: stepTimeoutMs.verify(turn.waits),
    ...(removed.length > 0 ? { changes: removed } : {}),
  };
}

const soak = (turn: Turn): PlanStep => ({
  ...base(turn, 'soak'),
  title: `watch ${turn.server} on ${turn.to}`,
  why: 'the next server is touched only after this one has stayed healthy',
  guard: none,
  undo: undoOf(turn, 'nothing to undo'),
  waitsFor: `${turn.waits.soakMs} ms in which it stays healthy`,
  timeoutMs: stepTimeoutMs.soak(turn.waits),
});
