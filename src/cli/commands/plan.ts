/** `zkferry plan STRATEGY`: what would happen, and nothing else. */
import type { Command } from 'commander';
import { ZkferryError } from '../../model/errors';
import { action, withCommonOptions, type Runner } from '../context';
import { EXIT } from '../exitCodes';
import { wholeNumber, withInputOptions } from '../options';
import { findStrategy } from '../../model/strategies';
import { readStrategyInput, type InputOptions } from '../strategies';

interface PlanOptions extends InputOptions {
  timeout: number;
}

export function registerPlan(program: Command, runner: Runner): void {
  withInputOptions(withCommonOptions(program.command('plan <strategy>')))
    .description('show what a strategy would do; changes nothing')
    .option('--timeout <seconds>', 'most the planning may take', wholeNumber(1, 3_600), 120)
    .action(
      action<[string], PlanOptions>(runner, async (context, [name], options) => {
        const strategy = findStrategy(name);
        if (!strategy.hasPlan)
          throw new ZkferryError(
            'BadUsage',
            `${strategy.workflowType} changes nothing in an ensemble, so there is no plan to read first: zkferry run ${strategy.name} starts it`,
          );
        const { input, ensemble } = await readStrategyInput(context.io, strategy, options);
        const plan = await context.withTemporal(async (temporal) => {
          const { hasWorker, POLLED_WITHIN_MS } = await import('../../adapters/temporal/pollers');
          const { planStrategy, workflowIdFor } = await import('../../adapters/temporal/startRun');
          const noteWait = (why: string) =>
            context.output.note(
              `${why}: waiting up to ${options.timeout} s in all; start one with ${context.command(['worker', '--inventory', context.inventoryPath])}`,
            );
          const polls = await hasWorker(temporal, { withinMs: POLLED_WITHIN_MS });
          if (!polls) noteWait('no worker polls');
          return planStrategy(temporal, {
            workflowType: strategy.workflowType,
            workflowId: workflowIdFor(temporal, 'plan', ensemble, context.io.now()),
            input,
            timeoutMs: options.timeout * 1_000,
            onUntaken: () => polls && noteWait('no worker has taken it yet'),
          });
        });
        const { renderPlanText } = await import('../../planning/renderPlan');
        const { acceptWarnings } = input as { acceptWarnings?: boolean };
        const refused = plan.findings.some(
          ({ severity }) =>
            severity === 'error' || (severity === 'warning' && acceptWarnings === false),
        );
        return {
          text: renderPlanText(plan),
          document: plan,
          exitCode: refused ? EXIT.failed : EXIT.done,
        };
      }),
    );
}
