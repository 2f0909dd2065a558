/** Says that no worker polls: without one no run goes on, and none says how it is. */
import { useQuery } from '@tanstack/react-query';
import { workerQuery } from '../api/queries';

export function WorkerBanner() {
  const { data } = useQuery(workerQuery);
  if (data === undefined || data.polls) return null;
  return (
    <p role="status" className="notice notice-warning">
      ! Runs stand still: {data.detail ?? `no worker polls task queue ${data.taskQueue}`}
    </p>
  );
}
