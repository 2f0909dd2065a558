'use strict';
/**
 * ZooKeeper release archives in the cache: `apache-zookeeper-<version>-bin.tar.gz` with its SHA-512
 * beside it, from Maven's jars where `mvn` exists, else from Apache.
 */
const fs = require('node:fs');
const path = require('node:path');
const {
  cacheDirectory,
  hashFile,
  makeTemporaryDirectory,
  withLock,
  writeFileAtomic,
} = require('./cache');
const { runOrThrow, say, which } = require('./commands');
const { download } = require('./download');
const { copyServerJars } = require('./maven');

const VERSION = /^3\.\d{1,3}\.\d{1,3}$/;
/** Every file of an assembled archive carries this time, so that the same jars give the same checksum. */
const ARCHIVE_TIME = '@1577836800';
const APACHE = 'https://archive.apache.org/dist/zookeeper';
const MAX_ARCHIVE_BYTES = 200 * 1024 * 1024;

/** Directory that holds the archives; what an inventory's package source names. */
const archivesDirectory = () => path.join(cacheDirectory(), 'zookeeper', 'archives');

const releaseName = (version) => `apache-zookeeper-${version}-bin`;
const archiveName = (version) => `${releaseName(version)}.tar.gz`;

function assertVersion(version) {
  const [, minor, patch] = VERSION.test(version) ? version.split('.').map(Number) : [];
  if (minor === undefined || minor < 4 || (minor === 4 && patch < 14)) {
    throw new Error(
      `ZooKeeper ${JSON.stringify(version)} can't be provided; accepted: a release from 3.4.14 on, such as 3.9.6`,
    );
  }
}

/** The cached archive if it is there with its checksum file, else undefined. Reads no archive. */
function findArchive(version) {
  const archive = path.join(archivesDirectory(), archiveName(version));
  const checksum = `${archive}.sha512`;
  if (!fs.existsSync(archive) || !fs.existsSync(checksum)) return undefined;
  const sha512 = fs.readFileSync(checksum, 'utf8').split(/\s/, 1)[0];
  return { version, path: archive, sha512, bytes: fs.statSync(archive).size };
}

/** Packs `<stage>/<release name>` the same way every time and puts it into the cache, checksum first. */
async function pack(version, stage) {
  const packed = path.join(stage, archiveName(version));
  await runOrThrow('sh', [
    '-c',
    'set -e; tar --sort=name --format=ustar --mtime="$1" --owner=0 --group=0 --numeric-owner -C "$2" -cf "$3.tar" "$4"; gzip -n -6 <"$3.tar" >"$3"; rm "$3.tar"',
    'pack',
    ARCHIVE_TIME,
    stage,
    packed,
    releaseName(version),
  ]);
  const destination = path.join(archivesDirectory(), archiveName(version));
  const sha512 = hashFile(packed);
  fs.rmSync(destination, { force: true });
  writeFileAtomic(`${destination}.sha512`, `${sha512}  ${archiveName(version)}\n`);
  fs.renameSync(packed, destination);
}

/** Jars of other platforms' native TLS: megabytes that no Linux server loads. */
const isForeign = (jar) =>
  /-(osx|windows|linux)-(x86_64|aarch_64)\.jar$/.test(jar) && !/-linux-x86_64\.jar$/.test(jar);

