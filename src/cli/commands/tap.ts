/** `zkferry tap SOURCE`: committed transactions as JSON lines, as they come. Only reads; needs no Temporal. */
import { rm } from 'node:fs/promises';
import type { Command } from 'commander';
import type { TapEvent } from '../../adapters/tap/tap';
import { decodeTxn } from '../../codec/txn';
import { ZkferryError } from '../../model/errors';
import { hostPort } from '../../model/hostPort';
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
import { zxidText } from '../../model/zxid';

const SAID_AFTER_MS = 3_000;

interface TapCommandOptions extends QuorumOptions {
  from?: bigint;
  path?: string;
  count?: number;
}

export function registerTap(program: Command, runner: Runner): void {
  withQuorumOptions(withCommonOptions(program.command('tap <source>')))
    .description('print committed transactions (of host:port,…) as JSON lines, until Ctrl-C')
    .option('--from <zxid>', 'go on after this transaction; without it, begin now', zxid)
    .option('--path <path>', 'only what concerns this node, or is below it')
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
  const { servers, ensemble, shown, path: within } = await placeOf(context, source, 'SOURCE');
  const path = pathOf(within, options.path);
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
  // The tap itself is further: it reads ahead.
  let last = options.from;
  const late = setTimeout(
    () => context.output.aside(`no leader of ${shown} yet: waiting for one, two minutes at most`),
    SAID_AFTER_MS,
  );
  try {
    for await (const event of tap) {
      clearTimeout(late);
      if (stop.signal.aborted) break;
      const line = await lineOf(context, event, path);
      if (line !== undefined && !(await write(context.io.stdout, `${JSON.stringify(line)}\n`)))
        break;
      if ('zxid' in event && event.kind !== 'lost') last = event.zxid;
      if (line === undefined) continue;
      lines += 1;
      if (lines === options.count) break;
    }
  } finally {
    clearTimeout(late);
    release();
    await tap.close();
  }
  const lastZxid = last === undefined ? undefined : zxidText(last);
  if (!context.common.json)
    context.output.aside(
      `${lines} lines${lastZxid === undefined ? '' : `; go on with --from ${lastZxid}`}`,
    );
  return { text: '', document: { ok: true, lines, ...(lastZxid && { lastZxid }) } };
}

/** `SOURCE/path` and `--path` mean the same. */
function pathOf(within: string, option: string | undefined): string {
  const path = option ?? within;
  if (option !== undefined && within !== '/')
    throw new ZkferryError('BadUsage', `--path ${option}: SOURCE names the path ${within} already`);
  if (path !== '/' && (!path.startsWith('/') || path.endsWith('/') || path.includes('//')))
    throw new ZkferryError(
      'BadUsage',
      `--path: expected an absolute path without a slash at its end, such as /app; got ${JSON.stringify(path)}`,
    );
  return path;
}

/** Transactions and resets go to standard output; where the tap hangs is a remark. */
async function lineOf(
  context: CommandContext,
  event: TapEvent,
  path: string,
): Promise<object | undefined> {
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
      return { type: 'reset', after: zxidText(unseen.after), upTo: zxidText(unseen.upTo), reason };
    }
    case 'reset':
      return {
        type: 'reset',
        after: zxidText(event.after),
        upTo: zxidText(event.leaderZxid),
        reason: event.reason,
      };
    case 'attached':
      context.output.aside(
        `attached to ${hostPort(event.leader.host, event.leader.clientPort)} at ${zxidText(event.zxid)}`,
      );
      return undefined;
    case 'gap':
      context.output.aside(
        `${zxidText(event.got)} came after ${zxidText(event.after)}: asking again`,
      );
      return undefined;
    case 'lost':
      context.output.aside(`lost the leader at ${zxidText(event.zxid)}: ${event.reason}`);
      return undefined;
  }
}

/** Whoever reads slowly slows the tap down, and in the end lets the leader drop it. False once nobody reads any more. */
async function write(stream: OutStream, text: string): Promise<boolean> {
  if (!('once' in stream)) {
    stream.write(text);
    return true;
  }
  const out = stream as unknown as NodeJS.WriteStream;
  if (!out.writable) return false;
  return new Promise((resolve) => {
    // Reported by the callback: a reader that is gone may leave the stream without any other sign.
    const taken = out.write(text, (error) => resolve(!error));
    if (taken) resolve(true);
  });
}
