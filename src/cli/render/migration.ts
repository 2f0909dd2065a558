/** Where a migration stands, and what goes on beside its steps. */
import type { BesideReport, MigrationStatus } from '../../model/status';
import type { Colors } from '../output';
import { duration, instant } from './text';

const LABEL_WIDTH = 18;

export function migrationLines(migration: MigrationStatus, colors: Colors): string[] {
  const { source, target, serving, fencedAt, openedAt, verified, expectedOutageMs } = migration;
  const line = (name: string, text: string): string =>
    `${colors.dim(name.padEnd(LABEL_WIDTH))}${text}`;
  return [
    line('clients write to', serving === 'source' ? source : target),
    ...(fencedAt === undefined
      ? [line('outage expected', duration(expectedOutageMs))]
      : [
          line(
            'closed',
            `${instant(fencedAt)}${openedAt === undefined ? '' : `, the other side open ${instant(openedAt)}`}`,
          ),
        ]),
    ...(verified ? [line('compared', `${instant(verified.at)}: ${verified.detail}`)] : []),
    ...(migration.leftOut ?? []).map(({ server, why, byHand, startByHand }) =>
      line(
        'left out',
        `${server} (${why}): ${byHand}${startByHand === undefined ? '' : `: ${startByHand}`}`,
      ),
    ),
    ...(migration.closed ?? []).map(({ server, openByHand }) =>
      line('closed by nft', `${server}; to open it by hand, as root there: ${openByHand}`),
    ),
    ...Object.entries(migration.beside).map(([name, report]) => line(name, besideText(report))),
  ];
}

const besideText = ({ detail, lagMs, at, running }: BesideReport): string =>
  [
    detail,
    lagMs === undefined ? '' : `, ${lagMs} ms behind`,
    at === undefined || detail === 'begins' ? '' : `; told ${instant(at)}`,
    running === true ? '' : ', over',
  ].join('');
