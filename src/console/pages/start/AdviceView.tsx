/** What speaks for and against each way of moving, and what people must change themselves. */
import type { ManualChange, MigrationAdvice, ModeAdvice } from '../../../model/migrationAdvice';
import { durationText } from '../../format/values';
import { Badge } from '../../parts/Badge';
import { Panel } from '../../parts/PageHead';
import { Table } from '../../parts/Table';

const listed = (items: readonly string[]) => (
  <ul>
    {items.map((item) => (
      <li key={item}>{item}</li>
    ))}
  </ul>
);

export function AdviceView({
  advice: { modes, manual, users, unknown },
}: {
  advice: MigrationAdvice;
}) {
  return (
    <Panel title="Advice">
      <Table<ModeAdvice>
        label="Ways of moving"
        items={modes}
        keyOf={({ mode }) => mode}
        columns={[
          { title: 'Mode', cell: ({ mode }) => <strong>{mode}</strong> },
          {
            title: 'Verdict',
            cell: ({ possible, recommended }) =>
              recommended ? (
                <Badge tone="good">recommended</Badge>
              ) : possible ? (
                <Badge tone="plain">possible</Badge>
              ) : (
                <Badge tone="bad">not possible</Badge>
              ),
          },
          {
            title: 'Writes stand still',
            cell: ({ expectedOutageMs }) =>
              expectedOutageMs === undefined ? '–' : durationText(expectedOutageMs),
          },
          { title: 'Keeps', cell: ({ keeps }) => listed(keeps) },
          { title: 'Loses', cell: ({ loses }) => listed(loses) },
          { title: 'Why', cell: ({ reasons, needs }) => listed([...reasons, ...needs]) },
        ]}
      />
      {manual.length > 0 && (
        <>
          <h3 className="phase">To be changed by hand</h3>
          <Table<ManualChange>
            label="To be changed by hand"
            items={manual}
            keyOf={({ what, where }) => `${what} ${where}`}
            columns={[
              { title: 'What', cell: ({ what }) => what },
              { title: 'Where', cell: ({ where }) => where },
              { title: 'Why', cell: ({ why }) => why },
            ]}
          />
        </>
      )}
      {users.map(({ software, root, means }) => (
        <p key={`${software} ${root}`}>
          <strong>{software}</strong> under <code>{root}</code>: {means}
        </p>
      ))}
      {unknown.length > 0 && (
        <>
          <h3 className="phase">Not known</h3>
          {listed(unknown)}
        </>
      )}
    </Panel>
  );
}
