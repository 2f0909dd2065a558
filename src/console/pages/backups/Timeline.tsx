/** Which moments can be restored, drawn over time; ranges without times are in the table alone. */
import type { Backups } from '../../api/types';
import { timeText, zxidValue } from '../../format/values';

const WIDTH = 1_200;
const BAND = { y: 34, height: 24 };

interface Span {
  fromMs: number;
  toMs: number;
}

const spansOf = ({ covered }: Backups): (Span & { fromZxid: string; toZxid: string })[] =>
  covered
    .map(({ fromTime, toTime, ...zxids }) => ({
      ...zxids,
      fromMs: Date.parse(fromTime ?? ''),
      toMs: Date.parse(toTime ?? ''),
    }))
    .filter(({ fromMs, toMs }) => !Number.isNaN(fromMs) && !Number.isNaN(toMs));

/** Holes have no times of their own: they lie between the ranges around them. */
function holesOf({ holes }: Backups, spans: ReturnType<typeof spansOf>): Span[] {
  return holes.flatMap(({ fromZxid, toZxid }) => {
    const before = spans.filter((span) => zxidValue(span.toZxid) < zxidValue(fromZxid)).at(-1);
    const after = spans.find((span) => zxidValue(span.fromZxid) > zxidValue(toZxid));
    return before && after ? [{ fromMs: before.toMs, toMs: after.fromMs }] : [];
  });
}

export function Timeline({ held }: { held: Backups }) {
  const spans = spansOf(held);
  const bases = held.bases.map(({ at }) => Date.parse(at)).filter((ms) => !Number.isNaN(ms));
  const all = [...spans.flatMap(({ fromMs, toMs }) => [fromMs, toMs]), ...bases];
  if (all.length === 0) return null;
  const from = Math.min(...all);
  const to = Math.max(...all, from + 1_000);
  const x = (ms: number) => 10 + ((ms - from) / (to - from)) * (WIDTH - 20);
  const middle = from + (to - from) / 2;
  return (
    <div className="timeline-wrap">
      <svg
        className="timeline"
        role="img"
        aria-label={`${bases.length} bases and ${spans.length} covered ranges from ${timeText(new Date(from).toISOString())} to ${timeText(new Date(to).toISOString())}, ${held.holes.length} holes; the tables below say the same`}
        viewBox={`0 0 ${WIDTH} 96`}
      >
        <text x="10" y="12">
          ▲ base · ▬ every transaction kept · ┄ hole
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
        {holesOf(held, spans).map(({ fromMs, toMs }) => (
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
            {timeText(new Date(ms).toISOString())}
          </text>
        ))}
      </svg>
    </div>
  );
}
