/** Values over time, drawn by uPlot; what the newest says stands beside it as text. */
import { useEffect, useRef } from 'react';
import uPlot from 'uplot';
import { clockText, durationText } from '../format/values';
import type { Series } from './series';

const HEIGHT_PX = 180;
const SHORTEST_SPAN_S = 60;
const COLOURS = ['--line-1', '--line-2', '--line-3', '--line-4'] as const;

/** Values are durations in ms. */
export function TimeSeries({ label, series }: { label: string; series: readonly Series[] }) {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const names = series.map(({ name }) => name).join('\n');

  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const style = () => getComputedStyle(document.documentElement);
    const axis = {
      stroke: () => style().getPropertyValue('--text-dim').trim(),
      grid: { stroke: () => style().getPropertyValue('--border').trim(), width: 1 },
      ticks: { show: false },
    };
    const chart = new uPlot(
      {
        width: element.clientWidth,
        height: HEIGHT_PX,
        cursor: { show: false },
        legend: { show: false },
        tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), 'UTC'),
        scales: {
          x: { range: (_chart, min, max) => [Math.min(min, max - SHORTEST_SPAN_S), max] },
          y: { range: (_chart, _min, max) => [0, Math.max(10, max * 1.1)] },
        },
        axes: [
          {
            ...axis,
            space: 90,
            values: (_chart, ticks) =>
              ticks.map((seconds) => clockText(new Date(seconds * 1_000).toISOString())),
          },
          { ...axis, size: 64, values: (_chart, ticks) => ticks.map((ms) => durationText(ms)) },
        ],
        series: [
          {},
          ...names.split('\n').map((name, index) => ({
            label: name,
            stroke: () =>
              style()
                .getPropertyValue(COLOURS[index % COLOURS.length] ?? COLOURS[0])
                .trim(),
            width: 1.5,
            dash: index === 0 ? undefined : [4 * index, 3],
            spanGaps: true,
            points: { show: false },
          })),
        ],
      },
      [[]],
      element,
    );
    plot.current = chart;
    const observer = new ResizeObserver(() =>
      chart.setSize({ width: element.clientWidth, height: HEIGHT_PX }),
    );
    observer.observe(element);
    const scheme = new MutationObserver(() => chart.redraw());
    scheme.observe(document.documentElement, { attributes: true });
    return () => {
      scheme.disconnect();
      observer.disconnect();
      chart.destroy();
      plot.current = undefined;
    };
  }, [names]);

  useEffect(() => {
    const aligned = uPlot.join(
      series.map(({ points }) => [
        points.map(({ atMs }) => atMs / 1_000),
        points.map(({ value }) => value),
      ]),
    );
    plot.current?.setData(aligned);
  }, [series, names]);

  const newest = series.map(({ name, points }) => {
    const last = points.at(-1);
    return { name, text: last === undefined ? 'nothing yet' : durationText(last.value) };
  });
  return (
    <figure className="chart">
      <figcaption>
        {newest.map(({ name, text }, index) => (
          <span key={name} className={`legend legend-${(index % COLOURS.length) + 1}`}>
            <span aria-hidden="true" className="legend-line" /> {name}: <strong>{text}</strong>
          </span>
        ))}
      </figcaption>
      <div
        ref={place}
        role="img"
        aria-label={`${label}: ${newest.map(({ name, text }) => `${name} now ${text}`).join(', ')}`}
      />
    </figure>
  );
}
