/** How far behind a hot backup is, and what it has. */
import type { CaptureStatus } from '../../model/status';
import { keepsBasesOnly } from '../../model/backupInputs';
import { READ_FROM } from '../../planning/backup/rpo';
import type { Colors } from '../output';
import { bytesText, count, duration, instant } from './text';

export function captureLines(capture: CaptureStatus, colors: Colors): string[] {
  const label = (text: string) => colors.dim(text.padEnd(12));
  const { lag, lastBase, lastDrill, source } = capture;
  const isIdle = capture.state === 'idle';
  const told = capture.at === undefined ? '' : instant(capture.at);
  const basesOnly = source !== undefined && keepsBasesOnly(source);
  const lines = [
    `${label('repository')}${capture.repository}`,
    ...(isIdle
      ? [
          `${label('capture')}${colors.yellow('idle: nothing is captured now')}${told && `; all below is as of ${told}`}`,
        ]
      : []),
    `${label('captured')}${capture.durableUpTo === undefined ? 'nothing yet' : `up to ${capture.durableUpTo}`}${lag && !basesOnly ? `, ${lagText(lag)}` : ''}`,
    ...(isIdle
      ? []
      : [
          `${label('')}${capture.state}${capture.leader ? ` from ${capture.leader}` : ''}${told && `, told ${told}`}`,
        ]),
  ];
  if (source !== undefined)
    lines.push(
      `${label('read from')}${READ_FROM[source]}; lost with the ensemble would be ${capture.rpo}`,
    );
  if (capture.txns !== undefined && !basesOnly && !isIdle)
    lines.push(
      `${label('since begun')}${count(capture.txns, 'transaction')}, ${bytesText(capture.plainBytes ?? 0)} as ${bytesText(capture.storedBytes ?? 0)} in ${count(capture.segments ?? 0, 'segment')}`,
    );
  if (capture.spooledBytes)
    lines.push(`${label('waiting')}${bytesText(capture.spooledBytes)} on the worker's disk`);
  lines.push(
    `${label('last base')}${lastBase ? `${lastBase.usableFrom}${lastBase.readFrom === undefined ? '' : ` (read from ${lastBase.readFrom} on)`}, ${instant(lastBase.takenAt)}, ${bytesText(lastBase.bytes)}${lastBase.nodes === undefined ? '' : `, ${count(lastBase.nodes, 'znode')}`}` : 'none yet'}${capture.storingBase ? '; one is being stored' : ''}`,
    `${label('last drill')}${lastDrill ? drillText(lastDrill, colors) : colors.yellow('none: a backup counts once it was restored')}`,
  );
  if (capture.nextBaseAt !== undefined)
    lines.push(`${label('next base')}${instant(capture.nextBaseAt)}`);
  if (capture.holes)
    lines.push(
      `${label('holes')}${basesOnly ? capture.holes : colors.red(String(capture.holes))}, the last one ${capture.lastHole}`,
    );
  if (capture.trouble) lines.push(`${label('trouble')}${colors.red(capture.trouble)}`);
  return lines;
}

/** Of a drill's own run, which captures nothing. */
export function drillRunLines({ repository, lastDrill }: CaptureStatus, colors: Colors): string[] {
  const label = (text: string) => colors.dim(text.padEnd(12));
  return [
    `${label('repository')}${repository}`,
    `${label('drill')}${lastDrill ? drillText(lastDrill, colors) : 'not over yet'}`,
  ];
}

const drillText = (
  { ok, zxid, at }: NonNullable<CaptureStatus['lastDrill']>,
  colors: Colors,
): string => `${ok ? colors.green('restored') : colors.red('failed')} ${zxid}, ${instant(at)}`;

function lagText({ txns, ms, p50Ms, p99Ms }: NonNullable<CaptureStatus['lag']>): string {
  const usual = p50Ms === undefined ? '' : ` (half within ${p50Ms} ms, 99% within ${p99Ms} ms)`;
  return `${count(txns, 'transaction')} and ${duration(ms)} behind${usual}`;
}
