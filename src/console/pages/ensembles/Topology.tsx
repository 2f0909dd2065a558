/** The ensemble drawn: the leader above, who follows it below, with a line where a server takes part. */
import type { EnsembleItem, Health, ServerHealth } from '../../api/types';
import { wordsOf } from '../../format/values';

const BOX = { width: 150, height: 58, gap: 18 };
const ROW_PX = 104;
const PER_ROW = 7;

interface Placed {
  server: ServerHealth;
  isSpare: boolean;
  x: number;
  y: number;
}

function place(health: Health, item: EnsembleItem | undefined): { boxes: Placed[]; width: number } {
  const spares = new Set(item?.servers.filter(({ spare }) => spare).map(({ name }) => name));
  const leads = ({ server }: ServerHealth) => server === health.leader;
  const others = health.servers.filter((server) => !leads(server));
  const rows = [health.servers.filter(leads)].filter(({ length }) => length > 0);
  for (let at = 0; at < others.length; at += PER_ROW) rows.push(others.slice(at, at + PER_ROW));
  const widest = Math.max(1, ...rows.map(({ length }) => length));
  const width = widest * (BOX.width + BOX.gap) - BOX.gap + 4;
  return {
    width,
    boxes: rows.flatMap((row, y) =>
      row.map((server, index) => ({
        server,
        isSpare: spares.has(server.server),
        x:
          width / 2 -
          (row.length * (BOX.width + BOX.gap) - BOX.gap) / 2 +
          index * (BOX.width + BOX.gap),
        y: y * ROW_PX + 2,
      })),
    ),
  };
}

const says = ({ server, state, role, version }: ServerHealth): string =>
  `${server} ${role ?? ''} ${version ?? ''} ${wordsOf(state)}`.replace(/\s+/g, ' ');

export function Topology({
  ensemble,
  health,
  item,
}: {
  ensemble: string;
  health: Health;
  item: EnsembleItem | undefined;
}) {
  const { boxes, width } = place(health, item);
  const leader = boxes.find(({ server }) => server.server === health.leader);
  const height = Math.max(...boxes.map(({ y }) => y)) + BOX.height + 2;
  return (
    <div className="topology">
      <svg
        role="img"
        aria-label={`Servers of ${ensemble}: ${health.servers.map(says).join('; ')}`}
        viewBox={`0 0 ${width} ${height}`}
        width={width}
        height={height}
      >
        {leader &&
          boxes
            .filter(({ server }) => server !== leader.server && server.state === 'serving')
            .map(({ server, x, y }) => (
              <line
                key={server.server}
                className={server.role === 'observer' ? 'link link-observer' : 'link'}
                x1={leader.x + BOX.width / 2}
                y1={leader.y + BOX.height}
                x2={x + BOX.width / 2}
                y2={y}
              />
            ))}
        {boxes.map(({ server, isSpare, x, y }) => (
          <g
            key={server.server}
            transform={`translate(${x} ${y})`}
            className={`box box-${isSpare && server.state !== 'serving' ? 'spare' : server.state} ${server.role === 'leader' ? 'box-leader' : ''}`}
          >
            <rect width={BOX.width} height={BOX.height} rx="4" />
            <text x="10" y="22" className="box-name">
              {server.role === 'leader' ? '★ ' : ''}
              {server.server}
            </text>
            <text x={BOX.width - 10} y="22" textAnchor="end">
              {server.version ?? ''}
            </text>
            <text x="10" y="44">
              {server.state === 'serving'
                ? (server.role ?? 'serving')
                : isSpare
                  ? 'spare'
                  : `✕ ${wordsOf(server.state)}`}
            </text>
            <text x={BOX.width - 10} y="44" textAnchor="end" className="box-dim">
              {server.zxid ?? ''}
            </text>
          </g>
        ))}
      </svg>
    </div>
  );
}
