import { parseConnectString } from '../load/connectString';
import { analyseJournal, type JournalAnalysis } from './analyseJournal';
import { compareWithTree, type TreeComparison } from './compareWithTree';
import { readBack } from './readBack';
import { readJournal } from './readJournal';

const MOST_PROBLEMS = 50;

export interface CheckOptions {
  journalPath: string;
  /** `host:port` of every member to read, each by itself. Default: those of `connectString`. */
  servers?: readonly string[];
  /** Default: the one the load was started with. */
  connectString?: string;
  /** Shortest stretch without an acknowledgement that counts as a gap, ms. Default 100. */
  gapThresholdMs?: number;
  /** Most that reading one member may take, ms. Default 60 s. */
  deadlineMs?: number;
}

export interface CheckResult {
  /** Nothing acknowledged is missing anywhere, no session or ephemeral was lost, all members were read and agree. Gaps do not count. */
  ok: boolean;
  ackedWrites: number;
  unknownWrites: number;
  lostWrites: number;
  readsBackwards: number;
  sessionsLost: number;
  ephemeralsLost: number;
  phantomWrites: number;
  membersDiffer: number;
  writeGapsMs: number[];
  longestGapMs: number;
  totalGapMs: number;
  ackLatency: { p50: number; p99: number };
  /** What is wrong, in words; the first 50. */
  problems: string[];
  analysis: JournalAnalysis;
  comparison: TreeComparison;
}

/** Checks a load that has stopped. InvalidInput where the journal is unreadable; a member that cannot be read is a problem, not an error. */
export async function checkLoad(options: CheckOptions): Promise<CheckResult> {
  const { load, records } = await readJournal(options.journalPath);
  const connect = parseConnectString(options.connectString ?? load.connectString);
  const { trees, unread } = await readBack(options.servers ?? connect.servers, load.root, {
    chroot: connect.chroot,
    deadlineMs: options.deadlineMs,
  });
  const analysis = analyseJournal(records, { gapThresholdMs: options.gapThresholdMs });
  return judge(analysis, compareWithTree(records, trees), unread);
}

/** The verdict over both halves; pure. `unread`: members that could not be read, with the reason. */
export function judge(
  analysis: JournalAnalysis,
  comparison: TreeComparison,
  unread: Readonly<Record<string, string>>,
): CheckResult {
  const problems = problemsOf(analysis, comparison, unread);
  const writeGapsMs = analysis.writeGaps.map(({ gapMs }) => gapMs);
  return {
    ok: problems.length === 0,
    ackedWrites: analysis.ackedWrites,
    unknownWrites: analysis.unknownWrites,
    lostWrites: comparison.lostWrites.length,
    readsBackwards: analysis.readsBackwards.length,
    sessionsLost: analysis.sessionsLost.length,
    ephemeralsLost: comparison.ephemeralsLost.length,
    phantomWrites: comparison.phantomWrites.length,
    membersDiffer: comparison.membersDiffer.length,
    writeGapsMs,
    longestGapMs: writeGapsMs.reduce((longest, gap) => Math.max(longest, gap), 0),
    totalGapMs: Math.round(writeGapsMs.reduce((sum, gap) => sum + gap, 0) * 100) / 100,
    ackLatency: analysis.ackLatency,
    problems: problems.slice(0, MOST_PROBLEMS),
    analysis,
    comparison,
  };
}

function problemsOf(
  analysis: JournalAnalysis,
  comparison: TreeComparison,
  unread: Readonly<Record<string, string>>,
): string[] {
  return [
    ...(analysis.complete
      ? []
      : ['journal: the load did not end in order, its last writes may be missing']),
    ...(analysis.ackedWrites > 0 ? [] : ['journal: not one write was acknowledged']),
    ...Object.entries(unread).map(([server, why]) => `member ${server} could not be read: ${why}`),
    ...comparison.lostWrites.map(
      (lost) =>
        `lost: acknowledged ${lost.kind} ${lost.path}, value ${lost.value}, is not on ${lost.missingOn.join(', ')}`,
    ),
    ...comparison.phantomWrites.map(
      ({ path, server, why }) => `corrupt: ${path} on ${server}: ${why}`,
    ),
    ...comparison.membersDiffer.map(
      ({ path, held }) => `members differ at ${path}: ${JSON.stringify(held)}`,
    ),
    ...comparison.ephemeralsLost.map(
      ({ path, owner, found }) =>
        `ephemeral lost: ${path} of session ${owner}, found ${found ?? 'gone'}`,
    ),
    ...analysis.sessionsLost.map(
      ({ client, sessionId }) => `session lost: ${sessionId} of client ${client}`,
    ),
    ...analysis.lockOverlaps.map(
      ({ path, one, other, ms }) =>
        `two lock holders: ${one} and ${other} both believed that they hold ${path}, for ${ms} ms`,
    ),
    ...analysis.numbersTwice.map(
      ({ parent, number, paths }) =>
        `sequence number given twice: ${number} of ${parent}, to ${paths.join(' and ')}`,
    ),
    ...analysis.readsBackwards.map(
      (read) =>
        `read went backwards: session ${read.sessionId} saw ${read.path} at ${read.earlier.value} (${read.earlier.zxid}), then ${read.later.value} (${read.later.zxid})`,
    ),
  ];
}
