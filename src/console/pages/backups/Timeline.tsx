/** Which moments can be restored, drawn over time. */
import type { BackupTimeline } from '../../api/types';
import { timeText, zxidValue } from '../../format/values';

const WIDTH = 1_200;
const BAND = { y: 34, height: 24 };

/** Of a stretch so short, seconds would say the same three times. */
const SHORT_MS = 10_000;

/** They lie between the ranges around them: of a hole only its zxids are known. */
function holesBetween({ holes, restorable }: BackupTimeline): { fromMs: number; toMs: number }[] {
  return holes.flatMap(({ after, upTo }) => {
    const before = restorable.filter(({ to }) => zxidValue(to) <= zxidValue(after)).at(-1);
    const next = restorable.find(({ from }) => zxidValue(from) >= zxidValue(upTo));
    return before && next ? [{ fromMs: before.toMs, toMs: next.fromMs }] : [];
  });
}

export function Timeline({ timeline }: { timeline: BackupTimeline }) {
  const { restorable: spans, holes } = timeline;
  const bases = timeline.bases.map(({ takenAt }) => Date.parse(takenAt));
  const all = [...spans.flatMap(({ fromMs, toMs }) => [fromMs, toMs]), ...bases];
  if (all.length === 0) return null;
  const from = Math.min(...all);
  const to = Math.max(...all, from + 1_000);
  const x = (ms: number) => 10 + ((ms - from) / (to - from)) * (WIDTH - 20);
  const middle = from + (to - from) / 2;
  const tick = (ms: number) => {
    const iso = new Date(ms).toISOString();
    return to - from < SHORT_MS ? `${timeText(iso)}${iso.slice(19, 23)}` : timeText(iso);
  };
  return (
    <div className="timeline-wrap">
      <svg
        className="timeline"
        role="img"
        aria-label={`${bases.length} bases and ${spans.length} restorable ranges from ${timeText(new Date(from).toISOString())} to ${timeText(new Date(to).toISOString())}, ${holes.length} holes; the tables below say the same`}
        viewBox={`0 0 ${WIDTH} 96`}
      >
        <text x="10" y="12">
          ▲ base · ▬ every moment can be restored · ┄ hole
        </text>
        {spans.map(({ fromMs, toMs }) => (
          <rect
            key={fromMs}
            className="timeline-covered"
            x={x(fromMs)}
            y={BAND.y}
            width={Math.max(2, x(toMs) - x(fromMs))}
            height={BAND.height}
          />
        ))}
        {holesBetween(timeline).map(({ fromMs, toMs }) => (
          <rect
            key={fromMs}
            className="timeline-hole"
            x={x(fromMs)}
            y={BAND.y}
            width={Math.max(4, x(toMs) - x(fromMs))}
            height={BAND.height}
          />
        ))}
        {bases.map((ms, index) => (
          <path
            key={index}
            className="timeline-base"
            d={`M${x(ms) - 5} ${BAND.y + BAND.height + 13} l5 -9 l5 9 z`}
          />
        ))}
        {[from, middle, to].map((ms, index) => (
          <text
            key={index}
            x={x(ms)}
            y={90}
            textAnchor={index === 0 ? 'start' : index === 1 ? 'middle' : 'end'}
          >
            {tick(ms)}
          </text>
        ))}
      </svg>
    </div>
  );
}
