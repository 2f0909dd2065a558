/** `zkferry backup create REPOSITORY SOURCE`: one base, or, with --follow, everything until Ctrl-C. Needs no Temporal. */
import type { Command } from 'commander';
import type { CaptureProgress } from '../../../adapters/capture/options';
import { afterwards, SEAL_WITHIN_MS } from '../../../adapters/capture/stopSoftly';
import { keepsBasesOnly } from '../../../model/backupInputs';
import { ZkferryError } from '../../../model/errors';
import { isEnsembleName } from '../../../planning/backup/keys';
import { readingOf } from '../../../planning/backup/standAlone';
import { openRepositoryNamed } from '../../backupPlace';
import {
  openSource,
  refuseSource,
  withSourceOptions,
  type SourceOptions,
} from '../../captureSource';
import {
  action,
  withCommonOptions,
  type CommandContext,
  type Outcome,
  type Runner,
} from '../../context';
import { BASE_RATE, bytesPerSecond } from '../../options';
import { bytesText, count } from '../../render/text';
import { placeOf } from '../../treePlace';
import { spoolDirectory } from '../../treeSource';

const PROGRESS_EVERY_MS = 250;

interface CreateOptions extends SourceOptions {
  name?: string;
  baseRate?: number;
  acceptForeign?: boolean;
}

export function registerCreate(backup: Command, runner: Runner): void {
  withSourceOptions(withCommonOptions(backup.command('create <repository> <source>')))
    .description('back up an ensemble (its name in the inventory, or host:port,…) now')
    .option('--name <name>', 'what it is called there; the name in the inventory without it')
    .option('--follow', 'then capture every transaction, until Ctrl-C')
    .option('--base-rate <bytes>', BASE_RATE, bytesPerSecond)
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
  const { hasOwnBase } = await import('../../../adapters/capture/ownBase');
  const place = await placeOf(context, source, 'SOURCE');
  const { servers, ensemble, path } = place;
  if (path !== '/')
    throw new ZkferryError('BadUsage', `SOURCE: a backup is of a whole tree; leave out ${path}`);
  refuseSource(options, place);
  const name = options.name ?? ensemble?.name;
  if (name === undefined || !isEnsembleName(name))
    throw new ZkferryError(
      'BadUsage',
      `--name: expected what the ensemble is to be called in the repository, 1 to 63 letters, digits, ".", "_" or "-"; got ${name ?? 'none'}`,
    );
  const repository = await openRepositoryNamed(context, repositoryName);
  const opened = await openSource(place, options);
  const stop = new AbortController();
  const hard = new AbortController();
  const release = context.io.onInterrupt(() => {
    if (stop.signal.aborted) hard.abort(new ZkferryError('Interrupted', 'interrupted'));
    stop.abort();
  });
  const shows = progressOf(context);
  let last: CaptureProgress | undefined;
  const { shown } = repository.store;
  const late = afterwards(stop.signal, SEAL_WITHIN_MS, () => notSealed(shown, last));
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
      ...{ openTap: opened.openTap, source: options.source },
      ...(options.baseRate !== undefined && { baseBytesPerSecond: options.baseRate }),
      directory: spoolDirectory(context),
      ...{ signal: AbortSignal.any([hard.signal, late.signal]), stop: stop.signal },
      onProgress: (progress) => {
        last = progress;
        shows(progress);
        if (options.follow !== true && hasOwnBase(progress, startedAt)) stop.abort();
      },
    });
    return { text: textOf(shown, result), document: { ok: true, ...result } };
  } finally {
    release();
    late.cancel();
    await opened.close();
  }
}

const notSealed = (shown: string, last: CaptureProgress | undefined): ZkferryError =>
  new ZkferryError(
    'RepositoryUnavailable',
    `${shown} did not take what was captured within ${SEAL_WITHIN_MS / 1_000} s of the end${last?.trouble === undefined ? '' : ` (${last.trouble})`}: ${last?.lastBase === undefined ? 'nothing can be restored yet' : `it is restorable up to ${last.durableUpTo}`}; run the same command again once it can be written to`,
  );

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
  const isBase = keepsBasesOnly(result.source);
  return [
    isBase
      ? `${shown}: one base, which restores to ${durableUpTo ?? 'nothing yet'} alone`
      : `${shown}: restorable up to ${durableUpTo ?? 'nothing yet'}, ${count(txns, 'transaction')} captured`,
    ...(lastBase
      ? [
          [
            `last base ${lastBase.usableFrom}`,
            ...readingOf(lastBase),
            bytesText(lastBase.bytes),
            ...(lastBase.nodes === undefined ? [] : [count(lastBase.nodes, 'znode')]),
          ].join(', '),
        ]
      : []),
    ...(holes > 0 ? [`${count(holes, 'hole')}, the last one ${lastHole}`] : []),
  ].join('\n');
}
