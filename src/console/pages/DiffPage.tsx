/** Two places, compared znode by znode. */
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { ApiError, request } from '../api/client';
import { diffQuery, ensemblesQuery } from '../api/queries';
import type { Diff, DiffPlace, Difference } from '../api/types';
import { bytesOf, utf8Of } from '../format/bytes';
import { countText, wordsOf } from '../format/values';
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
        className="place-ensemble"
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

function Found({ diff }: { diff: Diff }) {
  const { state, progress, equal, count = 0, differences, truncated, error } = diff;
  if (state === 'failed')
    return (
      <p role="alert" className="notice notice-error">
        ✕ The comparison failed: {error ?? 'no reason given'}
      </p>
    );
  if (state === 'running')
    return (
      <div className="progress" role="status">
        <progress aria-label="Znodes compared" />
        <span>{countText(progress.done)} znodes read</span>
      </div>
    );
  return (
    <Panel title="Differences">
      <p role="status" className={equal ? 'notice notice-good' : 'notice notice-warning'}>
        {equal
          ? '✓ Both sides are equal.'
          : `! ${countText(count)} ${count === 1 ? 'difference' : 'differences'}.`}
      </p>
      {truncated && (
        <p>
          These are the first {countText(differences.length)}. <code>zkferry diff --json</code>{' '}
          prints all.
        </p>
      )}
      {differences.length > 0 && (
        <Table<Difference>
          label="Differences"
          items={differences}
          keyOf={({ path, kind }, index) => `${path} ${kind} ${index}`}
          columns={[
            { title: 'Path', cell: ({ path }) => <code>{path}</code> },
            { title: 'What differs', cell: kindText },
            { title: 'Left', cell: ({ source }) => <Side side={source} /> },
            { title: 'Right', cell: ({ target }) => <Side side={target} /> },
          ]}
        />
      )}
    </Panel>
  );
}

const kindText = ({ kind, fields = [] }: Difference): string => {
  if (kind === 'onlyInSource') return 'only on the left';
  if (kind === 'onlyInTarget') return 'only on the right';
  return fields.map(wordsOf).join(', ');
};

function Side({ side = {} }: { side: Difference['source'] }) {
  const fields = Object.entries(side);
  if (fields.length === 0) return <>–</>;
  return (
    <div className="diff-cell mono">
      {fields.map(([field, value]) => (
        <div key={field}>
          {fields.length > 1 && `${wordsOf(field)}: `}
          {field === 'data' ? dataText(value) : value}
        </div>
      ))}
    </div>
  );
}

/** Data that are short come as they are, in base64: `5 bytes b25lMg==`. */
function dataText(value: string): string {
  const [, length, base64] = /^(\d+ bytes) ([A-Za-z0-9+/]+=*)$/.exec(value) ?? [];
  const text = base64 === undefined ? undefined : utf8Of(bytesOf(base64));
  return text === undefined ? value : `${length}: ${text}`;
}
