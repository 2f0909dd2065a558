/** What a query brought, or that it is being fetched, or why it failed. What was there stays while it is asked anew. */
import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { ProblemView } from './ProblemView';

export function Loaded<T>({
  query,
  what,
  children,
}: {
  query: UseQueryResult<T>;
  /** What is waited for: `the runs`. */
  what: string;
  children: (data: T) => ReactNode;
}) {
  return (
    <>
      {query.isError && <ProblemView error={query.error} />}
      {query.data !== undefined
        ? children(query.data)
        : query.isFetching && (
            <p role="status" className="dim">
              Fetching {what}…
            </p>
          )}
    </>
  );
}
