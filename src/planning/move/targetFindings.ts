/** What stands against a target that shall take over a source's data. */
import type { EnsembleFacts, Finding, ServerFacts, TreeFacts } from '../../model/facts';
import { atLeast } from '../../model/version';
import { error, megabytes, warning } from '../findings';
import { flagValue, treeOf, versionOfServer } from '../members';
import { DEFAULT_MAXBUFFER_BYTES } from '../measured';
import { limitFindings, measuredTreeBytes } from '../preflight/limits';
import { treeFindings } from '../preflight/tree';
import { holdsOldTypesOnly, oldestOf } from './way';

/** What a node takes beside its data: path, ACL, stat. */
const NODE_OVERHEAD_BYTES = 1_024;
/** The data, and the snapshot that a server writes of them as it starts. */
const DATA_ROOM = 2;
/** On top: a log is preallocated. */
const DATA_BASE_BYTES = 68e6;

export interface MoveTargetFacts {
  source: EnsembleFacts;
  /** `host.jvmFlags` of servers that do not run: what their environment files would give them. */
  target: EnsembleFacts;
  /** Base and log that would be shipped now; 0 where nothing was captured yet. */
  plainBytes: number;
  /** Why nothing captured so far can be restored; absent where something can. */
  notCaptured?: string;
}

export function targetFindings(facts: MoveTargetFacts): Finding[] {
  const { source, target, plainBytes, notCaptured } = facts;
  const overlap = overlapFindings(source, target);
  if (overlap.length > 0) return overlap;
  const tree = treeOf(source);
  const treeBytes = Math.max(plainBytes, measuredTreeBytes(source), tree?.dataBytes ?? 0);
  return [
    ...(notCaptured === undefined ? [] : [notCapturedYet(notCaptured)]),
    ...target.servers.flatMap((server) => serverFindings(server, treeBytes)),
    ...versionFindings(source, target, tree),
    ...limitFindings(target, treeBytes),
    ...(tree === undefined ? [] : bufferFindings(target, tree)),
    ...(source.tree === undefined ? [] : treeFindings({ ...target, tree: source.tree })),
  ];
}

/** Of a target that lives, into which a tree is copied. `whole`: all of it, so that its largest node is meant. */
export function copyTargetFindings(
  source: EnsembleFacts,
  target: EnsembleFacts,
  whole: boolean,
): Finding[] {
  const overlap = overlapFindings(source, target);
  if (overlap.length > 0) return overlap;
  const tree = treeOf(source);
  return whole && tree !== undefined ? bufferFindings(target, tree) : [];
}

const notCapturedYet = (reason: string): Finding =>
  warning('NotCapturedYet', `nothing can be restored yet: ${reason}`, {
    hint: 'the run itself captures the source from step awaitCapture on: the first base takes as long as the tree is large',
  });

function overlapFindings(source: EnsembleFacts, target: EnsembleFacts): Finding[] {
  const address = ({ address: { host, clientPort } }: ServerFacts) => `${host}:${clientPort}`;
  const own = new Set(source.servers.map(address));
  const both = target.servers.filter((server) => own.has(address(server)));
  const isAlias = source.identity === target.identity;
  if (both.length === 0 && !isAlias) return [];
  if (both.length === 0)
    return [
      error(
        'SameEnsemble',
        `${source.ensemble} and ${target.ensemble} are one: their servers name the same members`,
        { hint: 'name another target, or correct the inventory' },
      ),
    ];
  return [
    error(
      'SameEnsemble',
      `${both.map(address).join(', ')} belong to ${source.ensemble} and to ${target.ensemble}: an ensemble cannot be moved onto its own servers`,
      { hint: 'name another target, or correct the inventory' },
    ),
  ];
}

