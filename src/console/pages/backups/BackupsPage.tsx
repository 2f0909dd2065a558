/** What a repository holds: which moments can be restored, when that was last proven, and what happened to a path. */
import { NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { backupsQuery, repositoriesQuery } from '../../api/queries';
import type { Backups } from '../../api/types';
import { bytesText } from '../../format/values';
import { Badge } from '../../parts/Badge';
import { Loaded } from '../../parts/Loaded';
import { PageHead, Panel } from '../../parts/PageHead';
import { Table } from '../../parts/Table';
import { Time } from '../../parts/Time';
import { PathHistory } from './PathHistory';
import { PointInTime, type Moment } from './PointInTime';
import { Timeline } from './Timeline';

export function BackupsPage() {
  const [search, setSearch] = useSearchParams();
  const repositories = useQuery(repositoriesQuery);
  const repository = search.get('repository') ?? repositories.data?.items[0]?.name ?? '';
  return (
    <>
      <PageHead title="Backups" />
      <Loaded query={repositories} what="the repositories">
        {({ items }) =>
          items.length === 0 ? (
            <p className="dim">The inventory names no repository.</p>
          ) : (
            <>
              <div className="filters">
                <NativeSelect
                  label="Repository"
                  value={repository}
                  onChange={({ currentTarget }) => setSearch({ repository: currentTarget.value })}
                  data={items.map(({ name }) => name)}
                />
              </div>
              <Repository key={repository} repository={repository} />
            </>
          )
        }
      </Loaded>
    </>
  );
}

function Repository({ repository }: { repository: string }) {
  const backups = useQuery(backupsQuery(repository));
  const [moment, setMoment] = useState<Moment>({ by: 'latest', value: '' });
  return (
    <>
      <Loaded query={backups} what="what it holds">
        {(held) => (
          <>
            <Held held={held} onPick={setMoment} />
            <PointInTime repository={repository} held={held} moment={moment} onChange={setMoment} />
          </>
        )}
      </Loaded>
      <PathHistory
        repository={repository}
        onPick={(zxid) => setMoment({ by: 'zxid', value: zxid })}
      />
    </>
  );
}

function Held({ held, onPick }: { held: Backups; onPick: (moment: Moment) => void }) {
  const { bases, covered, holes, lastDrill } = held;
  return (
    <Panel title="What can be restored">
      <p>
        {lastDrill === undefined ? (
          <Badge tone="wait">never proven</Badge>
        ) : (
          <Badge tone={lastDrill.ok ? 'good' : 'bad'}>
            {lastDrill.ok ? 'restore proven' : 'last restore failed'}
          </Badge>
        )}{' '}
        {lastDrill === undefined ? (
          'A backup counts as good only once a drill restored it: start verify backup.'
        ) : (
          <>
            <Time at={lastDrill.at} /> {lastDrill.detail}
          </>
        )}
      </p>
      <Timeline held={held} />
      <div className="stack">
        <Table<Backups['covered'][number]>
          label="Ranges that every transaction is kept of"
          items={covered}
          keyOf={({ fromZxid }) => fromZxid}
          empty="No transactions are kept: only the bases themselves can be restored."
          columns={[
            { title: 'From', cell: ({ fromTime }) => <Time at={fromTime} /> },
            { title: 'zxid', cell: ({ fromZxid }) => <code>{fromZxid}</code> },
            { title: 'To', cell: ({ toTime }) => <Time at={toTime} /> },
            { title: 'zxid ', cell: ({ toZxid }) => <code>{toZxid}</code> },
          ]}
        />
        {holes.length > 0 && (
          <div className="notice notice-warning">
            ! Holes, in which no moment can be restored:
            <ul>
              {holes.map(({ fromZxid, toZxid }) => (
                <li key={fromZxid}>
                  <code>{fromZxid}</code> to <code>{toZxid}</code>
                </li>
              ))}
            </ul>
          </div>
        )}
        <Table<Backups['bases'][number]>
          label="Bases"
          items={[...bases].reverse()}
          keyOf={({ id }) => id}
          empty="There is no base yet: nothing can be restored."
          columns={[
            { title: 'Base', cell: ({ at }) => <Time at={at} /> },
            { title: 'zxid', cell: ({ zxid }) => <code>{zxid}</code> },
            { title: 'Size', numeric: true, cell: ({ bytes }) => bytesText(bytes) },
            { title: 'Read by', cell: ({ source }) => source ?? '–' },
            {
              title: 'Last drill',
              cell: ({ lastDrill: drill }) =>
                drill === undefined ? (
                  '–'
                ) : (
                  <span title={drill.detail}>
                    {drill.ok ? '✓' : '✕ failed,'} <Time at={drill.at} />
                  </span>
                ),
            },
            {
              title: 'Restore',
              cell: ({ zxid }) => (
                <button
                  type="button"
                  className="link-button"
                  aria-label={`Choose ${zxid} to restore`}
                  onClick={() => onPick({ by: 'zxid', value: zxid })}
                >
                  choose
                </button>
              ),
            },
          ]}
        />
      </div>
    </Panel>
  );
}
