/** `zkferry demo`: a real upgrade under load on this machine, with its proof. */
import { Option, type Command } from 'commander';
import type { DemoOutcome, DemoPlace, DemoView } from '../../lab/demo/types';
import { ZkferryError } from '../../model/errors';
import { knownBad } from '../../planning/releases';
import { parseOrThrow } from '../../model/validation';
import { compareVersions, versionSchema } from '../../model/version';
import { action, withCommonOptions, type CommandContext, type Runner } from '../context';
import { EXIT } from '../exitCodes';
import { milliseconds, wholeNumber } from '../options';
import { demoDocument, renderDemo } from '../render/demo';
import { renderEvent, renderGate, renderLive, type StatusView } from '../render/status';
import { shellWord } from '../render/text';
import { findStrategy } from '../strategies';
import { newsOf } from '../watch';
import { workerEntry } from '../workerEntry';

interface DemoCommandOptions {
  strategy: string;
  from: string;
  to: string;
  servers: number;
  keep?: boolean;
  gates: 'auto' | 'ask';
  soak?: number;
}

/** What a run would refuse is refused before anything is started for it. */
function refuseDemo(from: string, to: string): void {
  const bad = knownBad(to);
  if (compareVersions(to, from) > 0 && bad === undefined) return;
  throw new ZkferryError(
    'BadUsage',
    bad === undefined
      ? `--to ${to} must be newer than --from ${from}: the demo shows an upgrade`
      : `--to ${to} is a release that loses data, and no upgrade goes there; take ${bad.fixedIn.join(' or ')} or newer (${bad.issue})`,
  );
}

export function registerDemo(program: Command, runner: Runner): void {
  withCommonOptions(program.command('demo'))
    .description(
      'upgrade a real ensemble under load on this machine, and prove that nothing was lost',
    )
    .option('--strategy <name>', 'what to show', 'upgrade')
    .option('--from <version>', 'ZooKeeper release to begin with', '3.8.4')
    .option('--to <version>', 'release to upgrade to', '3.9.6')
    .option('--servers <n>', 'voting members', wholeNumber(3, 9), 3)
    .option('--keep', 'leave everything up afterwards')
    .addOption(
      new Option('--gates <who>', 'who approves the gates: the demo itself, or you')
        .choices(['auto', 'ask'])
        .default('auto'),
    )
    .option('--soak <duration>', 'how long each upgraded server must stay healthy', milliseconds)
    .action(
      action<[], DemoCommandOptions>(runner, async (context, _args, options) => {
        if (findStrategy(options.strategy).name !== 'upgrade')
          throw new ZkferryError(
            'BadUsage',
            `--strategy ${options.strategy}: a demo of it is not available in this version; available: upgrade`,
          );
        const fromVersion = parseOrThrow(versionSchema, options.from, '--from');
        const toVersion = parseOrThrow(versionSchema, options.to, '--to');
        refuseDemo(fromVersion, toVersion);
        const { runDemo } = await import('../../lab/demo/runDemo');
        const { renderPlanText } = await import('../../planning/renderPlan');
        const interrupt = new AbortController();
        const stopListening = context.io.onInterrupt(() => {
          context.output.note('stopping: taking the demo down');
          interrupt.abort();
        });
        try {
          const outcome = await runDemo(
            {
              fromVersion,
              toVersion,
              servers: options.servers,
              keep: options.keep ?? false,
              gates: options.gates,
              soakMs: options.soak,
              workerEntry: workerEntry(),
            },
            viewOf(context, renderPlanText),
            interrupt.signal,
          );
          const text = `\n${renderDemo(outcome, context.view)}`;
          if (context.output.mode.json) context.output.note(text);
          return {
            text,
            document: demoDocument(outcome),
            exitCode: outcome.ok ? EXIT.done : EXIT.failed,
          };
        } finally {
          stopListening();
        }
      }),
    );
}

/** Commands shown by the demo must reach the demo's own Temporal. */
function demoView(context: CommandContext, place: DemoPlace | undefined): StatusView {
  const reach = place ? ['--address', place.address] : [];
  return { ...context.view, command: (words) => context.command([...words, ...reach]) };
}

function viewOf(
  context: CommandContext,
  planText: (plan: DemoOutcome['plan']) => string,
): DemoView {
  const { output } = context;
  const { colors } = output;
  const news = newsOf();
  let view = demoView(context, undefined);
  return {
    say: (text) => output.note(text),
    onPlace: (place) => {
      view = demoView(context, place);
    },
    onPlan: (plan) => output.note(`\n${planText(plan)}\n`),
    onStatus: (status) => {
      for (const event of news(status)) output.note(renderEvent(event, status.progress, colors));
      output.progress(renderLive(status, view));
    },
    onGate: (workflowId, gate) => output.note(renderGate(workflowId, gate, view)),
    onApproved: (gate, approver) =>
      output.note(colors.green(`gate ${gate.gate}: approved as ${shellWord(approver)}`)),
  };
}
