/** Runs, newest first. */
import { NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import { enc, ensemblesQuery, runsQuery, strategiesQuery } from '../api/queries';
import type { RunSummary } from '../api/types';
import { useMay } from '../app/session';
import { durationText, wordsOf } from '../format/values';
import { Badge, runTone } from '../parts/Badge';
import { Loaded } from '../parts/Loaded';
import { PageHead } from '../parts/PageHead';
import { Pager } from '../parts/Pager';
import { Table } from '../parts/Table';
import { Time } from '../parts/Time';
import { useNow } from '../parts/useNow';

const PAGE_SIZE = 25;

export function RunsPage() {
  const [search, setSearch] = useSearchParams();
  const ensemble = search.get('ensemble') ?? '';
  const strategy = search.get('strategy') ?? '';
  /** Cursors of the pages before this one. */
  const [cursors, setCursors] = useState<readonly string[]>([]);
  const runs = useQuery(
    runsQuery({ limit: PAGE_SIZE, cursor: cursors.at(-1), ensemble, strategy }),
  );
  const ensembles = useQuery(ensemblesQuery);
  const strategies = useQuery(strategiesQuery);
  const isOperator = useMay('operator');

  const filter = (name: string, value: string) => {
    setCursors([]);
    setSearch((before) => {
      const next = new URLSearchParams(before);
      if (value === '') next.delete(name);
      else next.set(name, value);
      return next;
    });
  };
  const names = ensembles.data?.items.map(({ name }) => name) ?? [];

  return (
    <>
      <PageHead title="Runs">
        {isOperator && (
          <Link className="button button-primary" to="/start">
            Start a run
          </Link>
        )}
      </PageHead>
      <div className="filters">
        <NativeSelect
          label="Ensemble"
          value={ensemble}
          onChange={({ currentTarget }) => filter('ensemble', currentTarget.value)}
          data={[
            { value: '', label: 'all' },
            ...[...new Set([...names, ...(ensemble === '' ? [] : [ensemble])])],
          ]}
        />
        <NativeSelect
          label="Strategy"
          value={strategy}
          onChange={({ currentTarget }) => filter('strategy', currentTarget.value)}
          data={[
            { value: '', label: 'all' },
            ...(strategies.data?.items ?? []).map(({ workflowType }) => ({
              value: workflowType,
              label: wordsOf(workflowType),
            })),
          ]}
        />
      </div>
      <Loaded query={runs} what="the runs">
        {({ items, nextCursor }) => (
          <>
            <Table<RunSummary>
              label="Runs"
              items={items}
              keyOf={({ runId }) => runId}
              empty="No run matches."
              columns={[
                { title: 'State', cell: (run) => <RunBadge run={run} /> },
                {
                  title: 'Run',
                  cell: ({ workflowId }) => (
                    <Link to={`/runs/${enc(workflowId)}`} className="mono">
                      {workflowId}
                    </Link>
                  ),
                },
                { title: 'Strategy', cell: ({ strategy: type }) => wordsOf(type) },
                { title: 'Ensemble', cell: (run) => run.ensemble ?? '–' },
                {
                  title: 'Phase',
                  cell: ({ phase, closedAt }) => (closedAt ? '–' : (phase ?? '–')),
                },
                { title: 'Started', cell: ({ startedAt }) => <Time at={startedAt} /> },
                {
                  title: 'Took',
                  numeric: true,
                  cell: ({ startedAt, closedAt }) =>
                    closedAt === undefined ? (
                      <SoFar since={startedAt} />
                    ) : (
                      durationText(Date.parse(closedAt) - Date.parse(startedAt))
                    ),
                },
              ]}
            />
            <Pager
              of="runs"
              cursors={cursors}
              onCursors={setCursors}
              nextCursor={nextCursor}
              isWaiting={runs.isPlaceholderData}
            />
          </>
        )}
      </Loaded>
    </>
  );
}

function SoFar({ since }: { since: string }) {
  const now = useNow(true);
  return <>{durationText(Math.max(0, now - Date.parse(since)))} so far</>;
}

export function RunBadge({ run }: { run: RunSummary }) {
  const state = run.outcome ?? run.state ?? run.status.toLowerCase();
  return <Badge tone={runTone(state)}>{wordsOf(state)}</Badge>;
}
