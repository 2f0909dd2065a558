/** `zkferry backup list REPOSITORY [ENSEMBLE]`: what is there, and what of it can be restored. */
import type { Command } from 'commander';
import type { DrillDocument } from '../../../model/repository';
import type { EnsembleContents } from '../../../planning/backup/contents';
import { explainContents } from '../../../planning/backup/explain';
import { rangeFindings, restorableRanges } from '../../../planning/backup/restorable';
import { readingOf, standsAlone } from '../../../planning/backup/standAlone';
import { openRepositoryNamed } from '../../backupPlace';
import { action, withCommonOptions, type CommandContext, type Runner } from '../../context';
import { bytesText, count, instant } from '../../render/text';

export function registerList(backup: Command, runner: Runner): void {
  withCommonOptions(backup.command('list <repository> [ensemble]'))
    .description('what can be restored, bases, holes, and what is wrong; reads no data')
    .action(
      action<[string, string | undefined], object>(runner, async (context, [name, wanted]) => {
        const { lastDrill } = await import('../../../adapters/repository/drills');
        const repository = await openRepositoryNamed(context, name);
        const names = wanted === undefined ? await repository.ensembles() : [wanted];
        const ensembles = await Promise.all(
          names.map(async (ensemble) => ({
            contents: await repository.contents(ensemble),
            drill: await lastDrill(repository, ensemble),
          })),
        );
        const { document, store } = repository;
        const head = `${store.shown}: repository ${document.id.slice(0, 8)}, ${document.encryption.kind === 'none' ? 'not encrypted' : `encrypted to ${count(document.encryption.recipients.length, 'recipient')}`}`;
        return {
          text: [
            head,
            ...ensembles.flatMap(({ contents, drill }) => [
              '',
              ...linesOf(contents),
              `  ${drill === undefined ? noDrill(context, name, contents.ensemble) : drillText(drill)}`,
            ]),
            ...(ensembles.length === 0 ? ['holds nothing yet'] : []),
          ].join('\n'),
          document: {
            place: store.shown,
            ...document,
            ensembles: ensembles.map(({ contents, drill }) => documentOf(contents, drill)),
          },
        };
      }),
    );
}

const noDrill = (context: CommandContext, repository: string, ensemble: string): string =>
  `no drill yet: a backup counts once it was restored (${context.command(['backup', 'verify', repository, ensemble, '--zookeeper', 'DIRECTORY'])})`;

const drillText = ({ ok, zxid, at }: DrillDocument): string =>
  `${ok ? 'restored' : 'NOT restored'} ${zxid} ${instant(at)}`;

function linesOf(contents: EnsembleContents): string[] {
  const bases = contents.timelines.flatMap(({ bases: some, number }) =>
    some.map((base) => ({ base, number })),
  );
  return [
    contents.ensemble,
    ...explainContents(contents).map((line) => `  ${line}`),
    ...bases.map(
      ({ base }) =>
        `  base ${base.usableFrom}, ${instant(base.takenAt)}, ${bytesText(base.snapshot.bytes)}${base.nodes === undefined ? '' : `, ${count(base.nodes, 'znode')}`}${base.serverVersion === undefined ? '' : `, of ${base.serverVersion}`}${standsAlone(base) ? `, source ${base.source}` : ''}${readingOf(
          base,
        )
          .map((text) => `, ${text}`)
          .join('')}`,
    ),
  ];
}

const documentOf = (contents: EnsembleContents, drill: DrillDocument | undefined) => ({
  ensemble: contents.ensemble,
  lastDrill: drill ?? null,
  timelines: contents.timelines.map((timeline) => ({
    number: timeline.number,
    restorable: restorableRanges(timeline),
    bases: timeline.bases,
    segments: timeline.segments.length,
    pieces: timeline.pieces.length,
    holes: timeline.holes,
    findings: [...timeline.findings, ...rangeFindings(timeline)],
  })),
});
