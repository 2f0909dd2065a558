/** The end of every migration: the new side is watched, a person says that it is over, the old servers are retired. */
import type { MigrateDataCenterInput } from '../../model/migrationInputs';
import type { Migration, PlanStep } from '../../model/plan';

const MINUTE_MS = 60_000;
const STOP_MS = 3 * MINUTE_MS;

/** `before`: what is to be done once a person has said so, before the old servers are retired. */
export function closingSteps(
  { watchMs, settleTimeoutMs }: Pick<MigrateDataCenterInput, 'watchMs' | 'settleTimeoutMs'>,
  { source, target, oldServers }: Migration,
  before: PlanStep[] = [],
): PlanStep[] {
  const over = {
    gate: 'complete' as const,
    gateReason: `passing ends the migration: the servers of ${source} stay stopped and masked, with their data, and there is no way back by this run`,
    pointOfNoReturn: true,
  };
  const [first, ...others] = before;
  return [
    {
      id: 'watchNewSide',
      phase: 'watch',
      activity: 'watchNewSide',
      side: 'target',
      title: `watch ${target}`,
      why: 'nothing is changed by looking, and the way back is open',
      guard: { kind: 'none' },
      undo: 'nothing to undo',
      waitsFor: `${watchMs} ms in which every server serves and a write commits`,
      timeoutMs: 3 * watchMs + settleTimeoutMs + 2 * MINUTE_MS,
    },
    ...(first ? [{ ...first, ...over }, ...others] : []),
    {
      id: 'retireServers',
      phase: 'retire',
      activity: 'retireServers',
      title: `retire ${oldServers.join(', ')}`,
      why: `${target} has served alone, and nothing of ${source} is needed any more`,
      guard: { kind: 'none' },
      undo: 'none: data and configuration stay on the hosts, but are not kept up to date any more',
      waitsFor: 'every old server is stopped and masked',
      ...(first ? {} : over),
      timeoutMs: STOP_MS * Math.max(1, oldServers.length),
    },
  ];
}
