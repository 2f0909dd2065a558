/** Where a migration stands, and what goes on beside its steps. */
import type { BesideReport, MigrationStatus, Outage } from '../../model/status';
import { leadingText } from '../../model/leadingText';
import type { Colors } from '../output';
import { duration, instant, timeOfDay } from './text';

const LABEL_WIDTH = 18;

export function migrationLines(migration: MigrationStatus, colors: Colors, now?: Date): string[] {
  const { verified, expectedOutageMs, outages } = migration;
  const line = (name: string, text: string): string =>
    `${colors.dim(name.padEnd(LABEL_WIDTH))}${text}`;
  const closed = closedText(migration);
  return [
    line('clients write to', writesText(migration, now)),
    ...lastWritesText(migration).map((text) => line('all writes are at', text)),
    ...(outages === undefined && closed === undefined
      ? [line('outage expected', duration(expectedOutageMs))]
      : []),
    ...(closed === undefined ? [] : [line('closed', closed)]),
    ...(outages ?? []).flatMap((outage) =>
      outageLine(outage, migration).map(([name, text]) => line(name, text)),
    ),
    ...(verified ? [line('compared', `${instant(verified.at)}: ${verified.detail}`)] : []),
    ...(migration.leftOut ?? []).map(({ server, why, byHand, startByHand }) =>
      line(
        'left out',
        `${server} (${why}): ${byHand}${startByHand === undefined ? '' : `: ${startByHand}`}`,
      ),
    ),
    ...(migration.closed ?? []).map(({ side, server, openByHand }) =>
      line(
        'closed by nft',
        `${server} of ${nameOf(side, migration)}; to open it by hand, as root there: ${openByHand}`,
      ),
    ),
    ...Object.entries(migration.beside).map(([name, report]) => line(name, besideText(report))),
  ];
}

const nameOf = (side: 'source' | 'target', { source, target }: MigrationStatus): string =>
  side === 'source' ? source : target;

/** Where clients' writes go now; `now` tells for how long they go nowhere. */
export function writesText(migration: MigrationStatus, now?: Date): string {
  const { writes = 'taken', serving, outages } = migration;
  const name = nameOf(serving, migration);
  if (writes === 'taken') return leadingText(migration) ?? name;
  if (writes === 'closing')
    return `${name}, which is being closed: some servers may refuse already`;
  const since = outages?.at(-1)?.closedAt;
  const forMs =
    since === undefined || now === undefined ? undefined : now.getTime() - Date.parse(since);
  const nobody = `nobody serves${since === undefined ? '' : ` since ${timeOfDay(since)}`}${forMs === undefined ? '' : ` (${duration(forMs)})`}`;
  return writes === 'opening'
    ? `${nobody}; ${name} is being opened, and is not proven to serve yet`
    : nobody;
}

/** While no side is open: the one that was closed last has everything, whatever the other one has by now. */
function lastWritesText(migration: MigrationStatus): string[] {
  const { writes = 'taken', outages } = migration;
  const last = outages?.at(-1);
  if (writes !== 'refused' || last === undefined) return [];
  return [`${nameOf(last.closed, migration)}: where one must be opened by hand, it is that one`];
}

/** The fence that stands. */
function closedText({ fencedAt, openedAt }: MigrationStatus): string | undefined {
  if (fencedAt === undefined) return undefined;
  const other = openedAt === undefined ? '' : `, the other side open ${instant(openedAt)}`;
  return `${instant(fencedAt)}${other}`;
}

/** One that is over. */
function outageLine(
  { closed, closedAt, opened, openedAt }: Outage,
  migration: MigrationStatus,
): [string, string][] {
  if (opened === undefined || openedAt === undefined) return [];
  const tookMs = Date.parse(openedAt) - Date.parse(closedAt);
  return [
    [
      'nobody served',
      `${duration(tookMs)} from ${timeOfDay(closedAt)} to ${timeOfDay(openedAt)}: ${nameOf(closed, migration)} closed, ${nameOf(opened, migration)} proven open`,
    ],
  ];
}

/** Once it is over, what it was at and how far behind holds no more; what failed says itself that it is tried again. */
const besideText = ({ detail, lagMs, at, running }: BesideReport): string =>
  running !== true && !detail.startsWith('failed')
    ? 'over'
    : [
        detail,
        lagMs === undefined ? '' : `, ${lagMs} ms behind`,
        at === undefined || detail === 'begins' ? '' : `; told ${instant(at)}`,
      ].join('');
