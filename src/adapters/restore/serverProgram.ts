/** Whether a server of a release can be started here at all: what that needs is the operator's, not the backup's. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isZkferryError, ZkferryError } from '../../model/errors';
import { startScratchServer, type ScratchOptions, type ScratchServer } from './scratchServer';
import { jarsOf, javaOf } from './serverCommand';

const JAVA_DEADLINE_MS = 30_000;

/** ArtifactMissing where there is no such release, or no Java that runs; a look of a second at most. */
export async function checkServerProgram(
  releaseDirectory: string,
  javaHome: string | undefined,
): Promise<void> {
  await jarsOf(releaseDirectory);
  await checkJava(javaHome);
}

export async function checkJava(javaHome: string | undefined): Promise<void> {
  const java = javaOf(javaHome);
  try {
    await promisify(execFile)(java, ['-version'], { timeout: JAVA_DEADLINE_MS });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new ZkferryError(
      'ArtifactMissing',
      `${java} cannot be run (${typeof code === 'string' ? code : message.trim().split('\n').at(-1)}): name the home of a Java, the directory that has bin/java in it`,
      { cause: error },
    );
  }
}

/**
 * As `startScratchServer`; where the server does not start on the data, one is started on none: where that does not
 * work either, the data are not what is wrong.
 *
 * @throws ZkferryError Refused then; otherwise as `startScratchServer`
 */
export async function startProvenServer(options: ScratchOptions): Promise<ScratchServer> {
  try {
    return await startScratchServer(options);
  } catch (error) {
    if (isZkferryError(error) && error.type === 'BackupInvalid') await startOnNothing(options);
    throw error;
  }
}

async function startOnNothing(options: ScratchOptions): Promise<void> {
  const { directory, releaseDirectory, javaHome } = options;
  const data = await mkdtemp(join(directory, 'empty-'));
  try {
    await mkdir(join(data, 'version-2'));
    const server = await startScratchServer({
      ...options,
      dataDirectory: data,
      isDisposable: true,
      nodes: 0,
    });
    await server.close();
  } catch (error) {
    if (!isZkferryError(error)) throw error;
    throw new ZkferryError(
      'Refused',
      `no server of ${releaseDirectory} with ${javaOf(javaHome)} starts on this machine, not even on an empty data directory, so that nothing can be said of the backup: ${error.message}`,
      { cause: error },
    );
  } finally {
    await rm(data, { recursive: true, force: true });
  }
}
