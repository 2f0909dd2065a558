/** A run as it is now: asked once, then followed. Points of its lags are kept while the page is open. */
import { useQuery } from '@tanstack/react-query';
import { useCallback, useEffect, useState } from 'react';
import { endedFromOutside, outsideEndOf } from '../../../model/runEnd';
import { queryClient, runQuery } from '../../api/queries';
import { followRun } from '../../api/runEvents';
import type { RunStatus } from '../../api/types';
import type { Series } from '../../parts/series';
import { OVER } from './Controls';
import { withLags } from './lags';

export function useRun(id: string) {
  const query = useQuery(runQuery(id));
  const [told, setTold] = useState<RunStatus>();
  const [away, setAway] = useState<string>();
  const [lags, setLags] = useState<readonly Series[]>([]);

  /** A control's answer is the newest status there is. */
  const take = useCallback((answer: RunStatus | { accepted: string }) => {
    // Sent, and nobody has answered yet: what it brings about is told by the run's events.
    if (!('state' in answer)) {
      setAway(answer.accepted);
      return;
    }
    const status = answer;
    setAway(undefined);
    setTold(status);
    setLags((before) => withLags(before, status, Date.now()));
  }, []);

  useEffect(
    () =>
      followRun(id, {
        onStatus: take,
        onAway: setAway,
        onEnd: () => {
          setAway(undefined);
          void queryClient.invalidateQueries({ queryKey: runQuery(id).queryKey });
        },
      }),
    [id, take],
  );

  const asked = query.data?.status;
  const newest =
    told === undefined || (asked !== undefined && asked.updatedAt > told.updatedAt) ? asked : told;
  // Ended from outside while no worker was there, nobody tells so but Temporal.
  const run = query.data?.run;
  const end = run && outsideEndOf(run.status);
  const status =
    newest && end && !OVER.has(newest.state) ? endedFromOutside(newest, end, run.closedAt) : newest;
  return { query, status, away, lags, take };
}
