/** `zkferry backup create REPOSITORY SOURCE`: one base, or, with --follow, everything until Ctrl-C. Needs no Temporal. */
import type { Command } from 'commander';
import type { CaptureProgress } from '../../../adapters/capture/options';
import { ZkferryError } from '../../../model/errors';
import { isEnsembleName } from '../../../planning/backup/keys';
import { openRepositoryNamed } from '../../backupPlace';
import {
  action,
  withCommonOptions,
  type CommandContext,
  type Outcome,
  type Runner,
} from '../../context';
import { tapAccess, withQuorumOptions, type QuorumOptions } from '../../quorumOptions';
import { bytesText, count } from '../../render/text';
import { placeOf } from '../../treePlace';
import { spoolDirectory } from '../../treeSource';

/** Longer than an election, shorter than the patience of whoever mistyped an address. */
const GIVE_UP_AFTER_MS = 15_000;
const PROGRESS_EVERY_MS = 250;

interface CreateOptions extends QuorumOptions {
  name?: string;
  follow?: boolean;
  acceptForeign?: boolean;
}

export function registerCreate(backup: Command, runner: Runner): void {
  withQuorumOptions(withCommonOptions(backup.command('create <repository> <source>')))
    .description('back up an ensemble (its name in the inventory, or host:port,…) now')
    .option('--name <name>', 'what it is called there; the name in the inventory without it')
    .option('--follow', 'then capture every transaction, until Ctrl-C')
    .option('--accept-foreign', 'also where none of its members is known there under this name')
    .action(
      action<[string, string], CreateOptions>(runner, (context, [name, source], options) =>
        create(context, name, source, options),
      ),
    );
}

async function create(
  context: CommandContext,
  repositoryName: string,
  source: string,
  options: CreateOptions,
): Promise<Outcome> {
  const { capture } = await import('../../../adapters/capture/capture');
  const { openTap } = await import('../../../adapters/tap/tap');
  const { servers, ensemble, path } = await placeOf(context, source, 'SOURCE');
  if (path !== '/')
    throw new ZkferryError('BadUsage', `SOURCE: a backup is of a whole tree; leave out ${path}`);
  const name = options.name ?? ensemble?.name;
  if (name === undefined || !isEnsembleName(name))
    throw new ZkferryError(
      'BadUsage',
      `--name: expected what the ensemble is to be called in the repository, 1 to 63 letters, digits, ".", "_" or "-"; got ${name ?? 'none'}`,
    );
  const repository = await openRepositoryNamed(context, repositoryName);
  const access = await tapAccess(servers, options, ensemble);
  const stop = new AbortController();
  const hard = new AbortController();
  const release = context.io.onInterrupt(() => {
    if (stop.signal.aborted) hard.abort(new ZkferryError('Interrupted', 'interrupted'));
    stop.abort();
  });
  const shows = progressOf(context);
  const startedAt = new Date().toISOString();
  try {
    const result = await capture({
      repository,
      ensemble: name,
      owner: `zkferry backup create, process ${process.pid}`,
      members: servers.map(({ host, clientPort }, index) => ({
        id: index + 1,
        address: `${host}:${clientPort}`,
        role: 'participant' as const,
      })),
      acceptForeign: options.acceptForeign === true,
      freshBase: true,
      openTap: (tap) => openTap({ ...access, giveUpAfterMs: GIVE_UP_AFTER_MS, ...tap }),
      directory: spoolDirectory(context),
      ...{ signal: hard.signal, stop: stop.signal },
      onProgress: (progress) => {
        shows(progress);
        if (options.follow !== true && hasBase(progress, startedAt)) stop.abort();
      },
    });
    return { text: textOf(repository.store.shown, result), document: { ok: true, ...result } };
  } finally {
    release();
  }
}

/** One of this command's own, and the log reaches as far as it needs it. */
const hasBase = (
  { lastBase, durableUpTo, storingBase }: CaptureProgress,
  startedAt: string,
): boolean =>
  lastBase !== undefined &&
  storingBase !== true &&
  lastBase.takenAt >= startedAt &&
  durableUpTo !== undefined &&
  BigInt(durableUpTo) >= BigInt(lastBase.usableFrom);

function progressOf(context: CommandContext): (progress: CaptureProgress) => void {
  let lastShown = 0;
  return ({ state, durableUpTo, lag, txns, storedBytes, trouble, storingBase }) => {
    const now = performance.now();
    if (now - lastShown < PROGRESS_EVERY_MS) return;
    lastShown = now;
    context.output.tick(
      `${state}: up to ${durableUpTo ?? 'nothing yet'}, ${count(txns, 'transaction')}, ${bytesText(storedBytes)} written, ${lag.txns} behind (${lag.ms} ms)${storingBase ? ', storing a base' : ''}${trouble ? `; ${trouble}` : ''}`,
    );
  };
}

function textOf(shown: string, result: CaptureProgress): string {
  const { lastBase, durableUpTo, txns, holes, lastHole } = result;
  return [
    `${shown}: restorable up to ${durableUpTo ?? 'nothing yet'}, ${count(txns, 'transaction')} captured`,
    ...(lastBase
      ? [
          `last base ${lastBase.usableFrom}, ${bytesText(lastBase.bytes)}${lastBase.nodes === undefined ? '' : `, ${count(lastBase.nodes, 'znode')}`}`,
        ]
      : []),
    ...(holes > 0 ? [`${count(holes, 'hole')}, the last one ${lastHole}`] : []),
  ].join('\n');
}
