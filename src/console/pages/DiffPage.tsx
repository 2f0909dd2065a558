/** Two places, compared znode by znode. */
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { ApiError, request } from '../api/client';
import { diffQuery, ensemblesQuery } from '../api/queries';
import type { Diff, DiffPlace, Difference } from '../api/types';
import { countText } from '../format/values';
import { Loaded } from '../parts/Loaded';
import { PageHead, Panel } from '../parts/PageHead';
import { pathText, ProblemView } from '../parts/ProblemView';
import { Table } from '../parts/Table';

export function DiffPage() {
  const [search, setSearch] = useSearchParams();
  const id = search.get('id') ?? undefined;
  const ensembles = useQuery(ensemblesQuery);
  const names = ensembles.data?.items.map(({ name }) => name) ?? [];
  const [source, setSource] = useState<DiffPlace>({ ensemble: '', path: '/' });
  const [target, setTarget] = useState<DiffPlace>({ ensemble: '', path: '/' });
  const begin = useMutation({
    mutationFn: () => request<{ id: string }>('POST', '/diffs', { body: { source, target } }),
    onSuccess: (begun) => setSearch({ id: begun.id }),
  });
  const errors = new Map(
    (begin.error instanceof ApiError ? (begin.error.problem.errors ?? []) : []).map(
      ({ path, message }) => [pathText(path), message],
    ),
  );
  const diff = useQuery(diffQuery(id));
  return (
    <>
      <PageHead title="Diff" />
      <form
        className="panel"
        aria-label="What to compare"
        onSubmit={(event) => {
          event.preventDefault();
          begin.mutate();
        }}
      >
        <div className="stack">
          <Place
            name="left"
            field="source"
            place={source}
            onChange={setSource}
            names={names}
            errors={errors}
          />
          <Place
            name="right"
            field="target"
            place={target}
            onChange={setTarget}
            names={names}
            errors={errors}
          />
          <ProblemView error={begin.error} shownElsewhere={(path) => path !== ''} />
          <div>
            <Button
              type="submit"
              size="sm"
              loading={begin.isPending}
              disabled={source.ensemble === '' || target.ensemble === ''}
            >
              Compare
            </Button>
          </div>
        </div>
      </form>
      {id !== undefined && (
        <Loaded query={diff} what="the comparison">
          {(found) => <Found diff={found} />}
        </Loaded>
      )}
    </>
  );
}

function Place({
  name,
  field,
  place,
  onChange,
  names,
  errors,
}: {
  name: string;
  field: string;
  place: DiffPlace;
  onChange: (place: DiffPlace) => void;
  names: readonly string[];
  errors: ReadonlyMap<string, string>;
}) {
  return (
    <div className="links" role="group" aria-label={`The ${name} side`}>
      <NativeSelect
        label={`Ensemble, ${name}`}
        value={place.ensemble}
        error={errors.get(`${field}.ensemble`)}
        onChange={({ currentTarget }) => onChange({ ...place, ensemble: currentTarget.value })}
        data={[{ value: '', label: 'choose…' }, ...names]}
      />
      <TextInput
        className="grow"
        label={`Path, ${name}`}
        value={place.path}
        error={errors.get(`${field}.path`)}
        spellCheck={false}
        onChange={({ currentTarget }) => onChange({ ...place, path: currentTarget.value })}
      />
    </div>
  );
}

const valueText = (value: unknown): string =>
  value === undefined
    ? '–'
    : typeof value === 'string'
      ? value
      : JSON.stringify(value, undefined, 1);

function Found({ diff }: { diff: Diff }) {
  const { state, progress, equal, differences = [], truncated, error } = diff;
  if (state === 'failed')
    return (
      <p role="alert" className="notice notice-error">
        ✕ The comparison failed:{' '}
        {typeof error === 'string' ? error : (error?.message ?? 'no reason given')}
      </p>
    );
  if (state === 'running')
    return (
      <div className="progress" role="status">
        <progress
          aria-label="Znodes compared"
          value={progress?.total === undefined ? undefined : progress.done}
          max={progress?.total}
        />
        <span>
          {countText(progress?.done ?? 0)}
          {progress?.total !== undefined && ` of ${countText(progress.total)}`} znodes compared
        </span>
      </div>
    );
  return (
    <Panel title="Differences">
      <p role="status" className={equal ? 'notice notice-good' : 'notice notice-warning'}>
        {equal
          ? '✓ Both sides are equal.'
          : `! ${countText(differences.length)}${truncated ? ' and more' : ''} differences.`}
      </p>
      {truncated && (
        <p>
          The list is cut off. <code>zkferry diff --json</code> prints all.
        </p>
      )}
      {differences.length > 0 && (
        <Table<Difference>
          label="Differences"
          items={differences}
          keyOf={({ path, kind }, index) => `${path} ${kind} ${index}`}
          columns={[
            { title: 'Path', cell: ({ path }) => <code>{path}</code> },
            { title: 'What differs', cell: ({ kind }) => kind },
            {
              title: 'Left',
              cell: ({ source }) => <div className="diff-cell mono">{valueText(source)}</div>,
            },
            {
              title: 'Right',
              cell: ({ target }) => <div className="diff-cell mono">{valueText(target)}</div>,
            },
          ]}
        />
      )}
    </Panel>
  );
}
