'use strict';
/**
 * Java programs nobody here wrote, for proofs: the jars a pom names, from Maven, and classes compiled against
 * them, both in the cache: `foreign/<hash of the pom>/{lib,SHA512SUMS,classes-<hash of the sources>}`.
 */
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { cacheDirectory, hashFile, makeTemporaryDirectory, withLock } = require('./cache');
const { runOrThrow, say, which } = require('./commands');
const { findJavaHome } = require('./hostTools');
const { complaintsOf, copyDependencies } = require('./maven');

const SUMS = 'SHA512SUMS';
const COMPILE_TIMEOUT_MS = 120_000;

const hashOf = (parts) => {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}\n`).update(part);
  return hash.digest('hex').slice(0, 16);
};

const directoryOf = (pom) => path.join(cacheDirectory(), 'foreign', hashOf([fs.readFileSync(pom)]));

const sumsOf = (lib) =>
  fs
    .readdirSync(lib)
    .sort()
    .map((jar) => `${hashFile(path.join(lib, jar))}  ${jar}\n`)
    .join('');

/** Whether all jars are there as they were fetched. */
function isWhole(directory) {
  try {
    return (
      fs.readFileSync(path.join(directory, SUMS), 'utf8') === sumsOf(path.join(directory, 'lib'))
    );
  } catch (error) {
    if (error.code === 'ENOENT') return false;
    throw error;
  }
}

async function fetchJars(pom, directory) {
  const mvn = which('mvn');
  if (!mvn) {
    throw new Error(
      `the jars of ${pom} come from Maven, and \`mvn\` is not on PATH (apt-get install -y maven)`,
    );
  }
  say(`fetching the jars of ${path.basename(pom)} from Maven`);
  const stage = makeTemporaryDirectory(path.dirname(directory), 'stage');
  try {
    // Strict: a jar that differs from the repository's checksum is an error and not a warning.
    await copyDependencies(mvn, stage, path.join(stage, 'lib'), ['-C', '-f', path.resolve(pom)]);
    fs.writeFileSync(path.join(stage, SUMS), sumsOf(path.join(stage, 'lib')));
    fs.rmSync(directory, { recursive: true, force: true });
    fs.renameSync(stage, directory);
  } catch (error) {
    throw new Error(`the jars of ${pom} are not to be had here: ${complaintsOf(error)}`, {
      cause: error,
    });
  } finally {
    fs.rmSync(stage, { recursive: true, force: true });
  }
}

async function compile(lib, sources, into) {
  const home = findJavaHome();
  const javac = which('javac', home === undefined ? [] : [path.join(home, 'bin')]);
  if (!javac) {
    throw new Error(
      'no javac on this machine: install one (apt-get install -y default-jdk-headless)',
    );
  }
  const stage = makeTemporaryDirectory(path.dirname(into), 'classes');
  try {
    await runOrThrow(
      javac,
      ['-encoding', 'UTF-8', '-proc:none', '-cp', path.join(lib, '*'), '-d', stage, ...sources],
      { timeoutMs: COMPILE_TIMEOUT_MS },
    );
    fs.renameSync(stage, into);
  } finally {
    fs.rmSync(stage, { recursive: true, force: true });
  }
}

/**
 * The class path of the jars that the file `pom` names and of `sources` compiled against them (both: paths):
 * from the cache, else fetched and compiled (up to minutes). Throws with what is missing and what to do.
 */
async function ensureForeignClassPath(pom, sources = []) {
  const directory = directoryOf(pom);
  const lib = path.join(directory, 'lib');
  const classes = path.join(
    directory,
    `classes-${hashOf(sources.map((source) => fs.readFileSync(source)))}`,
  );
  return withLock(`foreign-${path.basename(directory)}`, async () => {
    if (!isWhole(directory)) await fetchJars(pom, directory);
    if (sources.length === 0) return path.join(lib, '*');
    if (!fs.existsSync(classes)) await compile(lib, sources, classes);
    return [classes, path.join(lib, '*')].join(path.delimiter);
  });
}

module.exports = { ensureForeignClassPath };
