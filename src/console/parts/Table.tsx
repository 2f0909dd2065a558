/** A table that can be wider than the page; then it scrolls by itself, by keyboard too. */
import type { ReactNode } from 'react';

export interface Column<T> {
  title: string;
  cell: (item: T) => ReactNode;
  /** Digits under digits. */
  numeric?: boolean;
}

export function Table<T>({
  label,
  columns,
  items,
  keyOf,
  empty = 'Nothing here.',
}: {
  label: string;
  columns: readonly Column<T>[];
  items: readonly T[];
  keyOf: (item: T, index: number) => string;
  empty?: string;
}) {
  if (items.length === 0) return <p className="dim">{empty}</p>;
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label={label}>
      <table className="table">
        <caption className="visually-hidden">{label}</caption>
        <thead>
          <tr>
            {columns.map(({ title, numeric }) => (
              <th key={title} scope="col" className={numeric ? 'numeric' : undefined}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {items.map((item, index) => (
            <tr key={keyOf(item, index)}>
              {columns.map(({ title, cell, numeric }) => (
                <td key={title} className={numeric ? 'numeric' : undefined}>
                  {cell(item)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
