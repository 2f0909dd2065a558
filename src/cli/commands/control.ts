/** `approve`, `reject`, `pause`, `resume`, `rollback`, `stop`, `tune`: steering a run, as updates. */
import type { Command } from 'commander';
import { Argument } from 'commander';
import { GATES, type ControlName, type GateName } from '../../model/contract';
import { ZkferryError } from '../../model/errors';
import { controlSchemas, type ControlInputs } from '../../model/inputs';
import type { StatusDocument } from '../../model/status';
import { parseOrThrow } from '../../model/validation';
import {
  action,
  withCommonOptions,
  type CommandContext,
  type Outcome,
  type Runner,
} from '../context';
import { sendByServer, SERVER_VARIABLE, serverOf, TOKEN_VARIABLE } from '../viaServer';
import { BASE_RATE, bytesPerSecond, milliseconds } from '../options';

export function registerControls(program: Command, runner: Runner): void {
  registerDecision(program, runner, 'approve', 'pass the gate a run waits at');
  registerDecision(
    program,
    runner,
    'reject',
    'refuse the gate a run waits at: at start the run ends, later it rolls back',
  );
  registerSteering(program, runner, 'pause', 'stop a run before its next step');
  registerSteering(program, runner, 'resume', 'go on after a pause, or try a failed step again');
  registerSteering(
    program,
    runner,
    'rollback',
    'take back what the run has changed, one server at a time',
  );
  registerSteering(program, runner, 'stop', 'end a hot backup, once all it has is sealed');
  registerTune(program, runner);
}

interface DecisionOptions {
  comment?: string;
  approver?: string;
  planHash?: string;
}

function registerDecision(
  program: Command,
  runner: Runner,
  name: 'approve' | 'reject',
  description: string,
): void {
  withCommonOptions(program.command(name))
    .description(description)
    .argument('<workflow>', 'workflow id')
    .addArgument(new Argument('<gate>', 'the gate').choices(GATES))
    .option('--comment <text>', 'kept with the decision')
    .option('--approver <name>', 'who decides (default: the OS user)')
    .option('--plan-hash <hash>', 'decide only if this is the plan in force')
    .action(
      action<[string, GateName], DecisionOptions>(
        runner,
        (context, [workflowId, gate], options) => {
          warnOfName(context, '--approver', options.approver);
          return send(context, workflowId, name, {
            gate,
            approver: options.approver ?? context.io.user,
            comment: options.comment,
            planHash: options.planHash,
          });
        },
      ),
    );
}

function registerSteering(
  program: Command,
  runner: Runner,
  name: 'pause' | 'resume' | 'rollback' | 'stop',
  description: string,
): void {
  withCommonOptions(program.command(name))
    .description(description)
    .argument('<workflow>', 'workflow id')
    .option('--comment <text>', 'kept with the request')
    .option('--by <name>', 'who asks (default: the OS user)')
    .action(
      action<[string], { comment?: string; by?: string }>(
        runner,
        (context, [workflowId], options) => {
          warnOfName(context, '--by', options.by);
          return send(context, workflowId, name, {
            by: options.by ?? context.io.user,
            comment: options.comment,
          });
        },
      ),
    );
}

/** A name that does not count is not left out in silence: somebody else's will stand in the record. */
function warnOfName(context: CommandContext, option: string, name: string | undefined): void {
  if (name === undefined || serverOf(context) === undefined) return;
  context.output.warning(
    `${option} ${name} does not count: this is sent through zkferry server (${SERVER_VARIABLE}), where whoever the token of ${TOKEN_VARIABLE} belongs to decides`,
  );
}

interface TuneOptions {
  soak?: number;
  drain?: number;
  settleTimeout?: number;
  baseEvery?: number;
  baseRate?: number;
}

function registerTune(program: Command, runner: Runner): void {
  withCommonOptions(program.command('tune'))
    .description('change the waits of a run while it goes on')
    .argument('<workflow>', 'workflow id')
    .option('--soak <duration>', 'how long each upgraded server must stay healthy', milliseconds)
    .option('--drain <duration>', 'wait after the drain hook', milliseconds)
    .option('--settle-timeout <duration>', 'most a restarted server may take', milliseconds)
    .option('--base-every <duration>', 'of a hot backup: between two bases', milliseconds)
    .option('--base-rate <bytes>', `of a hot backup: ${BASE_RATE}`, bytesPerSecond)
    .action(
      action<[string], TuneOptions>(runner, (context, [workflowId], options) => {
        const { soak, drain, settleTimeout, baseEvery, baseRate } = options;
        const wanted = {
          soakMs: soak,
          drainMs: drain,
          settleTimeoutMs: settleTimeout,
          baseEveryMs: baseEvery,
          baseBytesPerSecond: baseRate,
        };
        if (Object.values(wanted).every((value) => value === undefined))
          throw new ZkferryError(
            'BadUsage',
            'nothing to tune: give --soak, --drain, --settle-timeout, --base-every or --base-rate',
          );
        return send(context, workflowId, 'tune', wanted);
      }),
    );
}

const DONE: Record<ControlName, string> = {
  approve: 'approved',
  reject: 'rejected',
  pause: 'will pause before its next step',
  resume: 'resumed',
  rollback: 'goes back',
  tune: 'tuned',
  stop: 'will end once all it has is sealed',
};

/** Only after its answer does the run look at them again. */
export const looksAtClients = ({ plan }: Pick<StatusDocument, 'plan'>, gate: unknown): boolean =>
  plan?.steps.some((step) => step.gate === gate && step.checksClients === true) ?? false;

async function send<K extends ControlName>(
  context: CommandContext,
  workflowId: string,
  name: K,
  given: object,
): Promise<Outcome> {
  const known = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  );
  const input = parseOrThrow(controlSchemas[name], known, `the input of ${name}`);
  const server = serverOf(context);
  const answer: StatusDocument & { accepted?: string } =
    server === undefined
      ? await context.withTemporal(async (temporal) => {
          const { sendControl } = await import('../../adapters/temporal/steerRun');
          return sendControl(temporal, workflowId, name, input as ControlInputs[K]);
        })
      : await sendByServer(server, workflowId, name, known);
  const { accepted, ...status } = answer;
  const gate = 'gate' in known ? ` gate ${String(known.gate)}` : '';
  // Right after a decision the status is still that of the moment before it: the run acts on it next.
  const now =
    gate === '' && status.state !== undefined
      ? `\n${status.state} · ${status.phase} · ${status.headline.split('\n')[0]}`
      : '';
  // When it takes effect, only the run knows.
  const told = name === 'pause' ? status.events?.at(-1)?.text : undefined;
  const still =
    name === 'approve' && status.paused
      ? '; the run is paused, and goes on once it is resumed'
      : '';
  const looks =
    name === 'approve' && looksAtClients(status, known.gate)
      ? `; before it goes on the clients' files are looked at once more, and the gate asks again if one could not be led over: ${context.command(['status', workflowId])} tells`
      : '';
  return {
    text: `${workflowId}: ${told ?? accepted ?? `${DONE[name]}${gate}`}${still}${looks}${now}`,
    document: { ok: true, action: name, input, ...(accepted && { accepted }), status },
  };
}
