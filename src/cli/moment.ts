/** A moment of the past for a command: chosen in the repository, its base on this machine while `work` runs. */
import type { OpenedExtraction } from '../adapters/restore/fromRepository';
import type { Repository } from '../adapters/repository/repository';
import type { EnsembleContents, Extraction } from '../planning/backup/contents';
import { openRepositoryNamed, type MomentOptions } from './backupPlace';
import type { CommandContext } from './context';
import { interruptedBy } from './interrupted';
import { spoolDirectory } from './treeSource';

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
  return { repository, contents, extraction };
}

export async function withMomentOpen<T>(
  context: CommandContext,
  { repository, extraction }: Moment,
  work: (input: OpenedExtraction, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { openExtraction } = await import('../adapters/restore/fromRepository');
  const stop = new AbortController();
  const release = context.io.onInterrupt(() => stop.abort());
  try {
    const input = await openExtraction(
      repository,
      extraction,
      spoolDirectory(context),
      stop.signal,
    );
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
