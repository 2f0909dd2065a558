/** The report of an ended upgrade, beside what its plan expected. */
import type { UpgradeReport, WriteGap } from '../../model/status';
import type { Colors } from '../output';
import { count, duration } from './text';

const MAX_GAPS = 20;

export function renderReport(report: UpgradeReport, colors: Colors): string {
  const { availability, planned } = report;
  const label = (text: string) => colors.dim(text.padEnd(18));
  const lines = [
    `${label('took')}${duration(report.durationMs)} (expected ${duration(planned.durationMs)})`,
    ...versionLines(report).map((text, index) => `${label(index === 0 ? 'versions' : '')}${text}`),
    `${label('server restarts')}${report.serverRestarts} (expected ${planned.serverRestarts})`,
    `${label('leader restarts')}${report.leaderRestarts} (expected ${planned.leaderRestarts}), leader changes ${report.leaderChanges}`,
    ...gapLines(availability.writeGaps, availability.thresholdMs, planned.longestWriteGapMs).map(
      (text, index) => `${label(index === 0 ? 'write gaps' : '')}${text}`,
    ),
    `${label('probe')}${count(availability.acknowledgedWrites, 'write')} acknowledged, ${availability.failedWrites} failed, ${count(availability.sessionsLost, 'session')} lost`,
  ];
  if (availability.unobservedMs > 0)
    lines.push(`${label('not watched')}${duration(availability.unobservedMs)}`);
  if (report.backup)
    lines.push(
      `${label('backup')}${report.backup.directory} on ${report.backup.server}: zxid ${report.backup.zxid}, ${count(report.backup.nodes, 'znode')}, started and read back`,
    );
  if (report.membersAgree)
    lines.push(
      `${label('members')}${report.membersAgree.agree ? colors.green('agree') : colors.red('differ')}: ${report.membersAgree.detail}`,
    );
  return lines.join('\n');
}

function versionLines(report: UpgradeReport): string[] {
  const servers = Object.keys({ ...report.fromVersions, ...report.toVersions }).sort();
  return servers.map(
    (server) =>
      `${server}: ${report.fromVersions[server] ?? 'unknown'} → ${report.toVersions[server] ?? 'unknown'}`,
  );
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
