/** What stands against a restore, or must be known before it. */
import type { RestoreBackupInput } from '../../model/backupInputs';
import type { EnsembleFacts, Finding, HolderFacts } from '../../model/facts';
import type { RestorePoint } from '../../model/plan';
import type { BaseManifest, EnsembleDocument } from '../../model/repository';
import { explainReading } from '../backup/standAlone';
import { error, warning } from '../findings';
import { lockFindings } from '../lockFindings';
import { zxidText } from '../../model/zxid';

/** What is known of a backup when a restore is planned. */
export interface BackupFacts {
  members: EnsembleDocument['members'];
  /** Of the snapshot and the log that are read. */
  plainBytes: number;
  nodes?: number;
  /** Of the base, where it stands alone. */
  alone?: Pick<BaseManifest, 'source' | 'readFrom' | 'usableFrom'>;
  /** Newest successful drill; absent where there was none. */
  lastDrillAt?: string;
  /** Of base and log: errors say what is wrong with the rest of the backup. */
  findings: readonly { severity: 'error' | 'warning'; message: string }[];
}

/** Whether another run is at work on an ensemble. */
export interface LockFacts {
  holder?: HolderFacts;
  /** Why it cannot be told. */
  unknown?: string;
}

export function restoreFindings(
  facts: EnsembleFacts,
  { backup, lock }: { backup: BackupFacts; lock: LockFacts },
  input: RestoreBackupInput,
  point: RestorePoint,
): Finding[] {
  return [
    ...lockFindings({ ensemble: facts.ensemble, lock: lock.holder }),
    ...(point.subtree === undefined ? untold(lock) : []),
    ...foreign(facts, backup, input, point),
    ...unproven(backup),
    ...standingAlone(backup),
    ...backup.findings.map(({ message }) => warning('BackupDamaged', message)),
    ...(point.subtree === undefined ? hosts(facts, backup) : []),
    ...(point.subtree === undefined ? rewinds(facts, point) : []),
  ];
}

/** What is to be stopped as a whole takes no lock, which would tell. */
const untold = ({ unknown }: LockFacts): Finding[] =>
  unknown === undefined
    ? []
    : [
        warning('EnsembleLocked', `whether a run holds the ensemble cannot be told: ${unknown}`, {
          hint: 'make sure that none does',
        }),
      ];

function foreign(
  { servers }: EnsembleFacts,
  { members }: BackupFacts,
  { acceptForeign, to }: RestoreBackupInput,
  { from }: RestorePoint,
): Finding[] {
  const known = members.map(({ address }) => address);
  const isOwn = servers.some(({ address }) =>
    known.includes(`${address.host}:${address.clientPort}`),
  );
  if (isOwn || known.length === 0) return [];
  const message = `the backup of ${from} is of ${known.join(', ')}, and none of these is a member of ${to.ensemble}`;
  return [
    acceptForeign
      ? warning('ForeignEnsemble', message)
      : error('ForeignEnsemble', message, { hint: 'say acceptForeign if that is meant' }),
  ];
}

const unproven = ({ lastDrillAt }: BackupFacts): Finding[] =>
  lastDrillAt === undefined
    ? [
        warning('BackupNeverProven', 'no drill has proven this backup yet', {
          hint: 'zkferry run verify proves it without touching the ensemble',
        }),
      ]
    : [];

function standingAlone({ alone }: BackupFacts): Finding[] {
  if (alone === undefined) return [];
  const reading = explainReading(alone);
  return [
    ...(reading === undefined
      ? []
      : [
          warning(
            'NotOfOneMoment',
            `the base is ${reading}: of what was committed in between it has some`,
            { hint: 'whoever relies on several znodes being of one moment must check them' },
          ),
        ]),
    ...(alone.source === 'logical'
      ? [
          warning(
            'LogicalCopy',
            'the base was read through the client port: sessions, ephemerals and quotas are not in it, and containers and znodes with a time to live are plain ones',
          ),
        ]
      : []),
  ];
}

function hosts({ servers }: EnsembleFacts, { plainBytes }: BackupFacts): Finding[] {
  return servers.flatMap(({ server, host }) => {
    if (host?.reachable !== true)
      return [
        error(
          'HostNotObserved',
          `${server} cannot be reached over SSH (${host?.error?.message ?? 'the inventory gives no access'})`,
          {
            server,
            hint: 'every member must be stopped and get the data: give access, or take it out of the ensemble first',
          },
        ),
      ];
    const free = host.data?.freeBytes;
    if (free !== undefined && free < 2 * plainBytes)
      return [
        error(
          'NoDiskSpace',
          `${server} has ${free} bytes free, fewer than twice the ${plainBytes} of the backup`,
          {
            server,
            hint: 'the old data stay aside: make room',
          },
        ),
      ];
    return [];
  });
}

function rewinds({ servers }: EnsembleFacts, point: RestorePoint): Finding[] {
  const serving = servers.filter(({ state }) => state === 'serving');
  const found: Finding[] =
    serving.length > 0
      ? [
          warning(
            'EnsembleServes',
            `${serving.map(({ server }) => server).join(', ')} serve now: whatever was written after ${point.zxid} goes with the data that are set aside`,
          ),
        ]
      : [];
  if (point.above !== undefined || BigInt(point.startZxid) >= highestSeen(servers)) return found;
  return [
    ...found,
    error(
      'WouldRewind',
      `clients may have seen ${zxidText(highestSeen(servers))}, and would be refused by servers that start from ${point.startZxid}`,
      { hint: 'leave epoch at higher' },
    ),
  ];
}

/** By what servers say, and by what lies on their disks. */
export function highestSeen(servers: EnsembleFacts['servers']): bigint {
  const zxids = servers.flatMap(({ zxid, host }) => {
    const { currentEpoch = 0, acceptedEpoch = 0, newestSnapshotZxid } = host?.data ?? {};
    return [
      ...(zxid === undefined ? [] : [BigInt(zxid)]),
      ...(newestSnapshotZxid === undefined ? [] : [BigInt(newestSnapshotZxid)]),
      BigInt(Math.max(currentEpoch, acceptedEpoch)) << 32n,
    ];
  });
  return zxids.reduce((highest, zxid) => (zxid > highest ? zxid : highest), 0n);
}
