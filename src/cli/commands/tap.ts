/** `zkferry tap SOURCE`: committed transactions as JSON lines, as they come. Only reads; needs no Temporal. */
import { rm } from 'node:fs/promises';
import type { Command } from 'commander';
import type { TapEvent } from '../../adapters/tap/tap';
import { decodeTxn } from '../../codec/txn';
import { concerns, txnDocument } from '../../tree/txnLines';
import {
  action,
  withCommonOptions,
  type CommandContext,
  type Outcome,
  type Runner,
} from '../context';
import type { OutStream } from '../io';
import { wholeNumber, zxid } from '../options';
import { tapAccess, withQuorumOptions, type QuorumOptions } from '../quorumOptions';
import { placeOf } from '../treePlace';
import { spoolDirectory } from '../treeSource';

const SAID_AFTER_MS = 3_000;

interface TapCommandOptions extends QuorumOptions {
  from?: bigint;
  path: string;
  count?: number;
}

export function registerTap(program: Command, runner: Runner): void {
  withQuorumOptions(withCommonOptions(program.command('tap <source>')))
    .description('print committed transactions (of host:port,…) as JSON lines, until Ctrl-C')
    .option('--from <zxid>', 'go on after this transaction; without it, begin now', zxid)
    .option('--path <path>', 'only what concerns this node, or is below it', '/')
    .option('--count <n>', 'end after so many lines', wholeNumber(1, 1_000_000_000))
    .action(
      action<[string], TapCommandOptions>(runner, (context, [source], options) =>
        follow(context, source, options),
      ),
    );
}

async function follow(
  context: CommandContext,
  source: string,
  options: TapCommandOptions,
): Promise<Outcome> {
  const { openTap } = await import('../../adapters/tap/tap');
  const { servers, ensemble, shown } = await placeOf(context, source, 'SOURCE');
  const stop = new AbortController();
  const release = context.io.onInterrupt(() => stop.abort());
  const access = await tapAccess(servers, options, ensemble);
  const tap = openTap({
    ...access,
    directory: spoolDirectory(context),
    from: options.from,
    signal: stop.signal,
  });
  let lines = 0;
  const late = setTimeout(
    () => context.output.aside(`no leader of ${shown} yet: waiting for one, two minutes at most`),
    SAID_AFTER_MS,
  );
  try {
    for await (const event of tap) {
      clearTimeout(late);
      if (stop.signal.aborted) break;
      const line = await lineOf(context, event, options.path);
      if (line === undefined) continue;
      await write(context.io.stdout, `${JSON.stringify(line)}\n`);
      lines += 1;
      if (lines === options.count) break;
    }
  } finally {
    clearTimeout(late);
    release();
    await tap.close();
  }
  const last = `0x${tap.lastZxid.toString(16)}`;
  if (!context.common.json) context.output.aside(`${lines} lines; go on with --from ${last}`);
  return { text: '', document: { ok: true, lines, lastZxid: last } };
}

/** Transactions and resets go to standard output; where the tap hangs is a remark. */
async function lineOf(
  context: CommandContext,
  event: TapEvent,
  path: string,
): Promise<object | undefined> {
  const hex = (value: bigint) => `0x${value.toString(16)}`;
  switch (event.kind) {
    case 'txn': {
      const txn = decodeTxn(event.bytes);
      return concerns(txn.body, path) ? txnDocument(txn) : undefined;
    }
    case 'snapshot': {
      await rm(event.file, { force: true });
      const { unseen } = event;
      if (unseen === undefined) return undefined;
      const reason = 'the leader no longer had these transactions to give';
      return { type: 'reset', after: hex(unseen.after), upTo: hex(unseen.upTo), reason };
    }
    case 'reset':
      return {
        type: 'reset',
        after: hex(event.after),
        upTo: hex(event.leaderZxid),
        reason: event.reason,
      };
    case 'attached':
      context.output.aside(
        `attached to ${event.leader.host}:${event.leader.clientPort} at ${hex(event.zxid)}`,
      );
      return undefined;
    case 'gap':
      context.output.aside(`${hex(event.got)} came after ${hex(event.after)}: asking again`);
      return undefined;
    case 'lost':
      context.output.aside(`lost the leader at ${hex(event.zxid)}: ${event.reason}`);
      return undefined;
  }
}

/** Whoever reads slowly slows the tap down, and in the end lets the leader drop it. */
async function write(stream: OutStream, text: string): Promise<void> {
  if (stream.write(text) !== false || !('once' in stream)) return;
  await new Promise<void>((resolve) =>
    (stream as unknown as NodeJS.WritableStream).once('drain', resolve),
  );
}
