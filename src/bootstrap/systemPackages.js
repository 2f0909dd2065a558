'use strict';
/** Programs the machine must have: looked for, installed where that is possible, or named with the command that does. */
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const { runOrThrow, say, which } = require('./commands');
const { findChromium, findJavaHome, findSshd } = require('./hostTools');

const APT_TIMEOUT_MS = 10 * 60_000;
const POLICY = '/usr/sbin/policy-rc.d';

const programs = [
  {
    what: 'Java 8 or later (11 or later recommended)',
    find: findJavaHome,
    apt: 'default-jre-headless',
  },
  { what: 'sshd', find: findSshd, apt: 'openssh-server' },
  { what: 'ssh-keygen', find: () => which('ssh-keygen'), apt: 'openssh-client' },
  { what: 'flock', find: () => which('flock'), apt: 'util-linux' },
  { what: 'tar', find: () => which('tar'), apt: 'tar' },
  { what: 'gzip', find: () => which('gzip'), apt: 'gzip' },
];
const nftables = {
  what: 'nft (the fence of migrations)',
  find: () => which('nft') ?? ['/usr/sbin/nft', '/sbin/nft'].find((path) => fs.existsSync(path)),
  apt: 'nftables',
};
const chromium = {
  what: 'Chromium (the test of the web pages)',
  find: findChromium,
  apt: 'chromium',
};

const virtualEnvironments = {
  what: 'python3 with venv (the fuzzer of the HTTP API)',
  find: () => {
    const python = which('python3');
    const { status } = python ? spawnSync(python, ['-c', 'import ensurepip, venv']) : {};
    return status === 0 ? python : undefined;
  },
  apt: 'python3-venv',
};

/** Keeps a package's own scripts from starting services, and puts back what was there. */
async function withoutServiceStarts(work) {
  const ours = !fs.existsSync(POLICY);
  if (ours) fs.writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    await work();
  } finally {
    if (ours) fs.rmSync(POLICY, { force: true });
  }
}

async function aptInstall(apt, packages) {
  say(`installing ${packages.join(', ')} with apt-get`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const options = { env, timeoutMs: APT_TIMEOUT_MS };
  await runOrThrow(apt, ['update'], options);
  await withoutServiceStarts(() =>
    runOrThrow(apt, ['install', '-y', '--no-install-recommends', ...packages], options),
  );
}

/**
 * Sees to it that every program is there. `forTests` adds Chromium and virtual environments of Python,
 * without which only the tests of the web pages and of the API's document can't run: their absence is said, not an error. Throws naming what is missing and how to install it.
 */
async function ensurePrograms({ forTests = false } = {}) {
  const wanted = forTests ? [...programs, nftables, chromium, virtualEnvironments] : programs;
  let missing = wanted.filter(({ find }) => find() === undefined);
  if (missing.length === 0) return;
  const apt = which('apt-get');
  const packages = missing.map((program) => program.apt);
  let failure = '';
  if (apt !== undefined && process.getuid() === 0) {
    try {
      await aptInstall(apt, packages);
    } catch (error) {
      failure = `\n${error.message}`;
    }
    missing = wanted.filter(({ find }) => find() === undefined);
  }
  const command = `apt-get update && apt-get install -y ${missing.map((program) => program.apt).join(' ')}`;
  const names = missing.map(({ what }) => what).join(', ');
  if (missing.some((program) => ![chromium, virtualEnvironments].includes(program))) {
    throw new Error(
      `missing on this machine: ${names}; install it as root with: ${command}${failure}`,
    );
  }
  if (missing.length > 0) say(`missing: ${names}; install it as root with: ${command}${failure}`);
}

/** Major version of the Java in `home`, from its release file; undefined when it has none. */
function javaMajor(home) {
  try {
    const text = fs.readFileSync(`${home}/release`, 'utf8');
    const [, first, second] = /JAVA_VERSION="(\d+)(?:\.(\d+))?/.exec(text) ?? [];
    return first === '1' ? Number(second) : Number(first);
  } catch {
    return undefined;
  }
}

/** Throws when the Java found is too old for ZooKeeper; says when it is older than recommended. */
function checkJava() {
  const home = findJavaHome();
  const major = home === undefined ? undefined : javaMajor(home);
  if (major === undefined || Number.isNaN(major)) return;
  if (major < 8)
    throw new Error(`${home} is Java ${major}: ZooKeeper needs 8 or later; set JAVA_HOME`);
  if (major < 11) say(`${home} is Java ${major}; 11 or later is recommended`);
}

module.exports = { checkJava, ensurePrograms };
