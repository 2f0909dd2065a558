/** The tree, drawn as far as it is looked at; arrow keys walk it as in every tree. */
import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useRef, useState, useSyncExternalStore, type KeyboardEvent } from 'react';
import { countText } from '../../format/values';
import { parentOf, type TreeStore } from './treeStore';

const ROW_PX = 24;
const INDENT_PX = 16;

export function TreeView({
  store,
  label,
  selected,
  onSelect,
}: {
  store: TreeStore;
  label: string;
  selected: string;
  onSelect: (path: string) => void;
}) {
  useSyncExternalStore(store.subscribe, store.version);
  const place = useRef<HTMLDivElement>(null);
  const [active, setActive] = useState(0);
  const { rowCount } = store;
  const virtualizer = useVirtualizer({
    count: rowCount,
    getScrollElement: () => place.current,
    estimateSize: () => ROW_PX,
    overscan: 20,
  });
  const items = virtualizer.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => store.look(first, last), [store, first, last, rowCount]);

  const goTo = (index: number) => {
    const next = Math.max(0, Math.min(rowCount - 1, index));
    setActive(next);
    virtualizer.scrollToIndex(next);
  };
  const indexOf = (path: string): number => {
    for (let index = active; index >= 0; index -= 1)
      if (store.row(index).path === path) return index;
    return active;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const row = store.row(Math.min(active, rowCount - 1));
    const deeds: Record<string, () => void> = {
      ArrowDown: () => goTo(active + 1),
      ArrowUp: () => goTo(active - 1),
      PageDown: () => goTo(active + 15),
      PageUp: () => goTo(active - 15),
      Home: () => goTo(0),
      End: () => goTo(rowCount - 1),
      ArrowRight: () => (row.isOpen ? goTo(active + 1) : store.open(row.path)),
      ArrowLeft: () => (row.isOpen ? store.close(row.path) : goTo(indexOf(parentOf(row.path)))),
      Enter: () => row.name !== undefined && onSelect(row.path),
      ' ': () => row.name !== undefined && onSelect(row.path),
    };
    const deed = deeds[event.key];
    if (deed === undefined) return;
    event.preventDefault();
    deed();
  };

  return (
    <div
      ref={place}
      className="tree"
      role="tree"
      aria-label={label}
      aria-activedescendant={`row-${active}`}
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <div
        className="tree-inner"
        role="presentation"
        style={{ height: `${virtualizer.getTotalSize()}px` }}
      >
        {items.map(({ index, start }) => {
          if (index >= rowCount) return null;
          const { path, name, depth, position, siblings, isOpen, isLeaf, isLoading } =
            store.row(index);
          const total = store.totalOf(path);
          return (
            <div
              key={index}
              id={`row-${index}`}
              role="treeitem"
              aria-level={depth + 1}
              aria-posinset={position}
              aria-setsize={siblings}
              aria-expanded={isLeaf ? undefined : isOpen}
              aria-selected={path === selected}
              className={`tree-row ${path === selected ? 'tree-row-selected' : ''} ${index === active ? 'tree-row-active' : ''}`}
              style={{
                transform: `translateY(${start}px)`,
                paddingLeft: `${4 + depth * INDENT_PX}px`,
              }}
              onClick={() => {
                setActive(index);
                if (name !== undefined) onSelect(path);
              }}
              onDoubleClick={() => name !== undefined && store.toggle(path)}
            >
              <span
                aria-hidden="true"
                className="tree-toggle"
                onClick={(event) => {
                  event.stopPropagation();
                  setActive(index);
                  if (name !== undefined) store.toggle(path);
                }}
              >
                {isLeaf ? '' : isOpen ? '▾' : '▸'}
              </span>
              {name ?? <span className="dim">…</span>}
              {isLoading && name !== undefined && <span className="dim"> fetching…</span>}
              {isOpen && total !== undefined && <span className="dim"> ({countText(total)})</span>}
              {store.errorAt(path) !== undefined && (
                <span className="error-text"> ✕ {(store.errorAt(path) as Error).message}</span>
              )}
            </div>
          );
        })}
      </div>
    </div>
  );
}
