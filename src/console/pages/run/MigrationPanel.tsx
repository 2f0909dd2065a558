/** Where a migration stands: who takes the writes, and how far what goes on beside the steps has come. */
import type { ReactNode } from 'react';
import { leadingText } from '../../../model/leadingText';
import type { BesideReport, ClosedServer, MigrationStatus } from '../../../model/status';
import { durationText } from '../../format/values';
import { Badge } from '../../parts/Badge';
import { Facts } from '../../parts/Facts';
import { Panel } from '../../parts/PageHead';
import { Table } from '../../parts/Table';
import { Time } from '../../parts/Time';
import { ReadinessView } from './ReadinessView';

export function MigrationPanel({ migration }: { migration: MigrationStatus }) {
  const {
    mode,
    source,
    target,
    serving,
    writes = 'taken',
    fencedAt,
    openedAt,
    verified,
  } = migration;
  const serves = (side: 'source' | 'target') => writes === 'taken' && serving === side;
  const mark = migration.leading === undefined ? '★ writes go here' : '★ open';
  const outages = migration.outages ?? [];
  return (
    <Panel title={`Migration, ${mode}`}>
      <div className="sides" role="img" aria-label={sidesText(migration)}>
        <span className={serves('source') ? 'side side-serving' : 'side'}>
          {serves('source') ? mark : 'source'}
          <strong>{source}</strong>
        </span>
        <span className="side-arrow">→</span>
        <span className={serves('target') ? 'side side-serving' : 'side'}>
          {serves('target') ? mark : 'target'}
          <strong>{target}</strong>
        </span>
      </div>
      {writes === 'taken' && migration.leading !== undefined && <p>{sidesText(migration)}</p>}
      {writes !== 'taken' && (
        <p role="status" className="notice notice-warning">
          ! {sidesText(migration)}
        </p>
      )}
      <Facts
        facts={[
          ['Nobody can write for, as planned', durationText(migration.expectedOutageMs)],
          fencedAt !== undefined && ['Closed', <Time key="f" at={fencedAt} />],
          openedAt !== undefined && ['Open', <Time key="o" at={openedAt} />],
          ...outages.map(({ closedAt, openedAt: until }, index): [string, ReactNode] => [
            until === undefined ? 'Nobody serves since' : 'Nobody could write for',
            until === undefined ? (
              <Time key={`o${index}`} at={closedAt} />
            ) : (
              durationText(Date.parse(until) - Date.parse(closedAt))
            ),
          ]),
          verified && [
            'Compared',
            <span key="v">
              <Time at={verified.at} />: {verified.detail}
            </span>,
          ],
        ]}
      />
      {(migration.leftOut ?? []).map(({ side, server, why, byHand, startByHand }) => (
        <p key={`${side} ${server}`}>
          <strong>{server}</strong> was left out ({why}): {byHand}
          {startByHand !== undefined && (
            <>
              : <code>{startByHand}</code>
            </>
          )}
        </p>
      ))}
      {migration.closed !== undefined && (
        <Table<ClosedServer>
          label="Closed to clients"
          items={migration.closed}
          keyOf={({ side, server }) => `${side} ${server}`}
          empty=""
          columns={[
            { title: 'Server', cell: ({ server }) => server },
            {
              title: 'To open it by hand, as root there',
              cell: ({ openByHand }) => <code>{openByHand}</code>,
            },
          ]}
        />
      )}
      <Table<[string, BesideReport]>
        label="Beside the steps"
        items={Object.entries(migration.beside)}
        keyOf={([name]) => name}
        empty="Nothing goes on beside the steps."
        columns={[
          { title: 'What', cell: ([name]) => name },
          {
            title: 'Now',
            cell: ([, { running }]) =>
              running ? <Badge tone="busy">works</Badge> : <Badge tone="plain">rests</Badge>,
          },
          { title: 'Detail', cell: ([, { detail }]) => detail },
          { title: 'Up to', cell: ([, { zxid }]) => (zxid ? <code>{zxid}</code> : '–') },
          {
            title: 'Lag',
            numeric: true,
            cell: ([, { lagMs }]) => (lagMs === undefined ? '–' : durationText(lagMs)),
          },
          { title: 'Told', cell: ([, { at }]) => <Time at={at} /> },
        ]}
      />
      {Object.entries(migration.beside).map(
        ([name, { readiness }]) => readiness && <ReadinessView key={name} readiness={readiness} />,
      )}
    </Panel>
  );
}

function sidesText(migration: MigrationStatus): string {
  const { source, target, serving, writes = 'taken' } = migration;
  const name = serving === 'source' ? source : target;
  return {
    taken: leadingText(migration) ?? `Writes go to the ${serving}, ${name}`,
    closing: `${name} is being closed: some servers may refuse already`,
    refused: 'Nobody serves',
    opening: `${name} is being opened, and is not proven to serve yet`,
  }[writes];
}