function serverFindings(server: ServerFacts, treeBytes: number): Finding[] {
  const { server: name, state, stateDetail, host } = server;
  const of = { server: name };
  if (host?.reachable !== true)
    return [
      error(
        'HostNotObserved',
        `${name} cannot be reached over SSH (${host?.error?.message ?? 'the inventory gives no access'})`,
        { ...of, hint: 'the data are put on every server of the target: give access' },
      ),
    ];
  const runs = state === 'serving' || state === 'notServing' || host.process?.running === true;
  const { snapshotCount = 0, logCount = 0, directory, freeBytes } = host.data ?? {};
  const needBytes = DATA_ROOM * treeBytes + DATA_BASE_BYTES;
  return [
    ...(runs
      ? [
          error('TargetNotEmpty', `${name} runs (${stateDetail ?? state})`, {
            ...of,
            hint: 'a physical move goes to servers that have never run: stop it and move its data away, or move logically',
          }),
        ]
      : []),
    ...(snapshotCount + logCount > 0
      ? [
          error(
            'TargetNotEmpty',
            `${name} has data: ${snapshotCount} snapshot(s) and ${logCount} log(s) in ${directory}`,
            { ...of, hint: 'move version-2 away if nobody needs it; nothing is overwritten' },
          ),
        ]
      : []),
    ...installFindings(server),
    ...(freeBytes !== undefined && freeBytes < needBytes
      ? [
          error(
            'NoDiskSpace',
            `${name} has ${megabytes(freeBytes)} free for data of ${megabytes(treeBytes)}; ${megabytes(needBytes)} are needed`,
            { ...of, hint: 'make room, or set directories.data elsewhere' },
          ),
        ]
      : []),
  ];
}

function installFindings({ server, id, host }: ServerFacts): Finding[] {
  const missing = [
    ...(host?.config === undefined ? ['no zoo.cfg'] : []),
    ...(host?.data === undefined ? ['no data directory'] : []),
    ...(host?.myid === undefined ? ['no myid'] : []),
    ...(host?.package?.installedVersion === undefined ? ['no package'] : []),
    ...(host?.myid !== undefined && host.myid !== id ? [`a myid of ${host.myid}, not ${id}`] : []),
    ...(host?.members?.length && !host.members.some((member) => member.id === id)
      ? [`a zoo.cfg without server.${id}`]
      : []),
  ];
  if (missing.length === 0) return [];
  return [
    error('TargetNotInstalled', `the host of ${server} has ${missing.join(', ')}`, {
      server,
      hint: 'install ZooKeeper there as it shall run, without starting it, and check directories in the inventory',
    }),
  ];
}

function versionFindings(
  source: EnsembleFacts,
  target: EnsembleFacts,
  tree: TreeFacts | undefined,
): Finding[] {
  const from = oldestOf(source.servers.map(versionOfServer));
  const to = oldestOf(target.servers.map(versionOfServer));
  if (from === undefined || to === undefined || atLeast(to, from)) return [];
  const kinds = tree === undefined ? 0 : tree.containers + tree.ttls;
  if (holdsOldTypesOnly(to) && !holdsOldTypesOnly(from) && kinds > 0)
    return [
      error(
        'TargetCannotHold',
        `${tree!.containers} container(s) and ${tree!.ttls} node(s) with a time to live are in the tree of ${source.ensemble}, and ${to} would delete them`,
        { hint: 'install a newer release on the target, or delete these nodes' },
      ),
    ];
  return [
    warning('ReleaseOlder', `the target runs ${to}, and the source ${from}`, {
      hint: 'what the source’s release alone can do must not be used; it reads the data',
    }),
  ];
}

function bufferFindings({ servers }: EnsembleFacts, { largestNode }: TreeFacts): Finding[] {
  return servers.flatMap(({ server, host }) => {
    const text = flagValue(host?.jvmFlags, 'jute.maxbuffer');
    const limit = Number(text?.replace(/^#/, '0x') ?? NaN) || DEFAULT_MAXBUFFER_BYTES;
    if (largestNode.bytes + NODE_OVERHEAD_BYTES <= limit) return [];
    return [
      error(
        'NodeTooLarge',
        `${largestNode.path} has ${largestNode.bytes} bytes, and jute.maxbuffer of ${server} is ${limit}`,
        { server, hint: 'give the target the source’s -Djute.maxbuffer, or more' },
      ),
    ];
  });
}
