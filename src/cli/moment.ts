/** A moment of the past for a command: chosen in the repository, its base on this machine while `work` runs. */
import type { OpenedExtraction } from '../adapters/restore/fromRepository';
import type { Repository } from '../adapters/repository/repository';
import type { EnsembleContents, Extraction } from '../planning/backup/contents';
import { openRepositoryNamed, type MomentOptions } from './backupPlace';
import type { CommandContext } from './context';
import { interruptedBy } from './interrupted';
import { spoolDirectory } from './treeSource';

const SHOWN_DAMAGE = 5;

export interface Moment {
  repository: Repository;
  contents: EnsembleContents;
  extraction: Extraction;
}

export async function chooseMoment(
  context: CommandContext,
  repositoryName: string,
  ensemble: string,
  options: MomentOptions,
): Promise<Moment> {
  const { chooseFrom } = await import('../adapters/restore/fromRepository');
  const repository = await openRepositoryNamed(context, repositoryName, options);
  const contents = await repository.contents(ensemble);
  const extraction = await chooseFrom(repository, contents, options.at, {
    ...(options.timeline !== undefined && { timeline: options.timeline }),
    acceptOlder: options.acceptOlder === true,
  });
  for (const line of damageOf(contents, extraction)) context.output.warning(line);
  return { repository, contents, extraction };
}

/** What the listing shows to be damaged: a restore goes around it where it can, and not silently. */
function damageOf({ timelines }: EnsembleContents, { timeline }: Extraction): string[] {
  const findings = timelines.flatMap((one) =>
    one.findings.filter(
      ({ severity, code }) =>
        severity === 'error' && (one.number === timeline || code === 'EnsembleDamaged'),
    ),
  );
  const shown = findings.slice(0, SHOWN_DAMAGE).map(({ message }) => message);
  const more = findings.length - shown.length;
  return more > 0 ? [...shown, `${more} more of these: zkferry backup list`] : shown;
}

export async function withMomentOpen<T>(
  context: CommandContext,
  { repository, contents, extraction }: Moment,
  work: (input: OpenedExtraction, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { openExtraction } = await import('../adapters/restore/fromRepository');
  const stop = new AbortController();
  const release = context.io.onInterrupt(() => stop.abort());
  try {
    const input = await openExtraction(
      repository,
      contents,
      extraction,
      spoolDirectory(context),
      stop.signal,
    );
    for (const line of input.passedOver) context.output.warning(line);
    try {
      return await work(input, stop.signal);
    } finally {
      await input.close();
    }
  } catch (error) {
    return interruptedBy(stop.signal, 'interrupted before it was done')(error);
  } finally {
    release();
  }
}
