/** A drill on this machine: the newest moment is restored, served by a real server, compared, and the outcome recorded. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DrillDocument } from '../../model/repository';
import type { EnsembleContents, Extraction } from '../../planning/backup/contents';
import type { Target } from '../../planning/backup/target';
import type { Repository } from '../repository/repository';
import { compareServed } from './compareServed';
import { holdDrill, type Proof } from './drill';
import { openExtraction } from './fromRepository';
import { checkServerProgram, startProvenServer } from './serverProgram';
import { digestOf, treeAt } from './treeAt';
import { writeDataDirectory } from './writeDataDirectory';

export interface DrillOptions {
  /** An unpacked release. */
  releaseDirectory: string;
  javaHome?: string;
  /** For the base, the restored data and the server, while it takes. */
  directory: string;
  /** Default: the newest there is. */
  at?: Target;
  onUnrecorded?: (error: Error) => void;
  signal?: AbortSignal;
}

/**
 * Rejects without a record where no drill could be held: no such release, no Java, no room. That says nothing of the
 * backup.
 */
export async function drillHere(
  repository: Repository,
  contents: EnsembleContents,
  options: DrillOptions,
): Promise<DrillDocument> {
  await checkServerProgram(options.releaseDirectory, options.javaHome);
  return holdDrill(
    repository,
    contents,
    options.at ?? { kind: 'latest' },
    (extraction) => prove(repository, contents, extraction, options),
    {
      ...(options.signal !== undefined && { signal: options.signal }),
      ...(options.onUnrecorded !== undefined && { onUnrecorded: options.onUnrecorded }),
    },
  );
}

async function prove(
  repository: Repository,
  contents: EnsembleContents,
  extraction: Extraction,
  { releaseDirectory, javaHome, directory, signal }: DrillOptions,
): Promise<Proof> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const work = await mkdtemp(join(directory, 'drill-'));
  try {
    const input = await openExtraction(repository, contents, extraction, work, signal);
    const { tree, digestsMatched } = await treeAt(input, { signal });
    const data = join(work, 'data');
    await writeDataDirectory(input, data, { way: 'exact', signal });
    const server = await startProvenServer({
      dataDirectory: data,
      isDisposable: true,
      releaseDirectory,
      ...(javaHome !== undefined && { javaHome }),
      directory: work,
      nodes: tree.size,
      ...(signal !== undefined && { signal }),
    });
    try {
      const compared = await compareServed(tree, server.address, { auth: server.auth, signal });
      return {
        ok: compared.differing === 0,
        base: input.extraction.base.key,
        findings: [
          ...input.passedOver,
          `${digestsMatched} digests of transactions matched`,
          `a server of ${server.version} served ${server.nodes} znodes at ${server.zxid}; ${compared.nodes} compared, ${compared.differing} different`,
          ...compared.differences.map((difference) => JSON.stringify(difference).slice(0, 2_000)),
        ],
        nodes: tree.size,
        digest: digestOf(tree),
        serverVersion: server.version,
      };
    } finally {
      await server.close();
    }
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
