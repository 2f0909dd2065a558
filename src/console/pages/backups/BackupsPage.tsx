/** What a repository holds: which moments can be restored, when that was last proven, and what happened to a path. */
import { NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { backupsQuery, repositoriesQuery } from '../../api/queries';
import type { EnsembleBackups } from '../../api/types';
import { useMay } from '../../app/session';
import { Loaded } from '../../parts/Loaded';
import { PageHead } from '../../parts/PageHead';
import { Held } from './Held';
import { PathHistory } from './PathHistory';
import { LATEST, type Moment } from './moment';
import { PointInTime } from './PointInTime';

export function BackupsPage() {
  const [search, setSearch] = useSearchParams();
  const repositories = useQuery(repositoriesQuery);
  const repository = search.get('repository') ?? repositories.data?.items[0]?.name ?? '';
  const choose = (name: string, value: string) =>
    setSearch((before) => {
      const next = new URLSearchParams(before);
      // Another repository holds others.
      if (name === 'repository') next.delete('ensemble');
      next.delete('timeline');
      next.set(name, value);
      return next;
    });
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
                  onChange={({ currentTarget }) => choose('repository', currentTarget.value)}
                  data={items.map(({ name }) => name)}
                />
              </div>
              <Repository
                key={repository}
                repository={repository}
                ensemble={search.get('ensemble')}
                timeline={search.get('timeline')}
                choose={choose}
              />
            </>
          )
        }
      </Loaded>
    </>
  );
}

function Repository({
  repository,
  ensemble,
  timeline,
  choose,
}: {
  repository: string;
  ensemble: string | null;
  timeline: string | null;
  choose: (name: string, value: string) => void;
}) {
  const backups = useQuery(backupsQuery(repository));
  return (
    <Loaded query={backups} what="what it holds">
      {({ place, items }) => {
        const held = items.find((one) => one.ensemble === ensemble) ?? items[0];
        if (held === undefined)
          return (
            <p>
              <code>{place}</code> holds nothing of an ensemble that you may see: start hot backup.
            </p>
          );
        const newest = held.timelines.at(-1)?.number ?? 1;
        const number = Number(timeline ?? newest);
        return (
          <>
            <div className="filters">
              <NativeSelect
                label="Ensemble"
                value={held.ensemble}
                onChange={({ currentTarget }) => choose('ensemble', currentTarget.value)}
                data={items.map((one) => one.ensemble)}
              />
              {held.timelines.length > 1 && (
                <NativeSelect
                  label="Timeline"
                  value={String(number)}
                  onChange={({ currentTarget }) => choose('timeline', currentTarget.value)}
                  data={held.timelines.map((one) => ({
                    value: String(one.number),
                    label: one.number === newest ? `${one.number}, the newest` : `${one.number}`,
                  }))}
                />
              )}
              <span className="dim">
                in <code>{place}</code>
              </span>
            </div>
            <OfEnsemble
              key={`${held.ensemble} ${number}`}
              repository={repository}
              held={held}
              number={number}
              isNewest={number === newest}
            />
          </>
        );
      }}
    </Loaded>
  );
}

function OfEnsemble({
  repository,
  held,
  number,
  isNewest,
}: {
  repository: string;
  held: EnsembleBackups;
  number: number;
  isNewest: boolean;
}) {
  const { ensemble, lastDrill } = held;
  const isOperator = useMay('operator', ensemble);
  const [moment, setMoment] = useState<Moment>(LATEST);
  const timeline = held.timelines.find((one) => one.number === number);
  if (timeline === undefined) return <p className="dim">It has no timeline {number}.</p>;
  return (
    <>
      <Held timeline={timeline} lastDrill={lastDrill} onPick={isOperator ? setMoment : undefined} />
      {isOperator && (
        <>
          <PointInTime
            repository={repository}
            ensemble={ensemble}
            timeline={timeline}
            isNewest={isNewest}
            moment={moment}
            onChange={setMoment}
          />
          <PathHistory repository={repository} ensemble={ensemble} onPick={setMoment} />
        </>
      )}
    </>
  );
}
