'use strict';
/** The npm packages: installed exactly as package-lock.json says, once per lock file and Node ABI. */
const { createHash } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');
const { withLock, writeFileAtomic } = require('./cache');
const { runOrThrow, runToEnd, say } = require('./commands');

const NPM_TIMEOUT_MS = 15 * 60_000;
/** It takes a minute, and now and then a package's own script hangs for ever: then it is begun anew, and given more time. */
const NPM_FIRST_TIMEOUT_MS = 5 * 60_000;
const LOAD_TIMEOUT_MS = 60_000;

const readJson = (file) => JSON.parse(fs.readFileSync(file, 'utf8'));

/** Whether what npm last installed is what the lock file asks for; optional packages of other platforms aside. */
function matchesLock(root) {
  let installed;
  try {
    installed = readJson(path.join(root, 'node_modules', '.package-lock.json')).packages;
  } catch {
    return false;
  }
  const wanted = readJson(path.join(root, 'package-lock.json')).packages;
  return Object.entries(wanted).every(
    ([name, { version, optional, devOptional, peer, link }]) =>
      name === '' ||
      link ||
      installed[name]?.version === version ||
      (installed[name] === undefined && Boolean(optional || devOptional || peer)),
  );
}

/** What a correct installation is stamped with. */
function stampOf(root) {
  const lock = fs.readFileSync(path.join(root, 'package-lock.json'));
  return `${createHash('sha256').update(lock).digest('hex')} abi ${process.versions.modules}\n`;
}

async function assertNativeModuleLoads(root) {
  const result = await runToEnd(process.execPath, ['-e', "require('zookeeper')"], {
    cwd: root,
    timeoutMs: LOAD_TIMEOUT_MS,
  });
  if (result.code === 0) return;
  throw new Error(
    `the native module "zookeeper" does not load (${result.stderr.trim().split('\n').slice(-3).join(' ')}); ` +
      'it is compiled at installation and needs python3, make and g++: apt-get install -y python3 make g++, then npm ci',
  );
}

/**
 * `npm ci`, and where that refuses the lock file only because optional packages of other platforms stand
 * nowhere in it (npm leaves them out when its registry lacks them), the same versions by `npm install`.
 */
async function install(root) {
  const options = { cwd: root, timeoutMs: NPM_TIMEOUT_MS, echo: true };
  const ci = (timeoutMs) =>
    runOrThrow('npm', ['ci', '--no-audit', '--no-fund'], { ...options, timeoutMs });
  say('installing npm packages (npm ci)');
  try {
    await ci(NPM_FIRST_TIMEOUT_MS).catch((error) => {
      if (!error.timedOut) throw error;
      say(`npm ci has not ended in ${NPM_FIRST_TIMEOUT_MS / 60_000} minutes: once more`);
      return ci(NPM_TIMEOUT_MS);
    });
  } catch (error) {
    if (
      !/EUSAGE|in sync/.test(error.output) ||
      !/Missing: \S+@ from lock file/.test(error.output)
    ) {
      throw error;
    }
    say('the lock file lacks packages of other platforms: installing what it holds (npm install)');
    await runOrThrow('npm', ['install', '--no-save', '--no-audit', '--no-fund'], options);
  }
}

/** Runs `npm ci` where needed. Returns at once, without starting anything, when the stamp is right. */
async function ensureDependencies(root) {
  const file = path.join(root, 'node_modules', '.zkferry-setup');
  const stamp = stampOf(root);
  const isStamped = () => fs.existsSync(file) && fs.readFileSync(file, 'utf8') === stamp;
  if (isStamped()) return;
  const id = createHash('sha256').update(root).digest('hex').slice(0, 16);
  await withLock(`npm-${id}`, async () => {
    if (isStamped()) return;
    if (!matchesLock(root)) await install(root);
    await assertNativeModuleLoads(root);
    writeFileAtomic(file, stamp);
  });
}

module.exports = { ensureDependencies };
