/** `zkferry demo`: a real upgrade, resize, migration or hot backup under load on this machine, with its proof. */
import { Option, type Command } from 'commander';
import { DEFAULT_TEMPORAL_NAMESPACE } from '../../adapters/temporal/environment';
import type {
  BackupDemoOptions,
  DemoOptions,
  DemoOutcome,
  DemoPlace,
  DemoView,
} from '../../lab/demo/types';
import { ZkferryError } from '../../model/errors';
import { MIGRATION_MODES, type MigrationMode } from '../../model/migrationInputs';
import { knownBad } from '../../planning/releases';
import { parseOrThrow } from '../../model/validation';
import { atLeast, compareVersions, versionSchema } from '../../model/version';
import {
  action,
  withCommonOptions,
  type CommandContext,
  type CommonOptions,
  type Outcome,
  type Runner,
} from '../context';
import { EXIT } from '../exitCodes';
import { milliseconds, wholeNumber } from '../options';
import { backupDemoDocument, renderBackupDemo } from '../render/backupDemo';
import { demoDocument, renderDemo } from '../render/demo';
import { renderEvent, renderGate, renderLive, type StatusView } from '../render/status';
import { shellWord } from '../render/text';
import { findStrategy } from '../../model/strategies';
import { newsOf } from '../watch';
import { workerEntry } from '../workerEntry';

const OLD_RELEASE = '3.8.4';
const NEW_RELEASE = '3.9.6';

interface DemoCommandOptions {
  strategy: string;
  mode?: MigrationMode;
  from?: string;
  to?: string;
  servers: number;
  keep?: boolean;
  gates: 'auto' | 'ask';
  soak?: number;
}

