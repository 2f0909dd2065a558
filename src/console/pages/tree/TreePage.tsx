/** The tree of an ensemble: where one is on the left, what is there on the right. */
import { Button, TextInput } from '@mantine/core';
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { Link, useParams, useSearchParams } from 'react-router';
import { onRecovered } from '../../api/connection';
import { enc, fetchChildren } from '../../api/queries';
import { countText } from '../../format/values';
import { PageHead } from '../../parts/PageHead';
import { NodePanel } from './NodePanel';
import { joinPath, parentOf, TreeStore } from './treeStore';
import { TreeView } from './TreeView';

export function TreePage() {
  const { ensemble = '' } = useParams();
  const [search, setSearch] = useSearchParams();
  const path = search.get('path') ?? '/';
  const store = useMemo(() => new TreeStore((query) => fetchChildren(ensemble, query)), [ensemble]);
  const select = (next: string) => setSearch({ path: next }, { replace: true });

  useEffect(() => {
    store.open('/');
    // What is above the path that the address names.
    const names = parentOf(path).split('/').filter(Boolean);
    names.reduce((above, name) => {
      const here = joinPath(above, name);
      store.open(here);
      return here;
    }, '/');
    return onRecovered(() => store.retry());
    // Only once: later the person opens and closes.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [store]);

  return (
    <>
      <PageHead title={`Tree of ${ensemble}`}>
        <Link className="button" to={`/ensembles/${enc(ensemble)}`}>
          Ensemble
        </Link>
      </PageHead>
      <div className="tree-columns">
        <section className="panel tree-side" aria-label="Znodes">
          <Filter key={path} store={store} path={path} />
          <TreeView
            store={store}
            label={`Znodes of ${ensemble}`}
            selected={path}
            onSelect={select}
          />
        </section>
        <section className="panel" aria-label="Znode">
          <NodePanel
            key={path}
            ensemble={ensemble}
            path={path}
            onCreated={(created) => {
              store.refresh(path);
              store.open(path);
              select(created);
            }}
            onDeleted={() => {
              store.refresh(parentOf(path));
              select(parentOf(path));
            }}
          />
        </section>
      </div>
    </>
  );
}

function Filter({ store, path }: { store: TreeStore; path: string }) {
  useSyncExternalStore(store.subscribe, store.version);
  const [text, setText] = useState(store.filterOf(path));
  const applied = store.filterOf(path);
  const total = store.totalOf(path);
  return (
    <form
      className="row"
      onSubmit={(event) => {
        event.preventDefault();
        store.filter(path, text.trim());
      }}
    >
      <TextInput
        label={`Names under ${path} that contain`}
        description={
          applied === ''
            ? 'Choose a znode, write a part of a name, press Enter'
            : `“${applied}”: ${countText(total ?? 0)} of its children`
        }
        value={text}
        onChange={({ currentTarget }) => setText(currentTarget.value)}
      />
      <Button type="submit" size="sm" variant="default">
        Filter
      </Button>
      {applied !== '' && (
        <Button
          size="sm"
          variant="default"
          onClick={() => {
            setText('');
            store.filter(path, '');
          }}
        >
          All
        </Button>
      )}
    </form>
  );
}