async function assembleFromMaven(mvn, version, stage) {
  const release = path.join(stage, releaseName(version));
  const work = path.join(stage, 'maven');
  const lib = path.join(release, 'lib');
  fs.mkdirSync(work, { recursive: true });
  fs.mkdirSync(lib, { recursive: true });
  await copyServerJars(mvn, version, work, lib);
  const [, minor] = version.split('.').map(Number);
  for (const jar of fs.readdirSync(lib)) {
    if (isForeign(jar) || !jar.endsWith('.jar')) fs.rmSync(path.join(lib, jar));
    // Up to 3.4 Apache ships the server's jar at the top.
    else if (minor < 5 && jar === `zookeeper-${version}.jar`) {
      fs.renameSync(path.join(lib, jar), path.join(release, jar));
    }
  }
  const templates = path.join(__dirname, 'release');
  fs.mkdirSync(path.join(release, 'bin'));
  fs.mkdirSync(path.join(release, 'conf'));
  const conf = ['zoo_sample.cfg', minor >= 8 ? 'logback.xml' : 'log4j.properties'];
  for (const [directory, names] of [
    ['bin', ['zkEnv.sh', 'zkServer.sh', 'zkCli.sh']],
    ['conf', conf],
  ]) {
    for (const name of names) {
      fs.copyFileSync(path.join(templates, directory, name), path.join(release, directory, name));
    }
  }
  fs.writeFileSync(path.join(release, 'VERSION'), `${version}\n`);
  fs.writeFileSync(
    path.join(release, 'README'),
    "Assembled by zkferry from the jars Apache ZooKeeper publishes to Maven; the scripts are zkferry's.\n",
  );
  await runOrThrow('sh', [
    '-c',
    'chmod -R u=rwX,go=rX "$1" && chmod 755 "$1"/bin/*',
    'modes',
    release,
  ]);
  await pack(version, stage);
}

async function fetchFromApache(version, stage) {
  const [, minor, patch] = version.split('.').map(Number);
  const oldName = minor < 5 || (minor === 5 && patch < 5);
  const top = oldName ? `zookeeper-${version}` : releaseName(version);
  const url = `${APACHE}/zookeeper-${version}/${top}.tar.gz`;
  const fetched = path.join(stage, 'fetched.tar.gz');
  const published = path.join(stage, 'fetched.sha512');
  await download(`${url}.sha512`, published, { maxBytes: 10_000, timeoutMs: 30_000 });
  await download(url, fetched, { maxBytes: MAX_ARCHIVE_BYTES, timeoutMs: 10 * 60_000 });
  // Published as `<hex>  <name>` or, for old releases, as hex in groups over several lines.
  const text = fs.readFileSync(published, 'utf8').toLowerCase().replace(/\s/g, '');
  const sha512 = hashFile(fetched);
  if (!text.includes(sha512)) {
    throw new Error(
      `${url} has SHA-512 ${sha512}, which is not the published one; try again, and don't use that file`,
    );
  }
  if (oldName) {
    await runOrThrow('tar', ['-xzf', fetched, '-C', stage]);
    fs.renameSync(path.join(stage, top), path.join(stage, releaseName(version)));
    await pack(version, stage);
    return;
  }
  const destination = path.join(archivesDirectory(), archiveName(version));
  writeFileAtomic(`${destination}.sha512`, `${sha512}  ${archiveName(version)}\n`);
  fs.renameSync(fetched, destination);
}

/**
 * The archive of `version` (`3.4.14` … `3.9.x`): cached, else assembled from Maven's jars, else fetched
 * from Apache. Returns `{version, path, sha512, bytes}`. Throws naming everything that was tried.
 */
async function ensureArchive(version) {
  assertVersion(version);
  const cached = findArchive(version);
  if (cached) return cached;
  return withLock(`zookeeper-${version}`, async () => {
    const meanwhile = findArchive(version);
    if (meanwhile) return meanwhile;
    const tried = [];
    const attempt = async (what, work) => {
      const stage = makeTemporaryDirectory(archivesDirectory(), `stage-${version}`);
      try {
        await work(stage);
        return true;
      } catch (error) {
        tried.push(`${what}: ${error.message}`);
        return false;
      } finally {
        fs.rmSync(stage, { recursive: true, force: true });
      }
    };
    const mvn = which('mvn');
    if (mvn) say(`assembling ZooKeeper ${version} from Maven's jars`);
    else tried.push('maven: `mvn` is not on PATH (apt-get install -y maven)');
    if (
      (mvn && (await attempt('maven', (stage) => assembleFromMaven(mvn, version, stage)))) ||
      (await attempt('apache', (stage) => fetchFromApache(version, stage)))
    ) {
      return findArchive(version);
    }
    throw new Error(
      `ZooKeeper ${version} is not to be had here:\n- ${tried.join('\n- ')}\nput ${archiveName(version)} and its .sha512 into ${archivesDirectory()} yourself`,
    );
  });
}

module.exports = { archiveName, archivesDirectory, ensureArchive, findArchive, releaseName };
