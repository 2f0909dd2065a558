/** Typed doors to src/bootstrap, which is plain JavaScript so that it runs before anything is installed. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { ZkferryError } from '../model/errors';
import { projectRoot } from './projectRoot';

export interface ReleaseArchive {
  version: string;
  path: string;
  /** Hex SHA-512 of the archive. */
  sha512: string;
  bytes: number;
}

interface ZooKeeperModule {
  archivesDirectory(): string;
  ensureArchive(version: string): Promise<ReleaseArchive>;
  findArchive(version: string): ReleaseArchive | undefined;
  releaseName(version: string): string;
}

interface TemporalModule {
  ensureTemporalBinary(): Promise<string>;
  findTemporalBinary(): string | undefined;
}

interface ForeignModule {
  ensureForeignClassPath(pom: string, sources?: string[]): Promise<string>;
}

interface HostToolsModule {
  findJavaHome(): string | undefined;
  findSshd(): string | undefined;
}

function load<T>(name: string): T {
  // createRequire and not require: the path is absolute and must not be bundled or rewritten.
  const require = createRequire(join(projectRoot(), 'package.json'));
  return require(join(projectRoot(), 'src', 'bootstrap', name)) as T;
}

const releases = () => load<ZooKeeperModule>('zookeeper.js');
const temporal = () => load<TemporalModule>('temporal.js');
const foreign = () => load<ForeignModule>('foreign.js');
const tools = () => load<HostToolsModule>('hostTools.js');

/** Runs set-up code, turning its plain errors into ones with a type. */
async function asMissing<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { message } = error as { message: string };
    throw new ZkferryError('ArtifactMissing', message, { cause: error });
  }
}

/** Directory of the cached release archives. */
export const archivesDirectory = (): string => releases().archivesDirectory();

/** `apache-zookeeper-<version>-bin`, the archive's top directory. */
export const releaseName = (version: string): string => releases().releaseName(version);

/** The release archive, made or fetched if the cache lacks it (seconds to minutes). ArtifactMissing. */
export const ensureArchive = (version: string): Promise<ReleaseArchive> =>
  asMissing(() => releases().ensureArchive(version));

/** Path of a Temporal CLI, fetched or built if there is none (up to minutes). ArtifactMissing. */
export const ensureTemporalBinary = (): Promise<string> =>
  asMissing(() => temporal().ensureTemporalBinary());

/**
 * Class path of the jars a pom names and of Java sources compiled against them; all are paths. Fetched and
 * compiled if the cache lacks them (up to minutes). ArtifactMissing.
 */
export const ensureForeignClassPath = (pom: string, sources?: string[]): Promise<string> =>
  asMissing(() => foreign().ensureForeignClassPath(pom, sources));

/** `JAVA_HOME` or the home of `java` on PATH. ArtifactMissing. */
export function javaHome(): string {
  const home = tools().findJavaHome();
  if (home !== undefined) return home;
  throw new ZkferryError(
    'ArtifactMissing',
    'no Java on this machine: set JAVA_HOME or install one (apt-get install -y default-jre-headless)',
  );
}

/** Absolute path of sshd. ArtifactMissing. */
export function sshdPath(): string {
  const path = tools().findSshd();
  if (path !== undefined) return path;
  throw new ZkferryError(
    'ArtifactMissing',
    'no sshd on this machine: install one (apt-get install -y openssh-server)',
  );
}
