/** What the demo of a hot backup proved. */
import { labEnvironment } from '../../lab/demo/environment';
import type { BackupDemoOutcome } from '../../lab/demo/types';
import { LAB_REPOSITORY } from '../../lab/labInventory';
import { uiLine, zeroText } from './demo';
import type { StatusView } from './status';
import { plainTable } from './table';
import { bytesText, count, duration, shellWord } from './text';

/** The line that `--json` prints. */
export function backupDemoDocument(outcome: BackupDemoOutcome): Record<string, unknown> {
  const { proof, captured, mistake, broughtBack } = outcome;
  return {
    ok: outcome.ok,
    strategy: 'hotBackup',
    fromVersion: outcome.version,
    toVersion: outcome.version,
    servers: outcome.servers,
    ackedWrites: proof.ackedWrites,
    lostWrites: proof.lostWrites,
    sessionsLost: proof.sessionsLost,
    // Nothing is restarted: a new epoch would be an election that the capture has caused.
    leaderRestarts: outcome.elections,
    writeGapsMs: proof.writeGapsMs,
    workflowId: outcome.workflowId,
    lagP50Ms: captured.lagP50Ms,
    lagP99Ms: captured.lagP99Ms,
    restoredNodes: broughtBack.nodes,
    differences: broughtBack.differences,
    mistakeZxid: mistake.firstZxid,
    ephemeralsLost: proof.ephemeralsLost,
    readsBackwards: proof.readsBackwards,
    ...{ captured, mistake, broughtBack },
    stopMs: outcome.stopMs,
    durationMs: outcome.durationMs,
    problems: outcome.problems,
    ...(outcome.kept ? { kept: outcome.place } : {}),
  };
}

export function renderBackupDemo(outcome: BackupDemoOutcome, view: StatusView): string {
  const { colors } = view;
  const { servers, version } = outcome;
  const blocks = [
    colors.bold(
      `demo: hot backup of ${count(servers, 'server')} of ${version}, under load; ${outcome.mistake.path} lost and restored`,
    ),
    story(outcome, view),
    figures(outcome, view),
    uiLine(outcome, view),
    outcome.ok
      ? colors.green('ok: restored as it was, and nothing that was acknowledged was lost')
      : [colors.red('not ok'), ...outcome.problems.map((problem) => `  ${problem}`)].join('\n'),
    outcome.kept ? nextSteps(outcome, view) : '',
  ];
  return blocks.filter((block) => block !== '').join('\n\n');
}

function story(outcome: BackupDemoOutcome, view: StatusView): string {
  const { captured, mistake, broughtBack } = outcome;
  const { txns, plainBytes, storedBytes, durableUpTo, lagP50Ms, lagP99Ms } = captured;
  return plainTable(
    ['', 'what', 'took'],
    [
      [
        'captured',
        `${count(txns, 'transaction')} up to ${durableUpTo}, ${bytesText(plainBytes)} written as ${bytesText(storedBytes)}`,
        '',
      ],
      ['lag', `half durable within ${lagP50Ms} ms, 99% within ${lagP99Ms} ms, as reported`, ''],
      [
        'mistake',
        `${mistake.path}: ${count(mistake.deletions, 'deletion')} by session ${mistake.session}`,
        '',
      ],
      [
        '  found',
        `from ${mistake.firstZxid}, at ${mistake.time}, to ${mistake.lastZxid}`,
        duration(mistake.foundInMs),
      ],
      [
        'restored',
        `${count(broughtBack.nodes, 'znode')} as of ${broughtBack.asOf}`,
        duration(broughtBack.restoreMs),
      ],
      [
        '  differences',
        `${zeroText(broughtBack.differences, view)}: data, ACLs, types, sequence numbers`,
        duration(broughtBack.diffMs),
      ],
      ['stopped', 'all sealed', duration(outcome.stopMs)],
    ],
  );
}

function figures({ proof, elections, durationMs }: BackupDemoOutcome, view: StatusView): string {
  const gaps = proof.writeGapsMs;
  const zero = (value: number) => zeroText(value, view);
  return plainTable(
    ['load', 'measured'],
    [
      ['acknowledged writes', String(proof.ackedWrites)],
      ['  lost', zero(proof.lostWrites)],
      ['sessions lost', zero(proof.sessionsLost)],
      ['ephemerals lost', zero(proof.ephemeralsLost)],
      ['reads gone backwards', zero(proof.readsBackwards)],
      ['elections', zero(elections)],
      [
        `write gaps of ${proof.gapThresholdMs} ms or more`,
        gaps.length === 0 ? '0' : `${gaps.length}, the longest ${Math.max(...gaps)} ms`,
      ],
      [
        'write latency',
        `p50 ${proof.ackLatencyMs.p50.toFixed(1)} ms, p99 ${proof.ackLatencyMs.p99.toFixed(1)} ms`,
      ],
      ['duration', duration(durationMs)],
    ],
  );
}

/** What to type with everything left up. */
function nextSteps(
  { place, mistake, broughtBack, servers }: BackupDemoOutcome,
  view: StatusView,
): string {
  const { colors, command } = view;
  const type = (text: string) => `    ${colors.cyan(text)}`;
  const ensemble = 'demo';
  const subtree = `${ensemble}${mistake.path}`;
  const before = ['--at', broughtBack.asOf];
  const backup = (...words: string[]) => command(['backup', ...words]);
  return [
    colors.bold('everything is still up, but the hot backup has ended'),
    '  type',
    ...Object.entries(labEnvironment(place)).map(([name, value]) =>
      type(`export ${name}=${shellWord(value)}`),
    ),
    type(backup('list', LAB_REPOSITORY)),
    type(backup('show', LAB_REPOSITORY, subtree, '--at', 'latest', '--history', '--below')),
    type(backup('show', LAB_REPOSITORY, subtree, ...before)),
    type(
      backup(
        ...['restore', LAB_REPOSITORY, subtree, `${place.connectString}${mistake.path}-then`],
        ...[...before, '--execute'],
      ),
    ),
    type(backup('verify', LAB_REPOSITORY)),
    type(
      command([
        'run',
        'backup',
        '--ensemble',
        ensemble,
        '--repository',
        LAB_REPOSITORY,
        '--detach',
      ]),
    ),
    type(command(['status'])),
    `  stop it all (${count(servers, 'server')}, Temporal, worker)`,
    type(command(['lab', 'down', ensemble])),
  ].join('\n');
}
