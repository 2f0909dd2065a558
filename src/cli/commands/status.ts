/** `zkferry status [WORKFLOW]`: one run in full, or the list of runs. */
import type { Command } from 'commander';
import type { Temporal } from '../../adapters/temporal/connect';
import type { LastStep } from '../../adapters/temporal/lastStep';
import { isZkferryError, type ErrorType } from '../../model/errors';
import type { StatusDocument } from '../../model/status';
import {
  action,
  withCommonOptions,
  type CommandContext,
  type Outcome,
  type Runner,
} from '../context';
import { wholeNumber } from '../options';
import { renderRuns, runWord } from '../render/runs';
import { renderStatus } from '../render/status';
import { watchRun } from '../watch';

interface StatusOptions {
  watch?: boolean;
  all?: boolean;
  limit: number;
}

export function registerStatus(program: Command, runner: Runner): void {
  withCommonOptions(program.command('status [workflow]'))
    .description('show a run; without a workflow id, list the runs')
    .option('-w, --watch', 'follow the run until it ends')
    .option('-a, --all', 'show every step')
    .option('--limit <n>', 'how many runs to list', wholeNumber(1, 500), 20)
    .action(
      action<[string | undefined], StatusOptions>(runner, (context, [workflowId], options) =>
        context.withTemporal((temporal) => {
          if (workflowId === undefined) return list(context, temporal, options.limit);
          if (options.watch) return watchRun(context, temporal, workflowId);
          return show(context, temporal, workflowId, options.all ?? false);
        }),
      ),
    );
}

async function list(context: CommandContext, temporal: Temporal, limit: number): Promise<Outcome> {
  const { listRuns } = await import('../../adapters/temporal/listRuns');
  const runs = await listRuns(temporal, limit);
  return {
    text: renderRuns(runs, { ...context.view, now: context.io.now() }),
    document: { runs },
  };
}

function closedFromOutside(status: StatusDocument, context: CommandContext): Outcome {
  const text = `${status.headline}\nwhat was begun stays as it is: look with zkferry inspect ${status.ensemble}, then zkferry unlock`;
  return { text: context.output.colors.red(text), document: status };
}

/** Where nobody tells a status, and Temporal answers. */
const UNTOLD: readonly ErrorType[] = ['NoWorker', 'WorkerSlow', 'Refused'];

const lastStepText = ({ activity, scheduledAt, endedAt }: LastStep): string =>
  `${activity}, asked for ${scheduledAt}${endedAt === undefined ? ', not ended' : `, ended ${endedAt}`}`;

/** Without a worker nobody can tell a run's status; what Temporal itself knows is then better than nothing. */
async function show(
  context: CommandContext,
  temporal: Temporal,
  workflowId: string,
  allSteps: boolean,
): Promise<Outcome> {
  const { describeRun, runEnd, withOutcome } = await import('../../adapters/temporal/describeRun');
  const { noWorker } = await import('../../adapters/temporal/failure');
  const { lastStep } = await import('../../adapters/temporal/lastStep');
  const { hasWorker, POLLED_WITHIN_MS } = await import('../../adapters/temporal/pollers');
  const { getStatus } = await import('../../adapters/temporal/steerRun');
  try {
    if (!(await hasWorker(temporal, { withinMs: POLLED_WITHIN_MS }))) throw noWorker(workflowId);
    const status = await getStatus(temporal, workflowId);
    if (status.closed !== undefined) return closedFromOutside(status, context);
    return { text: renderStatus(status, { ...context.view, allSteps }), document: status };
  } catch (error) {
    if (!isZkferryError(error) || !UNTOLD.includes(error.type)) throw error;
    const described = await describeRun(temporal, workflowId);
    const isOpen = described.status === 'RUNNING';
    // Of an open one only a worker tells more, and none has answered just now.
    const run = isOpen ? described : await withOutcome(temporal, described);
    const last = isOpen ? await lastStep(temporal, run) : undefined;
    const end = isOpen ? undefined : await runEnd(temporal, workflowId, 10_000);
    const failure = end && !end.ok ? end.failure : undefined;
    const lines = [
      `${run.strategy} ${run.ensemble ?? ''} ${runWord(run, context.output.colors)}`.replace(
        / +/g,
        ' ',
      ),
      `${run.workflowId}, started ${run.startedAt}${run.closedAt ? `, closed ${run.closedAt}` : ''}`,
      ...(run.phase === undefined ? [] : [`phase ${run.phase}`]),
      ...(last ? [`last step ${lastStepText(last)}`] : []),
      ...(failure ? [`${context.output.colors.red(failure.type)}: ${failure.message}`] : []),
      ...(error.type === 'Refused' ? [] : [error.message]),
    ];
    return {
      text: lines.join('\n'),
      document: {
        ...run,
        ...(last && { lastStep: last }),
        error: failure ?? { type: error.type, message: error.message },
      },
    };
  }
}
