/** `zkferry backup extract REPOSITORY ENSEMBLE --at … --to DIRECTORY`: a data directory that a server starts on. */
import type { Command } from 'commander';
import { ZkferryError } from '../../../model/errors';
import { versionSchema } from '../../../model/version';
import type { Extraction } from '../../../planning/backup/contents';
import { readingOf } from '../../../planning/backup/standAlone';
import { isKnownLine, RELEASE_LINES } from '../../../planning/releases';
import { ensembleAndPath, withMoment, type MomentOptions } from '../../backupPlace';
import {
  action,
  withCommonOptions,
  type CommandContext,
  type Outcome,
  type Runner,
} from '../../context';
import { chooseMoment, withMomentOpen } from '../../moment';
import { zxid } from '../../options';
import { bytesText, count, instant } from '../../render/text';

interface ExtractOptions extends MomentOptions {
  to: string;
  exact?: boolean;
  keepSessions?: boolean;
  above?: bigint;
  forVersion?: string;
  execute?: boolean;
}

export function registerExtract(backup: Command, runner: Runner): void {
  withMoment(withCommonOptions(backup.command('extract <repository> <ensemble>')))
    .description('a data directory as of a moment; writes only with --execute')
    .requiredOption('--to <directory>', 'made; its parent must be there')
    .option('--exact', 'base and log as they were, sessions and ephemerals too')
    .option('--keep-sessions', 'sessions and ephemerals stay: a lock may then have two holders')
    .option(
      '--above <zxid>',
      'in a higher epoch than this, the highest zxid that any client has seen',
      zxid,
    )
    .option('--for-version <version>', 'the release that shall read it')
    .option('--execute', 'write; without it, only what would be read is told')
    .action(
      action<[string, string], ExtractOptions>(runner, (context, [name, ensemble], options) =>
        extract(context, name, ensemble, options),
      ),
    );
}

async function extract(
  context: CommandContext,
  repositoryName: string,
  named: string,
  options: ExtractOptions,
): Promise<Outcome> {
  const { ensemble, path } = ensembleAndPath(named);
  if (path !== '/')
    throw new ZkferryError(
      'BadUsage',
      `${named}: a data directory holds the whole tree; zkferry backup restore brings back ${path} alone`,
    );
  const { exact, keepSessions, above, forVersion } = options;
  if (exact && (keepSessions || above !== undefined))
    throw new ZkferryError(
      'BadUsage',
      '--exact keeps sessions and zxids as they were: it goes neither with --keep-sessions nor with --above',
    );
  const targetVersion = forVersion === undefined ? undefined : knownVersion(forVersion);
  const moment = await chooseMoment(context, repositoryName, ensemble, options);
  if (options.execute !== true) {
    const { choosePlace, leftoverText } = await import('../../../adapters/restore/place');
    const { leftovers } = await choosePlace(options.to, 0);
    const warnings = leftovers.map(leftoverText);
    return {
      text: [
        ...sourceOf(ensemble, moment.extraction),
        ...warningLines(warnings),
        'nothing was written; --execute does it',
      ].join('\n'),
      document: { ok: true, executed: false, ...moment.extraction, warnings },
    };
  }
  const { writeDataDirectory } = await import('../../../adapters/restore');
  const { read, passedOver, ...result } = await withMomentOpen(
    context,
    moment,
    async (input, signal) => ({
      ...{ read: input.extraction, passedOver: input.passedOver },
      ...(await writeDataDirectory(input, options.to, {
        ...(exact ? { way: 'exact' } : { way: 'clean', keepSessions: keepSessions === true }),
        ...(targetVersion !== undefined && { targetVersion }),
        ...(above !== undefined && { above }),
        signal,
      })),
    }),
  );
  const { directory, files, sessions, sessionsDropped, ephemeralsDropped, warnings } = result;
  return {
    text: [
      ...sourceOf(ensemble, read),
      `${directory}: ${files.join(', ')} (${bytesText(result.bytes)}); a server that starts on it is at ${result.zxid}`,
      `${count(sessions, 'session')} may resume, ${sessionsDropped} dropped with ${count(ephemeralsDropped, 'ephemeral')}`,
      ...warningLines(warnings),
    ].join('\n'),
    document: {
      ok: true,
      executed: true,
      asOf: read.zxid,
      base: read.base.key,
      passedOver,
      ...result,
    },
  };
}

const sourceOf = (ensemble: string, { base, objects, zxid: to }: Extraction): string[] => [
  `${ensemble} as of ${to}: base ${base.usableFrom} of ${instant(base.takenAt)} (${bytesText(base.snapshot.bytes)}) and ${count(objects.length, 'log object')}`,
  ...readingOf(base),
];

const warningLines = (warnings: readonly string[]): string[] =>
  warnings.map((warning) => `warning: ${warning}`);

/** What an unknown release reads nobody knows: it would be taken for one that reads everything. */
function knownVersion(given: string): string {
  if (versionSchema.safeParse(given).success && isKnownLine(given)) return given;
  throw new ZkferryError(
    'InvalidInput',
    `--for-version: expected a version such as 3.9.6, of one of the release lines ${RELEASE_LINES.map(({ line }) => line).join(', ')}; got ${JSON.stringify(given.slice(0, 100))}`,
  );
}
