'use strict';
/**
 * The fuzzer of the HTTP API, for tests: Schemathesis of PyPI in a virtual environment of its own, in the cache:
 * `python/schemathesis-<version>-<hash>`. Nothing of the program needs it.
 */
const fs = require('node:fs');
const path = require('node:path');
const { createHash } = require('node:crypto');
const { cacheDirectory, withLock } = require('./cache');
const { runOrThrow, say, which } = require('./commands');

const REQUIREMENTS = ['schemathesis==4.32.5', 'hypothesis==6.170.17'];
const INSTALL_TIMEOUT_MS = 5 * 60_000;
/** Written last: without it an environment is half made. */
const WHOLE = 'whole';

async function make(python, directory) {
  say(`installing ${REQUIREMENTS[0]} with pip`);
  fs.rmSync(directory, { recursive: true, force: true });
  try {
    // In its place at once: what pip installs names the directory it was installed into.
    await runOrThrow(python, ['-m', 'venv', directory]);
  } catch (error) {
    throw new Error(
      `this Python makes no virtual environments (apt-get install -y python3-venv): ${error.message}`,
      { cause: error },
    );
  }
  const pip = path.join(directory, 'bin', 'pip');
  await runOrThrow(
    pip,
    ['install', '--quiet', '--disable-pip-version-check', '--no-input', ...REQUIREMENTS],
    { timeoutMs: INSTALL_TIMEOUT_MS },
  );
  fs.writeFileSync(path.join(directory, WHOLE), '');
}

/** Path of its program: from the cache, else installed (half a minute). Throws with what is missing and what to do. */
async function ensureSchemathesis() {
  const python = which('python3');
  if (!python)
    throw new Error('no python3 on this machine (apt-get install -y python3 python3-venv)');
  const { stdout } = await runOrThrow(python, ['-c', 'import sys; print(sys.version)']);
  const hash = createHash('sha256')
    .update([stdout, ...REQUIREMENTS].join('\n'))
    .digest('hex')
    .slice(0, 12);
  const name = `schemathesis-${REQUIREMENTS[0].split('==')[1]}-${hash}`;
  const directory = path.join(cacheDirectory(), 'python', name);
  await withLock(name, async () => {
    if (!fs.existsSync(path.join(directory, WHOLE))) await make(python, directory);
  });
  return path.join(directory, 'bin', 'schemathesis');
}

module.exports = { ensureSchemathesis };
