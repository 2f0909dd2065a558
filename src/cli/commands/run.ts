/** `zkferry run STRATEGY`: starts it and follows it. Ctrl-C ends the following only. */
import type { Command } from 'commander';
import { GATES, type GateName } from '../../model/contract';
import { action, withCommonOptions, type Runner } from '../context';
import { listOf, withInputOptions } from '../options';
import { findStrategy } from '../../model/strategies';
import { readStrategyInput, type InputOptions } from '../strategies';
import { watchRun } from '../watch';

interface RunOptions extends InputOptions {
  id?: string;
  detach?: boolean;
  yesToGates?: GateName[];
}

export function registerRun(program: Command, runner: Runner): void {
  withInputOptions(withCommonOptions(program.command('run <strategy>')))
    .description('start a strategy and follow it; it waits at its gates for approval')
    .option('--id <id>', 'workflow id, such as a change ticket; used once only')
    .option('--detach', 'start it and return')
    .option(
      '--yes-to-gates <gates>',
      `approve these gates from here: ${GATES.join(',')}`,
      listOf(GATES),
    )
    .action(
      action<[string], RunOptions>(runner, async (context, [name], options) => {
        const strategy = findStrategy(name);
        const { input, ensemble } = await readStrategyInput(context.io, strategy, options);
        return context.withTemporal(async (temporal) => {
          const { hasWorker, POLLED_WITHIN_MS } = await import('../../adapters/temporal/pollers');
          const { startStrategy, workflowIdFor } = await import('../../adapters/temporal/startRun');
          const { workflowId, runId } = await startStrategy(temporal, {
            workflowType: strategy.workflowType,
            workflowId:
              options.id ?? workflowIdFor(temporal, strategy.name, ensemble, context.io.now()),
            input: { requestedBy: context.io.user, ...input },
            summary: `${strategy.workflowType} ${ensemble}`,
          });
          const follow = context.command(['status', workflowId, '--watch']);
          context.output.note(`started ${workflowId}`);
          if (!(await hasWorker(temporal, { withinMs: POLLED_WITHIN_MS })))
            context.output.note(
              `no worker polls yet: the run waits for one; start it with ${context.command(['worker', '--inventory', context.inventoryPath])}`,
            );
          if (options.detach)
            return {
              text: `follow it  ${follow}`,
              document: { ok: true, workflowId, runId, followAgain: follow },
            };
          context.output.note(
            context.view.colors.dim(`Ctrl-C leaves it running; follow it again with ${follow}`),
          );
          return watchRun(context, temporal, workflowId, { yesToGates: options.yesToGates });
        });
      }),
    );
}