/** The demo's commands and worker would look elsewhere than these say. */
function refuseOptions({ namespace, inventory }: CommonOptions): void {
  if (namespace !== undefined && namespace !== DEFAULT_TEMPORAL_NAMESPACE)
    throw new ZkferryError(
      'BadUsage',
      `--namespace ${namespace}: the demo runs in namespace ${DEFAULT_TEMPORAL_NAMESPACE}; leave it out`,
    );
  if (inventory !== undefined)
    throw new ZkferryError('BadUsage', '--inventory: the demo writes its own; leave it out');
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

function checked(options: DemoCommandOptions) {
  const { strategy, from, to } = options;
  const { name } = findStrategy(strategy);
  if (name === 'backup') return { strategy: name, ...checkedBackup(options) };
  if (name === 'resize') {
    if (to !== undefined)
      throw new ZkferryError('BadUsage', '--to: a resize upgrades nothing; leave it out');
    const version = parseOrThrow(versionSchema, from ?? NEW_RELEASE, '--from');
    if (!atLeast(version, '3.5.0'))
      throw new ZkferryError(
        'BadUsage',
        `--from ${version}: the demo resizes by reconfiguration, which needs 3.5.0 or later`,
      );
    return { strategy: name, fromVersion: version, toVersion: version };
  }
  if (name === 'migrate') return checkedMigration(options);
  if (name !== 'upgrade')
    throw new ZkferryError(
      'BadUsage',
      `--strategy ${strategy}: there is no demo of it; available: upgrade, resize, migrate, backup`,
    );
  const fromVersion = parseOrThrow(versionSchema, from ?? OLD_RELEASE, '--from');
  const toVersion = parseOrThrow(versionSchema, to ?? NEW_RELEASE, '--to');
  refuseDemo(fromVersion, toVersion);
  return { strategy: name, fromVersion, toVersion };
}

/** Only what a stretch needs of the ensemble limits where it may begin. */
function checkedMigration({ from, to, mode = 'stretch' }: DemoCommandOptions) {
  const toVersion = parseOrThrow(versionSchema, to ?? NEW_RELEASE, '--to');
  const fromVersion = parseOrThrow(versionSchema, from ?? OLD_RELEASE, '--from');
  const bad = knownBad(toVersion);
  if (bad !== undefined || compareVersions(toVersion, fromVersion) < 0)
    refuseDemo(fromVersion, toVersion);
  if (mode === 'stretch' && !atLeast(fromVersion, '3.5.0'))
    throw new ZkferryError(
      'BadUsage',
      `--from ${fromVersion}: mode stretch needs reconfiguration, 3.5.0 or later; take --mode physical`,
    );
  return { strategy: 'migrate' as const, mode, fromVersion, toVersion };
}

/** What would not count is said, since somebody may rely on it. */
function checkedBackup({ from, to, gates, soak }: DemoCommandOptions) {
  const refused = (option: string, why: string) =>
    new ZkferryError('BadUsage', `${option}: a hot backup ${why}; leave it out`);
  if (to !== undefined) throw refused('--to', 'upgrades nothing');
  if (gates !== 'auto') throw refused('--gates', 'only reads, and asks at no gate');
  if (soak !== undefined) throw refused('--soak', 'touches no server');
  const version = parseOrThrow(versionSchema, from ?? NEW_RELEASE, '--from');
  return { fromVersion: version, toVersion: version };
}

export function registerDemo(program: Command, runner: Runner): void {
  withCommonOptions(program.command('demo'))
    .description(
      'upgrade, resize, move or back up a real ensemble under load on this machine, and prove that nothing was lost',
    )
    .option('--strategy <name>', 'what to show: upgrade, resize, migrate or backup', 'upgrade')
    .addOption(
      new Option('--mode <mode>', 'of a migration; stretch without it').choices(MIGRATION_MODES),
    )
    .option(
      '--from <version>',
      `ZooKeeper release to begin with (default ${OLD_RELEASE}; ${NEW_RELEASE} for resize and backup)`,
    )
    .option('--to <version>', `release to upgrade to (default ${NEW_RELEASE})`)
    .option('--servers <n>', 'voting members', wholeNumber(3, 9), 3)
    .option('--keep', 'leave everything up afterwards')
    .addOption(
      new Option('--gates <who>', 'who approves the gates: the demo itself, or you')
        .choices(['auto', 'ask'])
        .default('auto'),
    )
    .option(
      '--soak <duration>',
      'how long each server that was touched must stay healthy',
      milliseconds,
    )
    .action(
      action<[], DemoCommandOptions>(runner, async (context, _args, options) => {
        refuseOptions(context.common);
        const { strategy, fromVersion, toVersion, ...more } = checked(options);
        const { renderPlanText } = await import('../../planning/renderPlan');
        const interrupt = new AbortController();
        const stopListening = context.io.onInterrupt(() => {
          context.output.note('stopping: taking the demo down');
          interrupt.abort();
        });
        const view = viewOf(context, renderPlanText);
        const { servers, keep = false, gates, soak } = options;
        const { address } = context.common;
        const common = { servers, keep, workerEntry: workerEntry(), address };
        try {
          return strategy === 'backup'
            ? await showBackup(context, { ...common, version: fromVersion }, view, interrupt.signal)
            : await showPlanned(
                context,
                { ...common, strategy, ...more, fromVersion, toVersion, gates, soakMs: soak },
                view,
                interrupt.signal,
              );
        } finally {
          stopListening();
        }
      }),
    );
}

async function showPlanned(
  context: CommandContext,
  options: DemoOptions,
  view: DemoView,
  signal: AbortSignal,
): Promise<Outcome> {
  const { runDemo } = await import('../../lab/demo/runDemo');
  const outcome = await runDemo(options, view, signal);
  return shown(context, outcome.ok, renderDemo(outcome, context.view), demoDocument(outcome));
}

async function showBackup(
  context: CommandContext,
  options: BackupDemoOptions,
  view: DemoView,
  signal: AbortSignal,
): Promise<Outcome> {
  const { runBackupDemo } = await import('../../lab/demo/backup/runBackupDemo');
  const outcome = await runBackupDemo(options, view, signal);
  const text = renderBackupDemo(outcome, context.view);
  return shown(context, outcome.ok, text, backupDemoDocument(outcome));
}

/** With --json the text goes to the notes, so that the document is the last line. */
function shown({ output }: CommandContext, ok: boolean, report: string, document: object): Outcome {
  const text = `\n${report}`;
  if (output.mode.json) output.note(text);
  return { text, document, exitCode: ok ? EXIT.done : EXIT.failed };
}

/** Commands shown by the demo must reach the demo's own Temporal. */
export function demoView(
  context: CommandContext,
  place: Pick<DemoPlace, 'address'> | undefined,
): StatusView {
  // Given to the demo, it is carried on by every command already.
  const reach = place && context.common.address === undefined ? ['--address', place.address] : [];
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
