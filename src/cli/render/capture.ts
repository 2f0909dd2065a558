/** How far behind a hot backup is, and what it has. */
import type { CaptureStatus } from '../../model/status';
import type { Colors } from '../output';
import { bytesText, count, duration, instant } from './text';

export function captureLines(capture: CaptureStatus, colors: Colors): string[] {
  const label = (text: string) => colors.dim(text.padEnd(12));
  const { lag, lastBase, lastDrill } = capture;
  const lines = [
    `${label('repository')}${capture.repository}`,
    `${label('captured')}${capture.durableUpTo === undefined ? 'nothing yet' : `up to ${capture.durableUpTo}`}${lag ? `, ${lagText(lag)}` : ''}`,
    `${label('')}${capture.state}${capture.leader ? ` from ${capture.leader}` : ''}${capture.at ? `, told ${instant(capture.at)}` : ''}`,
  ];
  if (capture.source !== undefined)
    lines.push(
      `${label('read from')}${capture.source === 'stream' ? 'the quorum port' : "a server's own files"}; lost with the ensemble would be ${capture.rpo}`,
    );
  if (capture.txns !== undefined)
    lines.push(
      `${label('since begun')}${count(capture.txns, 'transaction')}, ${bytesText(capture.plainBytes ?? 0)} as ${bytesText(capture.storedBytes ?? 0)} in ${count(capture.segments ?? 0, 'segment')}`,
    );
  if (capture.spooledBytes)
    lines.push(`${label('waiting')}${bytesText(capture.spooledBytes)} on the worker's disk`);
  lines.push(
    `${label('last base')}${lastBase ? `${lastBase.usableFrom}, ${instant(lastBase.takenAt)}, ${bytesText(lastBase.bytes)}${lastBase.nodes === undefined ? '' : `, ${count(lastBase.nodes, 'znode')}`}` : 'none yet'}${capture.storingBase ? '; one is being stored' : ''}`,
    `${label('last drill')}${lastDrill ? `${lastDrill.ok ? colors.green('restored') : colors.red('failed')} ${lastDrill.zxid}, ${instant(lastDrill.at)}` : colors.yellow('none: a backup counts once it was restored')}`,
  );
  if (capture.holes)
    lines.push(
      `${label('holes')}${colors.red(String(capture.holes))}, the last one ${capture.lastHole}`,
    );
  if (capture.trouble) lines.push(`${label('trouble')}${colors.red(capture.trouble)}`);
  return lines;
}

function lagText({ txns, ms, p50Ms, p99Ms }: NonNullable<CaptureStatus['lag']>): string {
  const usual = p50Ms === undefined ? '' : ` (half within ${p50Ms} ms, 99% within ${p99Ms} ms)`;
  return `${count(txns, 'transaction')} and ${duration(ms)} behind${usual}`;
}
