/** Following a run on a terminal or in a log: events as lines, the present in a live block, gates as cards. */
import type { Temporal } from '../adapters/temporal/connect';
import type { Followed } from '../adapters/temporal/follow';
import type { GateName } from '../model/contract';
import { isZkferryError } from '../model/errors';
import type { StatusDocument } from '../model/status';
import type { CommandContext, Outcome } from './context';
import { EXIT, exitCodeOfType } from './exitCodes';
import { GivenAnswers } from './givenAnswers';
import { renderReport } from './render/report';
import { renderEvent, renderGate, renderLive, stateWord } from './render/status';

export interface WatchOptions {
  /** Gates whose answer was given beforehand. */
  yesToGates?: readonly GateName[];
}

export async function watchRun(
  context: CommandContext,
  temporal: Temporal,
  workflowId: string,
  options: WatchOptions = {},
): Promise<Outcome> {
  const { output, view, io } = context;
  const { followRun } = await import('../adapters/temporal/follow');
  const answers = new GivenAnswers(options.yesToGates ?? []);
  const news = newsOf();
  const interrupt = new AbortController();
  const stopListening = io.onInterrupt(() => interrupt.abort());
  try {
    const followed = await followRun(
      temporal,
      workflowId,
      {
        onStatus: (status) => {
          for (const event of news(status))
            output.note(renderEvent(event, status.progress, view.colors));
          output.progress(renderLive(status, view));
        },
        onAway: (message) => output.note(view.colors.yellow(message)),
        onGate: async (gate) => {
          output.note(renderGate(workflowId, gate, view));
          if (!answers.takes(gate.gate)) return;
          const { sendControl } = await import('../adapters/temporal/steerRun');
          try {
            await sendControl(temporal, workflowId, 'approve', {
              gate: gate.gate,
              approver: io.user,
              comment: 'answered beforehand with --yes-to-gates',
              planHash: gate.planHash,
            });
            output.note(`approved gate ${gate.gate} as ${io.user} (--yes-to-gates)`);
          } catch (error) {
            // Somebody else may have decided in between; the run goes on either way.
            if (!isZkferryError(error)) throw error;
            output.note(`gate ${gate.gate} was not approved from here: ${error.message}`);
          }
        },
      },
      interrupt.signal,
    );
    return outcomeOf(context, workflowId, followed);
  } finally {
    stopListening();
  }
}

/** Says which events of a status have not been said yet. */
export function newsOf(): (status: StatusDocument) => StatusDocument['events'] {
  let said: StatusDocument['events'] = [];
  return ({ events }) => {
    const key = (event: { at: string; text: string }) => `${event.at} ${event.text}`;
    const before = new Map<string, number>();
    for (const event of said) before.set(key(event), (before.get(key(event)) ?? 0) + 1);
    said = events;
    return events.filter((event) => {
      const left = before.get(key(event)) ?? 0;
      before.set(key(event), left - 1);
      return left <= 0;
    });
  };
}

function outcomeOf(context: CommandContext, workflowId: string, followed: Followed): Outcome {
  const { view } = context;
  const { status } = followed;
  const base = {
    workflowId,
    strategy: status?.strategy,
    ensemble: status?.ensemble,
    state: status?.state,
  };
  const again = context.command(['status', workflowId, '--watch']);
  if (followed.interrupted)
    return {
      text: `no longer following; the run itself goes on.\nfollow it again  ${again}`,
      document: { ok: false, ...base, interrupted: true, followAgain: again },
      exitCode: EXIT.interrupted,
    };
  const { end } = followed;
  const ok = end.ok && status?.state !== 'rejected' && status?.state !== 'rolledBack';
  const report = status?.report;
  const error = end.ok ? status?.error : end.failure;
  const heading = status
    ? stateWord(status.closed ?? status.state, view.colors)
    : end.ok
      ? 'ended'
      : 'failed';
  const text = [
    '',
    `${view.colors.bold(heading)} ${workflowId}`,
    ...(error ? [`${view.colors.red(error.type)}: ${error.message}`] : []),
    ...(report ? ['', renderReport(report, view.colors)] : []),
  ].join('\n');
  return {
    text,
    document: { ok, ...base, report, ...(error ? { error } : {}) },
    exitCode: ok ? EXIT.done : exitCodeOfType(error?.type),
  };
}
