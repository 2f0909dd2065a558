/** What a repository holds: which moments can be restored, when that was last proven, and what happened to a path. */
import { NativeSelect } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { backupsQuery, repositoriesQuery } from '../../api/queries';
import type { Backups, EnsembleBackups } from '../../api/types';
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
                <Choices
                  repository={repository}
                  ensemble={search.get('ensemble')}
                  timeline={search.get('timeline')}
                  choose={choose}
                />
              </div>
              <Repository
                key={repository}
                repository={repository}
                ensemble={search.get('ensemble')}
                timeline={search.get('timeline')}
              />
            </>
          )
        }
      </Loaded>
    </>
  );
}

interface Chosen {
  repository: string;
  ensemble: string | null;
  timeline: string | null;
}

/** What is shown of it; undefined where it holds nothing. */
function heldOf({ items }: Backups, { ensemble, timeline }: Chosen) {
  const held = items.find((one) => one.ensemble === ensemble) ?? items[0];
  if (held === undefined) return undefined;
  const newest = held.timelines.at(-1)?.number ?? 1;
  return { held, newest, number: Number(timeline ?? newest) };
}

/** Beside the repository: which of its ensembles, and which of their histories. */
function Choices({
  choose,
  ...chosen
}: Chosen & { choose: (name: string, value: string) => void }) {
  const { data } = useQuery(backupsQuery(chosen.repository));
  const shown = data && heldOf(data, chosen);
  if (data === undefined || shown === undefined) return null;
  const { held, newest, number } = shown;
  return (
    <>
      <NativeSelect
        label="Ensemble"
        value={held.ensemble}
        onChange={({ currentTarget }) => choose('ensemble', currentTarget.value)}
        data={data.items.map((one) => one.ensemble)}
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
        in <code>{data.place}</code>
      </span>
    </>
  );
}

function Repository(chosen: Chosen) {
  const { repository } = chosen;
  const backups = useQuery(backupsQuery(repository));
  return (
    <Loaded query={backups} what="what it holds">
      {(data) => {
        const shown = heldOf(data, chosen);
        if (shown === undefined)
          return (
            <p>
              <code>{data.place}</code> holds nothing of an ensemble that you may see: start hot
              backup.
            </p>
          );
        const { held, newest, number } = shown;
        return (
          <OfEnsemble
            key={`${held.ensemble} ${number}`}
            repository={repository}
            held={held}
            number={number}
            isNewest={number === newest}
          />
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
