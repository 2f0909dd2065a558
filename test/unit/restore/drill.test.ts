/** What fails a drill is the backup's fault, or nothing is recorded. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastDrill } from '../../../src/adapters/repository/drills';
import { openRepository } from '../../../src/adapters/repository/openRepository';
import { holdDrill } from '../../../src/adapters/restore/drill';
import { startProvenServer } from '../../../src/adapters/restore/serverProgram';
import { ZkferryError, type ErrorType } from '../../../src/model/errors';
import { E, make } from '../../support/backedUp';
import { directoryPlace } from '../../support/stores';
import { ran } from '../cli/testIo';

const place = directoryPlace();
const directory = mkdtempSync(join(tmpdir(), 'zkferry-drill-'));
const release = join(directory, 'release');

beforeAll(async () => {
  await make(place);
  mkdirSync(release);
  writeFileSync(join(release, 'zookeeper-3.9.6.jar'), '');
});
afterAll(() => {
  rmSync(directory, { recursive: true });
  return place.close();
});

const recorded = async () => lastDrill(await openRepository(place.store), E);

const held = async (type: ErrorType) => {
  const repository = await openRepository(place.store);
  return holdDrill(repository, await repository.contents(E), { kind: 'latest' }, () =>
    Promise.reject(new ZkferryError(type, 'why')),
  );
};

/** A Java that can say its version and start nothing. */
function javaHome(): string {
  const home = join(directory, 'java');
  mkdirSync(join(home, 'bin'), { recursive: true });
  const java = join(home, 'bin', 'java');
  writeFileSync(java, '#!/bin/sh\n[ "$1" = -version ] || { echo no room for a heap; exit 1; }\n');
  chmodSync(java, 0o755);
  return home;
}

test.each<ErrorType>([
  'ArtifactMissing',
  'Refused',
  'NoDiskSpace',
  'NotDecrypted',
  'Unsupported',
  'GuardRefused',
  'SshAuthFailed',
  'InvalidInput',
])('%s says nothing of the backup: it rejects, and nothing is recorded', async (type) => {
  await expect(held(type)).rejects.toMatchObject({ type });
  expect(await recorded()).toBeUndefined();
});

test.each([
  [['--zookeeper', '/nowhere/zk'], /--zookeeper: \/nowhere\/zk is not there/],
  [['--zookeeper', directory], /--zookeeper: .* has no zookeeper-\*\.jar/],
  [
    ['--zookeeper', release, '--java-home', '/nonexistent'],
    /--java-home: \/nonexistent\/bin\/java cannot be run \(ENOENT\): name the home of a Java/,
  ],
  [['--java-home', '/nonexistent'], /--java-home is for the server of a drill: give --zookeeper/],
])('backup verify %j is refused before anything is read', async (options, message) => {
  const { code, err } = await ran(['backup', 'verify', place.root, E, ...options]);
  expect(err).toMatch(message);
  expect(code).toBe(2);
  expect(await recorded()).toBeUndefined();
});

test('a list says what would be a drill', async () => {
  const { out } = await ran(['backup', 'list', place.root]);
  expect(out).toContain(`zkferry backup verify ${place.root} ${E} --zookeeper DIRECTORY`);
});

test('where no server starts, not even on no data, the data are not blamed', async () => {
  const data = join(directory, 'data');
  mkdirSync(join(data, 'version-2'), { recursive: true });
  await expect(
    startProvenServer({
      ...{ dataDirectory: data, releaseDirectory: release, directory },
      javaHome: javaHome(),
    }),
  ).rejects.toMatchObject({
    type: 'Refused',
    message: expect.stringMatching(/not even on an empty data directory.*no room for a heap/s),
  });
});

test('a backup that does not restore is recorded as a drill that failed', async () => {
  expect(await held('BackupInvalid')).toMatchObject({ ok: false, findings: ['why'] });
  expect(await recorded()).toMatchObject({ ok: false, findings: ['why'] });
});
