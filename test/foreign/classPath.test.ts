/** Jars and classes of the foreign clients come from the cache, and only whole. */
import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureForeignClassPath } from '../../src/lab/bootstrap';

const FETCH_MS = 240_000;
const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>zkferry</groupId><artifactId>little</artifactId><version>1</version><packaging>pom</packaging>
<dependencies><dependency><groupId>org.slf4j</groupId><artifactId>slf4j-api</artifactId>
<version>1.7.36</version></dependency></dependencies></project>`;

describe('a pom with one jar', () => {
  const { PATH, ZKFERRY_CACHE } = process.env;
  const directory = mkdtempSync(join(tmpdir(), 'zkferry-class-path-'));
  const pom = join(directory, 'little.pom.xml');
  const source = join(directory, 'Little.java');
  const jarOf = (classPath: string): string => {
    const lib = classPath.split(':').at(-1)!.slice(0, -'/*'.length);
    return join(lib, readdirSync(lib)[0]!);
  };

  beforeAll(() => {
    process.env.ZKFERRY_CACHE = join(directory, 'cache');
    writeFileSync(pom, POM);
    writeFileSync(source, 'final class Little { org.slf4j.Logger logger; }');
  });

  afterEach(() => {
    process.env.PATH = PATH;
  });

  afterAll(() => {
    if (ZKFERRY_CACHE === undefined) delete process.env.ZKFERRY_CACHE;
    else process.env.ZKFERRY_CACHE = ZKFERRY_CACHE;
    rmSync(directory, { recursive: true, force: true });
  });

  test('without Maven is refused with the command that installs it', async () => {
    process.env.PATH = directory;
    await expect(ensureForeignClassPath(pom)).rejects.toMatchObject({
      type: 'ArtifactMissing',
      message: expect.stringContaining('apt-get install -y maven') as string,
    });
  });

  test(
    'is fetched once, and again when the jar is not whole; the source is compiled against it',
    async () => {
      const first = await ensureForeignClassPath(pom, [source]);
      expect(readdirSync(first.split(':')[0]!)).toEqual(['Little.class']);
      process.env.PATH = directory;
      await expect(ensureForeignClassPath(pom, [source])).resolves.toBe(first);
      truncateSync(jarOf(first), 100);
      await expect(ensureForeignClassPath(pom, [source])).rejects.toThrow('maven');
      process.env.PATH = PATH;
      await expect(ensureForeignClassPath(pom, [source])).resolves.toBe(first);
    },
    FETCH_MS,
  );

  test(
    'a source that does not compile is refused in the words of javac',
    async () => {
      writeFileSync(source, 'final class Little { org.slf4j.Nothing nothing; }');
      await expect(ensureForeignClassPath(pom, [source])).rejects.toThrow('Nothing');
    },
    FETCH_MS,
  );
});
