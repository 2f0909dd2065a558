/** The report of an ended run, beside what its plan expected. */
import type { MembershipNames } from '../../model/plan';
import type { Availability, Outage, UpgradeReport, WriteGap } from '../../model/status';
import { uncountedOutages } from '../../model/uncounted';
import { isWatched } from '../../planning/expectation';
import { backupText } from '../../planning/planText';
import type { Colors } from '../output';
import { count, duration, timeOfDay } from './text';

const MAX_GAPS = 20;

const availabilityLines = (report: UpgradeReport): string[] => {
  const { writeGaps, thresholdMs } = report.availability;
  const { longestWriteGapMs } = report.planned;
  return isWatched(report)
    ? withUncounted(
        gapLines(writeGaps, thresholdMs, longestWriteGapMs),
        report.availability,
        report.outages,
      )
    : [`not measured (longest expected ${duration(longestWriteGapMs)})`];
};

export function renderReport(report: UpgradeReport, colors: Colors): string {
  const { availability, planned } = report;
  const label = (text: string) => colors.dim(text.padEnd(18));
  const lines = [
    `${label('took')}${duration(report.durationMs)} (expected ${duration(planned.durationMs)})`,
    ...(report.members
      ? memberLines(report.members).map(
          (text, index) => `${label(index === 0 ? 'members' : '')}${text}`,
        )
      : versionLines(report).map(
          (text, index) => `${label(index === 0 ? 'versions' : '')}${text}`,
        )),
    ...(isMovedWhole(report)
      ? []
      : [
          `${label('server restarts')}${report.serverRestarts} (expected ${planned.serverRestarts})`,
          `${label('leader restarts')}${report.leaderRestarts} (expected ${planned.leaderRestarts}), leader changes ${report.leaderChanges}`,
        ]),
    ...availabilityLines(report).map(
      (text, index) => `${label(index === 0 ? 'write gaps' : '')}${text}`,
    ),
  ];
  if (isWatched(report))
    lines.push(
      `${label('probe')}${count(availability.acknowledgedWrites, 'write')} acknowledged, ${availability.failedWrites} failed, ${count(availability.sessionsLost, 'session')} lost`,
    );
  if (availability.unobservedMs > 0)
    lines.push(`${label('not watched')}${duration(availability.unobservedMs)}`);
  if (report.clients && report.clients.length > 0)
    lines.push(
      `${label('clients left')}${report.clients.map(({ session, address, server }) => `${session} from ${address} on ${server}`).join(', ')}`,
    );
  for (const { server, detail } of report.aside ?? [])
    lines.push(`${label('old data')}${server}: ${detail}`);
  if (report.backup) lines.push(`${label('backup')}${backupText(report.backup)}`);
  if (report.membersAgree)
    lines.push(
      `${label('members')}${report.membersAgree.agree ? colors.green('agree') : colors.red('differ')}: ${report.membersAgree.detail}`,
    );
  return lines.join('\n');
}

/** Where a side is stopped or started as a whole, no restarts are counted. */
const isMovedWhole = ({ mode }: UpgradeReport): boolean =>
  mode === 'physical' || mode === 'logical';

/** The inventory is for people to change: what differs from it now is said. */
function memberLines({ before, after }: NonNullable<UpgradeReport['members']>): string[] {
  const all = (names: MembershipNames | undefined): string[] =>
    names ? [...names.voters, ...names.observers] : [];
  const text = (names: MembershipNames | undefined): string =>
    names === undefined
      ? 'unknown'
      : `${names.voters.join(', ')}${names.observers.length > 0 ? `, observers ${names.observers.join(', ')}` : ''}`;
  const come = all(after).filter((name) => !all(before).includes(name));
  const gone = after ? all(before).filter((name) => !all(after).includes(name)) : [];
  return [
    `${text(before)} → ${text(after)}`,
    ...(come.length > 0 ? [`in the inventory, take spare: true from ${come.join(', ')}`] : []),
    ...(gone.length > 0 ? [`in the inventory, make ${gone.join(', ')} spare, or take out`] : []),
  ];
}

function versionLines(report: UpgradeReport): string[] {
  const servers = Object.keys({ ...report.fromVersions, ...report.toVersions }).sort();
  return servers.map(
    (server) =>
      `${server}: ${report.fromVersions[server] ?? 'unknown'} → ${report.toVersions[server] ?? 'unknown'}`,
  );
}

/** Said instead of `none`, and after the gaps that were seen. */
export function withUncounted(
  lines: string[],
  availability: Availability,
  outages: readonly Outage[] | undefined,
): string[] {
  const uncounted = uncountedOutages(availability, outages);
  if (uncounted.length === 0) return lines;
  const times = uncounted.map(({ closedAt, openedAt }) =>
    openedAt === undefined
      ? `nobody serves since ${timeOfDay(closedAt)}`
      : `nobody served for ${duration(Date.parse(openedAt) - Date.parse(closedAt))} from ${timeOfDay(closedAt)} on`,
  );
  return [
    ...(availability.writeGaps.length === 0 ? [] : lines),
    `not counted here: ${times.join(', ')}`,
  ];
}

/** Each gap on its own line, the longest named beside what was expected. */
export function gapLines(
  gaps: readonly WriteGap[],
  thresholdMs: number,
  expectedLongestMs: number | undefined,
): string[] {
  const expected =
    expectedLongestMs === undefined ? '' : ` (longest expected ${duration(expectedLongestMs)})`;
  if (gaps.length === 0) return [`none over ${duration(thresholdMs)}${expected}`];
  const longest = Math.max(...gaps.map(({ gapMs }) => gapMs));
  return [
    `${gaps.length} over ${duration(thresholdMs)}, longest ${Math.round(longest)} ms${expected}`,
    ...gaps
      .slice(0, MAX_GAPS)
      .map(({ gapMs, during }) => `  ${Math.round(gapMs)} ms${during ? ` during ${during}` : ''}`),
    ...(gaps.length > MAX_GAPS ? [`  and ${gaps.length - MAX_GAPS} more`] : []),
  ];
}
